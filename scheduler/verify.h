// PlanVerifier: does a plan still fit the newest state? Optimistic concurrency's second half:
// schedulers plan on a snapshot, the leader verifies against what is true now and commits what
// fits, node by node.
//
// Many plans can be on their way at once: one that was accepted is `expected` until it is known to
// be applied or lost, and counted by every verification meanwhile; the view itself always mirrors
// the applied state and is never changed here. Pure; no thread-safety of its own. Work is
// proportional to the plan and to what is expected on the nodes it touches.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/cluster_view.h"
#include "scheduler/plan.h"

namespace yurt::scheduler {

struct Verdict {
  // Nodes that refused their part, in the order in which the plan names them.
  std::vector<NodeId> rejected_nodes;
  std::unordered_map<NodeId, std::string> reasons;  // why, in words for logs
  // With all_at_once, one refusal refuses everything.
  bool whole_plan_rejected = false;

  [[nodiscard]] bool complete() const { return rejected_nodes.empty(); }
  // True when what the plan wants on this node may be committed.
  [[nodiscard]] bool accepts(const NodeId& node) const {
    return !whole_plan_rejected && !reasons.contains(node);
  }
};

// The plan without what the verdict refuses. Where a node refuses, preemptions on it fall too,
// since what they make room for does not come, and stops of allocations whose successor was to be
// placed there. Other stops and updates stay, unless the whole plan is refused.
[[nodiscard]] Plan accepted_part(const Plan& plan, const Verdict& verdict);

class PlanVerifier {
 public:
  // `view` counts `until_server_terminal`; its owner keeps it at the newest applied state, and
  // alive.
  explicit PlanVerifier(const ClusterView& view);
  ~PlanVerifier();
  PlanVerifier(const PlanVerifier&) = delete;
  PlanVerifier& operator=(const PlanVerifier&) = delete;

  // Placements and in-place updates with new resources need a node that is ready, placements one
  // that is also eligible and not draining, and must fit in every dimension once the node's part
  // of the plan is applied to `newest` and to what is expected.
  // REQUIRES: `newest` is the state that the view mirrors
  [[nodiscard]] Verdict verify(const Plan& plan, const StateView& newest) const;

  using Ticket = std::uint64_t;
  // Counts an accepted plan from now on, though `newest` may not have it yet.
  [[nodiscard]] Ticket expect(const Plan& accepted);
  // The plan is applied, or will never be. (In between, when `newest` already has it and it is
  // still expected, nothing is counted twice.)
  void settle(Ticket ticket);

 private:
  struct NodePart;
  struct Expected;
  static std::vector<std::pair<NodeId, NodePart>> split(const Plan& plan);
  [[nodiscard]] std::string refusal(const NodeId& node, const NodePart& part,
                                    const StateView& newest) const;

  const ClusterView& view_;
  Ticket next_ticket_ = 1;
  std::unordered_map<NodeId, std::vector<Expected>> expected_;
  std::unordered_map<Ticket, std::vector<NodeId>> tickets_;
};

}  // namespace yurt::scheduler
