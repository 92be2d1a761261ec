// PeerProgress: what a leader knows of one peer's log, and how fast it may send (thesis §3.5,
// §10.2.1; the three modes are etcd's).
//
// Not thread-safe; copyable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "raft/core/core.h"
#include "raft/core/options.h"

namespace yurt::raft {

struct PeerProgress {
  PeerMode mode = PeerMode::probe;
  Index match = 0;
  Index next = 1;         // in probe mode it stays put until the probe is answered
  Index commit_sent = 0;  // the newest commit index the peer was told and could use

  // Probe mode: a probe is out, which ends at probe_last; nothing is sent meanwhile.
  bool waiting = false;
  Index probe_last = 0;

  // Replicate mode: what was sent and not acknowledged.
  struct Inflight {
    Index last;
    std::size_t bytes;
  };
  std::deque<Inflight> inflight;
  std::size_t inflight_bytes = 0;

  // A heartbeat of round mark_round went out when everything up to mark_index had been sent: an
  // answer to it that verifies less tells that something was lost. 0: no such heartbeat.
  std::uint64_t mark_round = 0;
  Index mark_index = 0;

  std::int64_t last_answer_ns = 0;
  std::uint64_t acked_round = 0;  // the newest leadership round it confirmed

  // Catch-up of a learner in rounds (thesis §4.2.1): done when a round was shorter than an election
  // timeout.
  bool caught_up = false;
  Index catch_up_target = 0;
  std::int64_t catch_up_since_ns = 0;

  [[nodiscard]] bool window_open(const CoreOptions& options) const {
    return inflight.size() < options.max_inflight_appends &&
           inflight_bytes < options.max_inflight_bytes;
  }
  // The last index the peer may have been sent.
  [[nodiscard]] Index sent_last() const {
    return mode == PeerMode::probe && waiting ? probe_last : next - 1;
  }

  void sent(Index last, std::size_t bytes);
  // Everything up to `index` is durable there. True when that is news.
  bool acknowledge(Index index);
  // Starts over from `next`; `wait`: only after the peer has answered a heartbeat.
  void become_probe(Index next_index, bool wait);
  void become_replicate();
  void become_snapshot();

 private:
  void clear_flight();
};

}  // namespace yurt::raft
