// A bounded exhaustive search: every order of a few events on a small cluster.
//
// Depth first over all choices of what happens next (a message arrives, perhaps a second time; a
// disk syncs; a server starts an election, is given a command, or crashes and comes back), each
// within its budget, with equal states visited once. A message that is never delivered is a lost
// one. Checks the invariants of raft/sim/invariants.h at every step. Pre-vote, leader stickiness
// and heartbeats are left out: they serve liveness, and elections here start at any time. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "raft/core/mutations.h"
#include "raft/sim/invariants.h"

namespace yurt::raft::sim {

struct SearchOptions {
  int servers = 3;
  int depth = 20;  // events after the founding
  int elections = 2;
  int commands = 1;
  int crashes = 1;
  int duplicates = 0;
  bool instant_disks = false;  // every write is synced at once: reaches deeper into the protocol
  std::uint64_t max_states = UINT64_MAX;  // give up beyond; the result says so
  Mutations mutations;
};

struct SearchResult {
  Violation violation;
  std::vector<std::string> path;  // the events that led to it
  std::uint64_t states = 0;
  bool exhausted = true;  // false: max_states was reached
};

[[nodiscard]] SearchResult search(const SearchOptions& options);

}  // namespace yurt::raft::sim
