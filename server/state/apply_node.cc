// Commands about nodes, and garbage collection.
#include "proto/command.pb.h"
#include "proto/state.pb.h"
#include "server/state/apply.h"
#include "server/state/device_events.h"

namespace yurt::server {
namespace {

Result<NodeRef> find_node(const Transaction& transaction, const std::string& id) {
  NodeRef node = transaction.node(NodeId::from_bytes(id));
  if (!node) return Error{ErrorCode::not_found, "node not found"};
  return node;
}

void add_event(const Transaction& transaction, model::Node& node, model::NodeEvent event) {
  event.set_create_index(transaction.index());
  if (event.timestamp() == 0) event.set_timestamp(transaction.time());
  *node.add_events() = std::move(event);
  if (node.events_size() > kept_node_events) {
    node.mutable_events()->DeleteSubrange(0, node.events_size() - kept_node_events);
  }
}

template <typename Evaluations>
Applied finish(Transaction& transaction, const Evaluations& evaluations) {
  for (const auto& eval : evaluations) transaction.put_eval(eval);
  return {.index = transaction.index()};
}

model::NodeEvent cluster_event(const std::string& message) {
  model::NodeEvent event;
  event.set_message(message);
  event.set_subsystem("Cluster");
  return event;
}

}  // namespace

Result<Applied> apply(Transaction& transaction, const model::RegisterNode& command) {
  model::Node node = command.node();
  const auto id = NodeId::parse_or_nil(node.id());
  if (id.is_nil()) {
    return Error{ErrorCode::invalid_argument, "\"" + node.id() + "\" is not a node ID (a UUID)"};
  }
  if (node.node_pool().empty()) node.set_node_pool("default");
  const NodeRef old = transaction.node(id);
  if (old) {
    if (!old->secret_id().empty() && old->secret_id() != node.secret_id()) {
      return Error{ErrorCode::permission_denied,
                   "node " + node.id() + " is registered with another secret"};
    }
    *node.mutable_events() = old->events();
    node.set_scheduling_eligibility(old->scheduling_eligibility());
    if (old->has_drain_strategy()) *node.mutable_drain_strategy() = old->drain_strategy();
    if (old->has_last_drain()) *node.mutable_last_drain() = old->last_drain();
    if (old->status() == node.status()) {
      node.set_status_updated_at(old->status_updated_at());
    } else {
      node.set_status_updated_at(transaction.time() / 1'000'000'000);
      add_event(transaction, node, cluster_event("Node re-registered"));
    }
    for (auto& event : device_events(*old, node)) add_event(transaction, node, std::move(event));
  } else {
    node.clear_events();
    node.set_scheduling_eligibility("eligible");
    node.set_status_updated_at(transaction.time() / 1'000'000'000);
    add_event(transaction, node, cluster_event("Node registered"));
  }
  if (transaction.tables().node_pools.find(node.node_pool()) == nullptr) {
    model::NodePool pool;
    pool.set_name(node.node_pool());
    transaction.put_node_pool(std::move(pool));
  }
  transaction.put_node(std::move(node));
  return finish(transaction, command.evaluations());
}

Result<Applied> apply(Transaction& transaction, const model::UpdateNodeStatus& command) {
  YURT_ASSIGN(const NodeRef old, find_node(transaction, command.node_id()));
  model::Node node = *old;
  node.set_status(command.status());
  node.set_status_description(command.status_description());
  node.set_status_updated_at(transaction.time() / 1'000'000'000);
  if (command.has_event()) add_event(transaction, node, command.event());
  transaction.put_node(std::move(node));
  // Its agent tells them again when it comes back.
  if (command.status() == "down" || command.status() == "disconnected") {
    remove_services_of_node(transaction, NodeId::parse_or_nil(old->id()));
  }
  return finish(transaction, command.evaluations());
}

Result<Applied> apply(Transaction& transaction, const model::UpdateNodeDrain& command) {
  YURT_ASSIGN(const NodeRef old, find_node(transaction, command.node_id()));
  model::Node node = *old;
  auto* last = node.mutable_last_drain();
  last->set_updated_at(transaction.time());
  if (command.has_drain_strategy()) {
    if (!node.has_drain_strategy()) last->set_started_at(transaction.time());
    *node.mutable_drain_strategy() = command.drain_strategy();
    node.set_scheduling_eligibility("ineligible");
    last->set_status("draining");
    *last->mutable_meta() = command.meta();
  } else {
    if (!node.has_drain_strategy() && !command.mark_eligible()) {
      return finish(transaction, command.evaluations());
    }
    if (node.has_drain_strategy()) last->set_status(command.complete() ? "complete" : "canceled");
    node.clear_drain_strategy();
    if (command.mark_eligible()) node.set_scheduling_eligibility("eligible");
  }
  if (command.has_event()) add_event(transaction, node, command.event());
  transaction.put_node(std::move(node));
  return finish(transaction, command.evaluations());
}

Result<Applied> apply(Transaction& transaction, const model::UpdateNodeEligibility& command) {
  YURT_ASSIGN(const NodeRef old, find_node(transaction, command.node_id()));
  if (command.eligibility() != "eligible" && command.eligibility() != "ineligible") {
    return Error{ErrorCode::invalid_argument, "invalid scheduling eligibility \"" +
                                                  command.eligibility() +
                                                  "\": use eligible or ineligible"};
  }
  if (old->has_drain_strategy() && command.eligibility() == "eligible") {
    return Error{ErrorCode::failed_precondition,
                 "can not set a node's scheduling eligibility to eligible while it is draining"};
  }
  model::Node node = *old;
  node.set_scheduling_eligibility(command.eligibility());
  if (command.has_event()) add_event(transaction, node, command.event());
  transaction.put_node(std::move(node));
  return finish(transaction, command.evaluations());
}

Result<Applied> apply(Transaction& transaction, const model::DeregisterNode& command) {
  YURT_ASSIGN(const NodeRef old, find_node(transaction, command.node_id()));
  remove_services_of_node(transaction, NodeId::parse_or_nil(old->id()));
  transaction.remove_node(NodeId::parse_or_nil(old->id()));
  return finish(transaction, command.evaluations());
}

Result<Applied> apply(Transaction& transaction, const model::CollectGarbage& command) {
  for (const std::string& id : command.allocations()) {
    transaction.remove_alloc(AllocId::from_bytes(id));
  }
  for (const std::string& id : command.evaluations()) {
    transaction.remove_eval(EvalId::from_bytes(id));
  }
  for (const std::string& id : command.deployments()) {
    transaction.remove_deployment(DeploymentId::from_bytes(id));
  }
  for (const auto& name : command.jobs()) {
    // Chosen while dead; it may have been registered again since.
    const JobKey key{name.namespace_(), name.id()};
    const JobRecord* record = transaction.job(key);
    if (record != nullptr && record->job->status() == "dead") transaction.remove_job(key);
  }
  for (const std::string& id : command.nodes()) {
    const NodeRef node = transaction.node(NodeId::from_bytes(id));
    if (node && node->status() == "down") transaction.remove_node(NodeId::from_bytes(id));
  }
  return Applied{.index = transaction.index()};
}

}  // namespace yurt::server
