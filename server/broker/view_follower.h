// ViewFollower: a ClusterView kept in step with the state, and the snapshot it mirrors.
//
// Changes arrive on the apply thread and wait in a queue until the owner's thread catches up; an
// owner that has nothing else to do is asked to, lest what waits pile up. The owner may run ahead
// of the state: what it has planned is expected, and counted in the view, until it is seen
// committed or is settled. All members except on_changes() belong to the owner's thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "scheduler/cluster_view.h"
#include "scheduler/plan.h"
#include "server/state/store.h"

namespace yurt::server {

class ViewFollower final : public ChangeListener {
 public:
  // `wake` is called on the apply thread when the owner should catch_up() soon.
  ViewFollower(StateStore& store, scheduler::Counting counting, std::function<void()> wake);
  ~ViewFollower() override;

  // Takes in everything that has been applied; afterwards view() mirrors snapshot().
  void catch_up();
  // catch_up(), waiting until the state has reached `index`. False when stop() was called.
  [[nodiscard]] bool catch_up_to(std::uint64_t index);
  // Ends waits; for shutting down. Any thread.
  void stop();

  [[nodiscard]] scheduler::ClusterView& view() { return view_; }
  [[nodiscard]] const Snapshot& snapshot() const { return snapshot_; }

  // Counts the plan's placements from now on.
  void expect(const scheduler::Plan& plan);
  // What of the plan was not committed by `snapshot()` never will be.
  void settle(const scheduler::Plan& plan);

  void on_changes(const ChangesRef& changes) override;

 private:
  void take_in(const Changes& changes);

  StateStore& store_;
  const std::function<void()> wake_;

  // What on_changes() uses, before what subscribes to it.
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<ChangesRef> queue_;
  std::optional<Snapshot> newest_;  // where the queue leads to
  bool stopping_ = false;

  scheduler::ClusterView view_;
  Snapshot snapshot_;
  std::unordered_map<AllocId, AllocRef> expected_;
};

}  // namespace yurt::server
