#include "raft/core/read_queue.h"

#include "base/assert.h"

namespace yurt::raft {

std::uint64_t ReadQueue::start_round(std::int64_t now_ns) {
  rounds_.push_back({++round_, now_ns});
  return round_;
}

std::int64_t ReadQueue::confirmed_since_ns(std::uint64_t round) {
  YURT_ASSERT(round <= round_);
  while (rounds_.size() > 1 && rounds_[1].number <= round) rounds_.pop_front();
  if (rounds_.empty() || rounds_.front().number > round) return INT64_MIN;
  return rounds_.front().started_ns;
}

void ReadQueue::take_up(Index index, std::uint64_t round) {
  for (auto& read : fresh_) {
    read.index = index;
    read.round = round;
    waiting_.push_back(read);
  }
  fresh_.clear();
}

std::vector<LeaderRead> ReadQueue::confirmed(std::uint64_t round) {
  std::vector<LeaderRead> reads;
  while (!waiting_.empty() && waiting_.front().round <= round) {
    reads.push_back(waiting_.front());
    waiting_.pop_front();
  }
  return reads;
}

std::vector<LeaderRead> ReadQueue::abandon() {
  std::vector<LeaderRead> reads(waiting_.begin(), waiting_.end());
  reads.insert(reads.end(), fresh_.begin(), fresh_.end());
  waiting_.clear();
  fresh_.clear();
  return reads;
}

void ReadQueue::restart() {
  rounds_.clear();
  round_ = 0;
}

}  // namespace yurt::raft
