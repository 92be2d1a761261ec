#include "scheduler/place/proposal.h"

#include <algorithm>

#include "base/assert.h"
#include "proto/job.pb.h"

namespace yurt::scheduler {

Proposal::Proposal(ClusterView& view, const std::vector<AllocRef>& own) : view_(view), own_(own) {
  for (const AllocRef& alloc : own_) {
    if (!view_.counts(*alloc)) continue;
    own_ids_.insert(alloc->id);
    count_own(*alloc, 1);
  }
}

Proposal::~Proposal() {
  for (const AllocRef& alloc : arrived_) view_.apply_change(alloc.get(), nullptr);
  for (const auto& [id, alloc] : leaving_) view_.apply_change(nullptr, alloc.get());
}

void Proposal::count_own(const Allocation& alloc, int by) {
  const Slot slot = view_.slot_of(alloc.node);
  if (slot == no_slot) return;
  auto& counts = own_by_group_[alloc.task_group().name()];
  if (counts.size() < view_.slot_bound()) counts.resize(view_.slot_bound(), 0);
  counts[slot] += static_cast<std::uint32_t>(by);
}

void Proposal::arrive(AllocRef alloc) {
  ++epoch_;
  view_.apply_change(nullptr, alloc.get());
  count_own(*alloc, 1);
  arrived_.push_back(std::move(alloc));
}

void Proposal::withdraw(const AllocRef& alloc) {
  const auto at = std::find(arrived_.rbegin(), arrived_.rend(), alloc);
  YURT_ASSERT(at != arrived_.rend());
  ++epoch_;
  count_own(*alloc, -1);
  view_.apply_change(alloc.get(), nullptr);
  arrived_.erase(std::next(at).base());
}

void Proposal::leave(const AllocRef& alloc) {
  if (!leaving_.emplace(alloc->id, alloc).second) return;
  ++epoch_;
  // Before the view, which forgets a vanished node with its last allocation.
  if (own_ids_.contains(alloc->id)) count_own(*alloc, -1);
  view_.apply_change(alloc.get(), nullptr);
}

void Proposal::stay(const AllocRef& alloc) {
  if (leaving_.erase(alloc->id) == 0) return;
  ++epoch_;
  view_.apply_change(nullptr, alloc.get());
  if (own_ids_.contains(alloc->id)) count_own(*alloc, 1);
}

std::uint32_t Proposal::own_on(Slot slot, const std::string& group) const {
  const auto at = own_by_group_.find(group);
  return at == own_by_group_.end() || slot >= at->second.size() ? 0 : at->second[slot];
}

std::uint32_t Proposal::own_on(Slot slot) const {
  std::uint32_t sum = 0;
  for (const auto& [group, counts] : own_by_group_) sum += slot < counts.size() ? counts[slot] : 0;
  return sum;
}

const std::vector<std::uint32_t>& Proposal::own_by_slot(const std::string& group) {
  return own_by_group_[group];
}

std::vector<const Allocation*> Proposal::own_running() const {
  std::vector<const Allocation*> running;
  for (const AllocRef& alloc : own_) {
    if (!alloc->terminal() && !leaves(alloc->id)) running.push_back(alloc.get());
  }
  for (const AllocRef& alloc : arrived_) running.push_back(alloc.get());
  return running;
}

}  // namespace yurt::scheduler
