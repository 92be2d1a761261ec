#include "server/events/event.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "jobspec/json/write.h"
#include "proto/command.pb.h"
#include "proto/job.pb.h"
#include "proto/release.pb.h"
#include "proto/state.pb.h"
#include "server/api/views.h"

namespace yurt::server {
namespace {

using Kind = model::Command::KindCase;

constexpr std::array<std::string_view, 17> known_topics = {
    "Job",       "Allocation", "Evaluation",     "Deployment", "Node",
    "NodePool",  "Service",    "Variable",       "Operator",   "ACLAuthMethod",
    "ACLPolicy", "ACLRole",    "ACLBindingRule", "ACLToken",   "CSIPlugin",
    "CSIVolume", "HostVolume"};

// "" for commands whose effects nobody is told of: collected garbage, histories.
std::string_view type_of(int kind) {
  switch (static_cast<Kind>(kind)) {
    case Kind::kRegisterJob:
    case Kind::kRegisterJobs:
    case Kind::kReleaseJobs:
    case Kind::kDispatchJob:
    case Kind::kStartSweep:
    case Kind::kAdmitChildren:
    case Kind::kSetSweepStatus:
    case Kind::kLaunchPeriodic: return "JobRegistered";
    case Kind::kDeregisterJob: return "JobDeregistered";
    case Kind::kUpsertEvaluations: return "EvaluationUpdated";
    case Kind::kApplyPlans: return "PlanResult";
    case Kind::kUpdateAllocsFromClient: return "AllocationUpdated";
    case Kind::kUpdateAllocTransitions: return "AllocationUpdateDesiredStatus";
    case Kind::kRegisterNode: return "NodeRegistration";
    case Kind::kDeregisterNode: return "NodeDeregistration";
    case Kind::kUpdateNodeStatus: return "NodeStreamEvent";
    case Kind::kUpdateNodeDrain: return "NodeDrain";
    case Kind::kUpdateNodeEligibility: return "NodeEligibility";
    case Kind::kUpdateDeploymentStatus: return "DeploymentStatusUpdate";
    case Kind::kPromoteDeployment: return "DeploymentPromotion";
    case Kind::kSetAllocHealth: return "DeploymentAllocHealth";
    case Kind::kUpsertNodePools: return "NodePoolUpserted";
    case Kind::kDeleteServices: return "ServiceDeregistration";
    default: return {};
  }
}

// The events of one command.
class Events {
 public:
  Events(EventGroup& out, std::string_view type) : out_(out), type_(type) {}

  void add(std::string_view topic, std::string_view type, const std::string& ns,
           const std::string& key, std::vector<std::string> filter_keys,
           const google::protobuf::Message& payload) {
    std::erase(filter_keys, "");
    nlohmann::json event = {{"Topic", topic},
                            {"Type", type},
                            {"Key", key},
                            {"Namespace", ns},
                            {"FilterKeys", filter_keys},
                            {"Index", out_.index}};
    std::string json = event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    json.pop_back();
    json.append(",\"Payload\":{\"").append(topic).append("\":");
    json.append(json::write(payload)).append("}}");
    out_.events.push_back({topic, ns, key, std::move(filter_keys), std::move(json)});
  }

  void operator()(const JobMove& move) {
    const model::Job& job = move.after ? *move.after : *move.before;
    add("Job", type_, job.namespace_(), job.id(), {job.parent_id()}, job);
  }
  void operator()(const EvalChange& change) {
    if (!change.after) return;
    const model::Evaluation& eval = *change.after;
    add("Evaluation", type_, eval.namespace_(), eval.id(), {eval.job_id(), eval.deployment_id()},
        eval);
  }
  void operator()(const AllocChange& change) {
    if (!change.after) return;
    const Allocation& alloc = *change.after;
    const DeploymentId& deployment = alloc.more().deployment;
    add("Allocation", type_, alloc.job->namespace_(), alloc.id.to_string(),
        {alloc.job->id(), deployment.is_nil() ? "" : deployment.to_string()},
        to_message(alloc, "", false));
  }
  void operator()(const DeploymentChange& change) {
    if (!change.after) return;
    const model::Deployment& deployment = *change.after;
    add("Deployment", type_, deployment.namespace_(), deployment.id(), {deployment.job_id()},
        deployment);
  }
  void operator()(const NodeChange& change) {
    const model::Node& node = change.after ? *change.after : *change.before;
    add("Node", type_, "", node.id(), {}, shown(node));
  }
  void operator()(const ServiceChange& change) {
    const auto& service = change.after ? *change.after : *change.before;
    add("Service", change.after ? "ServiceRegistration" : "ServiceDeregistration",
        service.namespace_(), service.id(), {service.job_id(), service.service_name()}, service);
  }
  // What a variable holds is told to nobody.
  void operator()(const SealedVariableChange& change) {
    const model::VariableMetadata& variable =
        (change.after ? *change.after : *change.before).metadata();
    model::VariableMetadata shown = variable;
    shown.clear_lock();
    add("Variable", change.after ? "VariableUpdated" : "VariableDeleted", variable.namespace_(),
        variable.path(), {}, shown);
  }
  void operator()(const NodePoolRef& pool) {
    add("NodePool", "NodePoolUpserted", "", pool->name(), {}, *pool);
  }

 private:
  EventGroup& out_;
  const std::string_view type_;
};

}  // namespace

std::vector<EventGroup> events_of(const Changes& changes) {
  std::vector<EventGroup> out;
  CommandRange before;
  for (const CommandRange& range : changes.commands) {
    const std::string_view type = type_of(range.kind);
    EventGroup group{range.index, {}};
    Events events(group, type);
    const auto tell = [&](const auto& rows, std::uint32_t CommandRange::*end) {
      for (std::uint32_t i = before.*end; i < range.*end; ++i) events(rows[i]);
    };
    if (!type.empty()) {
      tell(changes.job_moves, &CommandRange::jobs);
      tell(changes.evals, &CommandRange::evals);
      tell(changes.allocs, &CommandRange::allocs);
      tell(changes.deployments, &CommandRange::deployments);
      tell(changes.nodes, &CommandRange::nodes);
      tell(changes.node_pools, &CommandRange::node_pools);
    }
    tell(changes.services, &CommandRange::services);
    tell(changes.variables, &CommandRange::variables);
    before = range;
    if (!group.events.empty()) out.push_back(std::move(group));
  }
  return out;
}

Result<EventFilter> EventFilter::parse(const std::vector<std::string>& topics, std::string ns) {
  EventFilter filter;
  filter.ns_ = std::move(ns);
  for (const std::string& text : topics) {
    const std::size_t colon = text.find(':');
    Topic topic{text.substr(0, colon), colon == std::string::npos ? "*" : text.substr(colon + 1)};
    const bool known = topic.name == "*" || std::find(known_topics.begin(), known_topics.end(),
                                                      topic.name) != known_topics.end();
    if (!known || topic.key.empty()) {
      return Error{ErrorCode::invalid_argument,
                   "invalid topic \"" + text +
                       "\": write Topic:Key or Topic:*, where Topic is one of Job, Allocation, "
                       "Evaluation, Deployment, Node, NodePool, Service, Variable or *"};
    }
    filter.topics_.push_back(std::move(topic));
  }
  if (filter.topics_.empty()) filter.topics_.push_back({"*", "*"});
  return filter;
}

bool EventFilter::wants(const Event& event) const {
  if (ns_ != "*" && !event.ns.empty() && event.ns != ns_) return false;
  return std::any_of(topics_.begin(), topics_.end(), [&](const Topic& topic) {
    if (topic.name != "*" && topic.name != event.topic) return false;
    return topic.key == "*" || topic.key == event.key ||
           std::find(event.filter_keys.begin(), event.filter_keys.end(), topic.key) !=
               event.filter_keys.end();
  });
}

std::string EventFilter::line(const EventGroup& group) const {
  std::string out;
  for (const Event& event : group.events) {
    if (!wants(event)) continue;
    out += out.empty() ? "{\"Index\":" + std::to_string(group.index) + ",\"Events\":[" : ",";
    out += event.json;
  }
  return out.empty() ? out : out + "]}";
}

}  // namespace yurt::server
