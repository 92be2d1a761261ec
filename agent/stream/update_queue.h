// UpdateQueue: which allocations' states the servers have yet to hear of. Pure; not thread-safe.
//
// Only the fact that something changed is queued, never the state itself: what is sent is the state
// at that time, so a slow or absent server costs no memory and sees the newest state first. Every
// message has a sequence number; what is not acknowledged when the connection breaks is sent again.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.h"

namespace yurt::agent {

class UpdateQueue {
 public:
  static constexpr std::size_t max_batch = 512;    // allocations in one message
  static constexpr std::size_t max_in_flight = 8;  // messages not yet acknowledged

  void changed(AllocId id);
  void forget(AllocId id);

  struct Batch {
    std::uint64_t sequence = 0;
    std::vector<AllocId> allocs;  // in the order in which they first changed
  };
  // What to send now; nullopt when there is nothing or too much is in flight.
  [[nodiscard]] std::optional<Batch> next();

  // The servers hold everything up to `sequence`. Returns the allocations that have not changed
  // since they were sent.
  [[nodiscard]] std::vector<AllocId> acknowledged(std::uint64_t sequence);

  // The connection is gone: what was in flight is to be sent again.
  void disconnected();

  // The servers hold everything there is.
  [[nodiscard]] bool settled() const { return waiting_.empty() && in_flight_.empty(); }

 private:
  std::deque<AllocId> order_;  // of waiting_; may hold IDs that are no longer in it
  std::set<AllocId> waiting_;
  std::map<std::uint64_t, std::vector<AllocId>> in_flight_;
  std::map<AllocId, std::uint64_t> last_sent_;  // of allocations in flight
  std::uint64_t sequence_ = 0;
};

}  // namespace yurt::agent
