// Proposal: the cluster as it will be if the plan in the making is committed.
//
// Wraps the run's ClusterView: what the plan places is counted, what it stops or preempts is not
// (though for everybody else it is, until the agent has reported it gone). Everything is put back
// when the proposal is destroyed. Also keeps where the job's own allocations are.
#pragma once

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "proto/allocation.h"
#include "scheduler/cluster_view.h"

namespace yurt::scheduler {

class Proposal {
 public:
  // `own`: the job's allocations, terminal ones included. The view must outlive the proposal.
  Proposal(ClusterView& view, const std::vector<AllocRef>& own);
  ~Proposal();
  Proposal(const Proposal&) = delete;
  Proposal& operator=(const Proposal&) = delete;

  // Of the job itself: a new allocation.
  void arrive(AllocRef alloc);
  // Stopped, or preempted, by this plan; of any job. No effect the second time.
  void leave(const AllocRef& alloc);
  // Takes a `leave` or an `arrive` back.
  void stay(const AllocRef& alloc);
  void withdraw(const AllocRef& alloc);
  [[nodiscard]] bool leaves(const AllocId& id) const { return leaving_.contains(id); }

  [[nodiscard]] const ClusterView& view() const { return view_; }
  // Own allocations on the node that take room there, of one group or of all.
  [[nodiscard]] std::uint32_t own_on(Slot slot, const std::string& group) const;
  [[nodiscard]] std::uint32_t own_on(Slot slot) const;
  // The counts of one group by slot, for scans; may be shorter than the view (then 0).
  [[nodiscard]] const std::vector<std::uint32_t>& own_by_slot(const std::string& group);
  // Own allocations that are to run once the plan is through, new ones included.
  [[nodiscard]] std::vector<const Allocation*> own_running() const;
  // Moves with every change.
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

 private:
  void count_own(const Allocation& alloc, int by);

  ClusterView& view_;
  std::uint64_t epoch_ = 0;
  const std::vector<AllocRef>& own_;
  std::unordered_map<AllocId, AllocRef> leaving_;
  std::vector<AllocRef> arrived_;
  std::unordered_map<std::string, std::vector<std::uint32_t>> own_by_group_;
  std::unordered_set<AllocId> own_ids_;  // of `own` that are counted
};

}  // namespace yurt::scheduler
