// What operators do to nodes: drain, eligibility, evaluate, purge.
#include "server/api/operations.h"
#include "server/api/proposals.h"
#include "server/api/views.h"
#include "server/new_evals.h"

namespace yurt::server {
namespace {

using NodeResponse = model::NodeUpdateResponse;

NodeRef find(const Snapshot& snapshot, const std::string& id) {
  return snapshot.node(NodeId::parse_or_nil(id));
}

void set_event(const Serving& serving, model::NodeEvent& event, const std::string& subsystem,
               const std::string& message) {
  event.set_message(message);
  event.set_subsystem(subsystem);
  event.set_timestamp(serving.core.clock().wall_ns());
}

// Proposes `command`, whose evaluations are `evaluations`, and answers with their IDs.
template <typename Evaluations>
void finish(const Serving& serving, model::Command command, const Evaluations& evaluations,
            Done<NodeResponse> done) {
  NodeResponse response;
  for (const auto& eval : evaluations) response.add_eval_ids(eval.id());
  propose(serving, std::move(command), std::move(done),
          [response = std::move(response)](const Applied& applied) mutable {
            response.set_node_modify_index(applied.index);
            if (response.eval_ids_size() > 0) response.set_eval_create_index(applied.index);
            response.set_index(applied.index);
            return std::move(response);
          });
}

template <typename Update>
void add_evaluations(const Serving& serving, const Snapshot& snapshot, const model::Node& node,
                     Update& update) {
  for (auto& eval : node_evals(snapshot, node, "node-update", serving.core.random())) {
    *update.add_evaluations() = std::move(eval);
  }
}

void drain(const Serving& serving, std::unique_ptr<model::NodeDrainRequest> request,
           Done<NodeResponse> done) {
  const Snapshot snapshot = serving.core.snapshot();
  const NodeRef node = find(snapshot, request->node_id());
  if (!node) return done(not_found("node"));

  const std::int64_t now_ns = serving.core.clock().wall_ns();
  model::Command command;
  auto* update = command.mutable_update_node_drain();
  update->set_node_id(NodeId::parse_or_nil(node->id()).to_bytes());
  update->set_mark_eligible(request->mark_eligible());
  *update->mutable_meta() = request->meta();
  if (request->has_drain_spec()) {
    const auto& spec = request->drain_spec();
    auto* strategy = update->mutable_drain_strategy();
    strategy->set_deadline(spec.deadline());
    strategy->set_ignore_system_jobs(spec.ignore_system_jobs());
    if (spec.deadline() > 0) strategy->set_force_deadline(now_ns + spec.deadline());
    strategy->set_started_at(node->has_drain_strategy() ? node->drain_strategy().started_at()
                                                        : now_ns);
    set_event(
        serving, *update->mutable_event(), "Drain",
        node->has_drain_strategy() ? "Node drain strategy updated" : "Node drain strategy set");
  } else {
    set_event(serving, *update->mutable_event(), "Drain", "Node drain disabled");
    // An eligible node may take what waits; a draining one is emptied by the drainer.
    if (request->mark_eligible()) add_evaluations(serving, snapshot, *node, *update);
  }
  const auto evaluations = update->evaluations();
  finish(serving, std::move(command), evaluations, std::move(done));
}

void set_eligibility(const Serving& serving, std::unique_ptr<model::NodeEligibilityRequest> request,
                     Done<NodeResponse> done) {
  const Snapshot snapshot = serving.core.snapshot();
  const NodeRef node = find(snapshot, request->node_id());
  if (!node) return done(not_found("node"));
  if (request->eligibility() != "eligible" && request->eligibility() != "ineligible") {
    return done(Error{ErrorCode::invalid_argument, "invalid scheduling eligibility \"" +
                                                       request->eligibility() +
                                                       "\": use eligible or ineligible"});
  }
  model::Command command;
  auto* update = command.mutable_update_node_eligibility();
  update->set_node_id(NodeId::parse_or_nil(node->id()).to_bytes());
  update->set_eligibility(request->eligibility());
  set_event(serving, *update->mutable_event(), "Cluster",
            "Node marked as " + request->eligibility() + " for scheduling");
  if (request->eligibility() == "eligible" && node->scheduling_eligibility() != "eligible") {
    add_evaluations(serving, snapshot, *node, *update);
  }
  const auto evaluations = update->evaluations();
  finish(serving, std::move(command), evaluations, std::move(done));
}

void evaluate(const Serving& serving, std::unique_ptr<model::NodeWriteRequest> request,
              Done<NodeResponse> done) {
  const Snapshot snapshot = serving.core.snapshot();
  const NodeRef node = find(snapshot, request->node_id());
  if (!node) return done(not_found("node"));
  model::Command command;
  auto* update = command.mutable_upsert_evaluations();
  add_evaluations(serving, snapshot, *node, *update);
  if (update->evaluations_size() == 0) {
    NodeResponse response;
    response.set_node_modify_index(node->modify_index());
    response.set_index(snapshot.index());
    return done(std::move(response));
  }
  const auto evaluations = update->evaluations();
  const std::uint64_t node_index = node->modify_index();
  finish(serving, std::move(command), evaluations,
         [done = std::move(done), node_index](Result<NodeResponse> response) {
           if (response) response->set_node_modify_index(node_index);
           done(std::move(response));
         });
}

void purge(const Serving& serving, std::unique_ptr<model::NodeWriteRequest> request,
           Done<NodeResponse> done) {
  const Snapshot snapshot = serving.core.snapshot();
  const NodeRef node = find(snapshot, request->node_id());
  if (!node) return done(not_found("node"));
  model::Command command;
  auto* update = command.mutable_deregister_node();
  update->set_node_id(NodeId::parse_or_nil(node->id()).to_bytes());
  add_evaluations(serving, snapshot, *node, *update);
  const auto evaluations = update->evaluations();
  finish(serving, std::move(command), evaluations, std::move(done));
}

}  // namespace

void add_node_writes(OperationTable& table) {
  table.call("DrainNode", Access::leader, &drain);
  table.call("SetNodeEligibility", Access::leader, &set_eligibility);
  table.call("EvaluateNode", Access::leader, &evaluate);
  table.call("PurgeNode", Access::leader, &purge);
}

}  // namespace yurt::server
