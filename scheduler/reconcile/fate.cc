#include "scheduler/reconcile/fate.h"

#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::scheduler {
namespace {

Fate fate_on_disconnected_node(const Allocation& alloc, const DisconnectRules& rules) {
  if (alloc.client == ClientStatus::unknown) return Fate::untainted;  // 8
  if (alloc.client == ClientStatus::pending) return Fate::lost;       // 9
  if (rules.lost_after == 0) return Fate::lost;                       // 10
  return Fate::disconnecting;                                         // 11
}

Fate fate_on_down_node(const Allocation& alloc, const DisconnectRules& rules) {
  if (!rules.replace && alloc.client == ClientStatus::unknown) return Fate::untainted;      // 16
  if (!rules.replace && alloc.client == ClientStatus::running) return Fate::disconnecting;  // 17
  return Fate::lost;                                                                        // 18
}

}  // namespace

NodeHealth health_of(const model::Node* node) {
  if (node == nullptr) return NodeHealth::gone;
  if (node->status() == "down") return NodeHealth::down;
  if (node->status() == "disconnected") return NodeHealth::disconnected;
  return NodeHealth::fine;
}

DisconnectRules disconnect_rules(const model::TaskGroup& group) {
  DisconnectRules rules;
  if (!group.has_disconnect()) return rules;
  rules.lost_after = group.disconnect().lost_after();
  rules.stop_on_client_after = group.disconnect().stop_on_client_after();
  rules.replace = !group.disconnect().has_replace() || group.disconnect().replace();
  return rules;
}

bool needs_reconnect(const Allocation& alloc) {
  return alloc.more().disconnected_at != 0 && alloc.client != ClientStatus::unknown &&
         alloc.client != ClientStatus::lost;
}

Fate fate_of(const Allocation& alloc, NodeHealth node, std::int64_t now_ns) {
  const bool reconnects = needs_reconnect(alloc);
  const DisconnectRules rules = disconnect_rules(alloc.task_group());
  if (alloc.client == ClientStatus::failed && reconnects && alloc.desired == DesiredStatus::run) {
    return Fate::reconnecting;  // 1
  }
  if (alloc.server_terminal() && alloc.more().transition.migrate_disable_placement) {
    return Fate::untainted;  // 2
  }
  if (alloc.server_terminal() && !reconnects) return Fate::ignore;  // 3
  if (alloc.terminal() && alloc.more().canary && alloc.more().transition.migrate) {
    return Fate::migrate;  // 4
  }
  if (alloc.terminal()) return Fate::untainted;  // 5
  if (alloc.client == ClientStatus::unknown && rules.lost_after > 0 &&
      now_ns >= alloc.more().disconnected_at + rules.lost_after) {
    return Fate::lost;  // 6
  }
  // Rule 7, a failed reconnect that was stopped already, is covered by 3 and 5.
  if (node == NodeHealth::disconnected) return fate_on_disconnected_node(alloc, rules);
  if (alloc.more().transition.migrate) return Fate::migrate;  // 12
  switch (node) {
    case NodeHealth::gone: return Fate::lost;  // 15
    case NodeHealth::down: return fate_on_down_node(alloc, rules);
    default: return reconnects ? Fate::reconnecting : Fate::untainted;  // 13, 14
  }
}

}  // namespace yurt::scheduler
