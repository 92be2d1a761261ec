// ReadQueue: a leader's linearizable reads on their way (thesis §6.4).
//
// A read takes the commit index of the moment it is taken up, and is sound once a majority has
// answered a heartbeat of a round that began after that. Rounds are numbered within a leadership;
// the time each began bounds the lease (§6.4.1). Not thread-safe; copyable.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "raft/peer.h"

namespace yurt::raft {

struct LeaderRead {
  PeerId origin = 0;     // who asked; the leader itself: its own caller
  std::uint64_t id = 0;  // the caller's token or the follower's ReadRequest::id
  Index index = 0;       // 0 until taken up
  std::uint64_t round = 0;
};

class ReadQueue {
 public:
  void add(PeerId origin, std::uint64_t id) { fresh_.push_back({origin, id, 0, 0}); }
  [[nodiscard]] bool has_fresh() const { return !fresh_.empty(); }

  // Starts a round of heartbeats at `now_ns`; its number.
  std::uint64_t start_round(std::int64_t now_ns);
  [[nodiscard]] std::uint64_t round() const { return round_; }
  // A majority has answered rounds up to `round`; when that round began, INT64_MIN when no round
  // was answered yet. Older ones are forgotten.
  [[nodiscard]] std::int64_t confirmed_since_ns(std::uint64_t round);

  // Gives the fresh reads `index`; they wait for `round` to be confirmed.
  void take_up(Index index, std::uint64_t round);
  // Those whose round a majority has answered, in order of arrival.
  [[nodiscard]] std::vector<LeaderRead> confirmed(std::uint64_t round);
  // All of them, unconfirmed: leadership is over.
  [[nodiscard]] std::vector<LeaderRead> abandon();
  void restart();  // a new leadership begins

  [[nodiscard]] const std::deque<LeaderRead>& fresh() const { return fresh_; }
  [[nodiscard]] const std::deque<LeaderRead>& waiting() const { return waiting_; }

 private:
  struct Round {
    std::uint64_t number;
    std::int64_t started_ns;
  };
  std::deque<LeaderRead> fresh_;
  std::deque<LeaderRead> waiting_;  // ascending by round
  std::deque<Round> rounds_;        // from the newest confirmed one on
  std::uint64_t round_ = 0;
};

}  // namespace yurt::raft
