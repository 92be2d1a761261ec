#include "raft/core/write_queue.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace yurt::raft {

void WriteQueue::set_hard_state(HardState state) {
  open_.hard_state = state;
  hard_state_sequence_ = open_sequence();
  dirty_ = true;
}

void WriteQueue::append(const Entry& entry) {
  YURT_ASSERT(open_.entries.empty() || open_.entries.back().index + 1 == entry.index);
  open_.entries.push_back(entry);
  log_sequence_ = open_sequence();
  dirty_ = true;
}

void WriteQueue::forget_from(Index index) {
  while (!open_.entries.empty() && open_.entries.back().index >= index) open_.entries.pop_back();
  durable_ = std::min(durable_, index - 1);
  if (trust_stale_) return;
  for (auto& write : pending_) write.last = std::min(write.last, index - 1);
}

void WriteQueue::truncate_from(Index index) {
  YURT_ASSERT(index > 0);
  forget_from(index);
  log_sequence_ = open_sequence();
  dirty_ = true;
  if (index > handed_last_) return;  // the disk never heard of those entries
  open_.truncate_from = open_.truncate_from == 0 ? index : std::min(open_.truncate_from, index);
  handed_last_ = index - 1;
}

void WriteQueue::cut_to(LogStart start) {
  YURT_ASSERT(start.index <= durable_);
  open_.start = start;
  dirty_ = true;
}

void WriteQueue::reset_to(LogStart start, Index first_dropped) {
  YURT_ASSERT(first_dropped <= start.index);
  forget_from(first_dropped);
  open_.truncate_from =
      open_.truncate_from == 0 ? first_dropped : std::min(open_.truncate_from, first_dropped);
  open_.start = start;
  reset_ = true;
  handed_last_ = start.index;
  log_sequence_ = open_sequence();
  dirty_ = true;
}

void WriteQueue::set_configurations(std::vector<ConfigurationAt> configurations) {
  open_.configurations = std::move(configurations);
  dirty_ = true;
}

std::optional<Write> WriteQueue::take() {
  if (!dirty_) return std::nullopt;
  Write write = std::exchange(open_, {});
  write.sequence = ++last_sequence_;
  Index last = 0;
  if (reset_) last = write.start->index;
  if (!write.entries.empty()) {
    YURT_ASSERT(write.entries.front().index == handed_last_ + 1);
    last = handed_last_ = write.entries.back().index;
  }
  pending_.push_back({write.sequence, last});
  dirty_ = reset_ = false;
  return write;
}

void WriteQueue::persisted(std::uint64_t sequence) {
  YURT_ASSERT(sequence <= last_sequence_ && sequence >= persisted_);
  persisted_ = sequence;
  while (!pending_.empty() && pending_.front().sequence <= sequence) {
    durable_ = std::max(durable_, pending_.front().last);
    pending_.pop_front();
  }
}

}  // namespace yurt::raft
