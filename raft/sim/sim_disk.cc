#include "raft/sim/sim_disk.h"

#include <utility>

#include "base/assert.h"

namespace yurt::raft::sim {

void SimDisk::hand_in(Write write, const ChainRegistry& registry) {
  YURT_ASSERT(queue_.empty() || queue_.back().sequence + 1 == write.sequence);
  handed_.apply(write, registry);
  queue_.push_back(std::move(write));
}

std::uint64_t SimDisk::sync(std::size_t count, const ChainRegistry& registry) {
  YURT_ASSERT(count > 0 && count <= queue_.size());
  std::uint64_t sequence = 0;
  for (; count > 0; --count) {
    sequence = queue_.front().sequence;
    carry_out(queue_.front(), registry);
    queue_.pop_front();
  }
  return sequence;
}

void SimDisk::carry_out(const Write& write, const ChainRegistry& registry) {
  if (write.hard_state) hard_state_ = *write.hard_state;
  if (write.truncate_from != 0) {
    while (!entries_.empty() && entries_.back().index >= write.truncate_from) entries_.pop_back();
  }
  if (write.start) {
    while (!entries_.empty() && entries_.front().index <= write.start->index) entries_.pop_front();
    start_ = *write.start;
  }
  for (const auto& entry : write.entries) {
    YURT_ASSERT(entry.index == start_.index + entries_.size() + 1);
    entries_.push_back(entry);
  }
  if (write.configurations) configurations_ = *write.configurations;
  synced_.apply(write, registry);
}

void SimDisk::crash(std::size_t survive, const ChainRegistry& registry) {
  YURT_ASSERT(survive <= queue_.size());
  if (survive > 0) sync(survive, registry);
  queue_.clear();
  handed_ = synced_;
}

CoreState SimDisk::state() const {
  CoreState state;
  state.hard_state = hard_state_;
  state.start = start_;
  state.last_index = start_.index + entries_.size();
  state.configurations = configurations_;
  return state;
}

void SimDisk::reset_to(const SnapshotMeta& snapshot, const ChainRegistry& registry) {
  YURT_ASSERT(queue_.empty());
  Write write;
  write.truncate_from = start_.index + 1;
  write.start = LogStart{snapshot.index, snapshot.term};
  write.configurations = {{snapshot.index, snapshot.configuration}};
  carry_out(write, registry);
  handed_ = synced_;
}

const Entry& SimDisk::entry(Index index) const {
  YURT_ASSERT(index > start_.index && index <= start_.index + entries_.size());
  return entries_[index - start_.index - 1];
}

std::vector<Entry> SimDisk::read(Index first, Index last, std::size_t max_bytes) {
  YURT_ASSERT(first <= last);
  for (const auto& write : queue_) {
    YURT_ASSERT(write.truncate_from == 0 || write.truncate_from > last);
  }
  std::vector<Entry> entries;
  std::size_t bytes = 0;
  for (; first <= last; ++first) {
    bytes += size_bytes(entry(first));
    if (bytes > max_bytes && !entries.empty()) break;
    entries.push_back(entry(first));
  }
  return entries;
}

Term SimDisk::term(Index index) { return entry(index).term; }

}  // namespace yurt::raft::sim
