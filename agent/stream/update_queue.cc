#include "agent/stream/update_queue.h"

namespace yurt::agent {

void UpdateQueue::changed(AllocId id) {
  if (waiting_.insert(id).second) order_.push_back(id);
}

void UpdateQueue::forget(AllocId id) {
  waiting_.erase(id);
  last_sent_.erase(id);
}

std::optional<UpdateQueue::Batch> UpdateQueue::next() {
  if (waiting_.empty() || in_flight_.size() >= max_in_flight) return std::nullopt;
  Batch batch;
  while (!order_.empty() && batch.allocs.size() < max_batch) {
    const AllocId id = order_.front();
    order_.pop_front();
    if (waiting_.erase(id) > 0) batch.allocs.push_back(id);
  }
  batch.sequence = ++sequence_;
  for (const AllocId id : batch.allocs) last_sent_[id] = batch.sequence;
  in_flight_[batch.sequence] = batch.allocs;
  return batch;
}

std::vector<AllocId> UpdateQueue::acknowledged(std::uint64_t sequence) {
  std::vector<AllocId> settled;
  while (!in_flight_.empty() && in_flight_.begin()->first <= sequence) {
    const auto batch = in_flight_.extract(in_flight_.begin());
    for (const AllocId id : batch.mapped()) {
      const auto sent = last_sent_.find(id);
      if (sent == last_sent_.end() || sent->second != batch.key()) continue;
      last_sent_.erase(sent);
      if (!waiting_.contains(id)) settled.push_back(id);
    }
  }
  return settled;
}

void UpdateQueue::disconnected() {
  const auto lost = std::move(in_flight_);
  in_flight_.clear();
  for (const auto& [sequence, allocs] : lost) {
    for (const AllocId id : allocs) {
      if (last_sent_.contains(id)) changed(id);
    }
  }
  last_sent_.clear();
}

}  // namespace yurt::agent
