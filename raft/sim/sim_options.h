// SimOptions: one simulated cluster's weather. Values; times in nanoseconds of virtual time.
#pragma once

#include <cstdint>

#include "raft/core/mutations.h"
#include "raft/core/options.h"

namespace yurt::raft::sim {

struct SimOptions {
  std::uint64_t seed = 0;
  int voters = 3;                           // that found the cluster
  int spares = 1;                           // servers that may be added later
  std::int64_t faulty_ns = 20'000'000'000;  // how long faults last; then everything must recover
  std::int64_t calm_ns = 20'000'000'000;    // how long it may take to do so

  CoreOptions core;  // but for `self`

  // Network
  double loss = 0;  // share of messages lost
  double duplication = 0;
  std::int64_t delay_ns = 500'000;  // typical
  double long_delay = 0;            // share of messages delayed up to long_delay_ns: reordering
  std::int64_t long_delay_ns = 0;
  // Mean times between faults; 0: none. Each strikes the leader with probability leader_struck.
  double leader_struck = 0;
  std::int64_t partition_every_ns = 0;  // one-way and two-way cuts
  std::int64_t crash_every_ns = 0;
  std::int64_t slow_disk_every_ns = 0;
  std::int64_t stall_every_ns = 0;  // a server's thread stands still
  // Disk
  std::int64_t sync_ns = 1'000'000;  // typical
  std::int64_t slow_sync_ns = 400'000'000;
  // Callers; mean times between calls; 0: none
  std::int64_t propose_every_ns = 10'000'000;
  std::int64_t read_every_ns = 20'000'000;
  std::int64_t membership_every_ns = 0;
  std::int64_t transfer_every_ns = 0;
  std::int64_t compact_every_ns = 0;
  std::uint64_t max_payload_bytes = 100;
  // Clocks run apart: with lease reads by up to the core's bound, else at will.
  bool clocks_drift = false;

  Mutations mutations;
};

// The weather that `seed` makes for `voters` servers.
[[nodiscard]] SimOptions random_options(std::uint64_t seed, int voters);

}  // namespace yurt::raft::sim
