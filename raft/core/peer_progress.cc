#include "raft/core/peer_progress.h"

#include <algorithm>

namespace yurt::raft {

void PeerProgress::clear_flight() {
  inflight.clear();
  inflight_bytes = 0;
  waiting = false;
  mark_round = 0;
}

void PeerProgress::sent(Index last, std::size_t bytes) {
  if (mode == PeerMode::probe) {
    waiting = true;
    probe_last = last;
    mark_round = 0;
    return;
  }
  inflight.push_back({last, bytes});
  inflight_bytes += bytes;
  next = last + 1;
}

bool PeerProgress::acknowledge(Index index) {
  if (index <= match) return false;
  match = index;
  next = std::max(next, match + 1);
  while (!inflight.empty() && inflight.front().last <= match) {
    inflight_bytes -= inflight.front().bytes;
    inflight.pop_front();
  }
  return true;
}

void PeerProgress::become_probe(Index next_index, bool wait) {
  clear_flight();
  mode = PeerMode::probe;
  next = next_index;
  waiting = wait;
  probe_last = wait ? UINT64_MAX : 0;
}

void PeerProgress::become_replicate() {
  clear_flight();
  mode = PeerMode::replicate;
  next = match + 1;
}

void PeerProgress::become_snapshot() {
  clear_flight();
  mode = PeerMode::snapshot;
}

}  // namespace yurt::raft
