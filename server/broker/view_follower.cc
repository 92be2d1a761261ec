#include "server/broker/view_follower.h"

#include "proto/state.pb.h"

namespace yurt::server {

ViewFollower::ViewFollower(StateStore& store, scheduler::Counting counting,
                           std::function<void()> wake)
    : store_(store), wake_(std::move(wake)), view_(counting), snapshot_(store.subscribe(this)) {
  std::vector<NodeRef> nodes;
  snapshot_.tables().nodes.each([&](const NodeId&, const NodeRef& node) {
    nodes.push_back(node);
    return true;
  });
  std::vector<AllocRef> allocs;
  snapshot_.tables().allocs.each([&](const AllocId&, const AllocRef& alloc) {
    allocs.push_back(alloc);
    return true;
  });
  view_.rebuild(nodes, allocs);
}

ViewFollower::~ViewFollower() { store_.unsubscribe(this); }

void ViewFollower::on_changes(const ChangesRef& changes) {
  constexpr std::size_t long_queue = 64;
  // On the apply thread the newest snapshot is exactly the one these changes led to.
  Snapshot after = store_.snapshot();
  bool is_long = false;
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(changes);
    newest_ = std::move(after);
    is_long = queue_.size() % long_queue == 0;
    arrived_.notify_all();
  }
  if (is_long) wake_();
}

void ViewFollower::take_in(const Changes& changes) {
  for (const NodeChange& change : changes.nodes) {
    if (change.after) {
      view_.upsert_node(change.after);
    } else {
      view_.remove_node(NodeId::parse_or_nil(change.before->id()));
    }
  }
  for (const AllocChange& change : changes.allocs) {
    const Allocation* before = change.before.get();
    AllocRef planned;
    if (before == nullptr && !expected_.empty()) {
      if (auto found = expected_.extract(change.after->id)) planned = std::move(found.mapped());
    }
    view_.apply_change(planned ? planned.get() : before, change.after.get());
  }
}

void ViewFollower::catch_up() {
  std::vector<ChangesRef> queue;
  {
    std::lock_guard lock(mutex_);
    if (queue_.empty()) return;
    queue.swap(queue_);
    snapshot_ = *newest_;
  }
  for (const ChangesRef& changes : queue) take_in(*changes);
}

bool ViewFollower::catch_up_to(std::uint64_t index) {
  catch_up();
  while (snapshot_.index() < index) {
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (stopping_) return false;
    }
    catch_up();
  }
  return true;
}

void ViewFollower::stop() {
  std::lock_guard lock(mutex_);
  stopping_ = true;
  arrived_.notify_all();
}

void ViewFollower::expect(const scheduler::Plan& plan) {
  for (const AllocRef& alloc : plan.place) {
    if (expected_.emplace(alloc->id, alloc).second) view_.apply_change(nullptr, alloc.get());
  }
}

void ViewFollower::settle(const scheduler::Plan& plan) {
  for (const AllocRef& alloc : plan.place) {
    if (auto found = expected_.extract(alloc->id)) {
      view_.apply_change(found.mapped().get(), nullptr);
    }
  }
}

}  // namespace yurt::server
