#include "raft/sim/sim_options.h"

#include <iterator>

#include "base/clock.h"
#include "base/random.h"

namespace yurt::raft::sim {
namespace {

constexpr std::int64_t ms = nanoseconds_per_millisecond;

template <typename T, std::size_t n>
T pick(Random& random, const T (&choices)[n]) {
  return choices[random.below(n)];
}

// Leases are the more at risk the faster everything but the leader is: quick disks and links, a
// leader cut off again and again, readers that ask it all the same.
void lease_weather(SimOptions& options, Random& random) {
  options.core.lease_reads = true;
  options.core.max_clock_drift_per_mille = 200;
  options.clocks_drift = true;
  options.leader_struck = 0.7;
  options.loss = 0;
  options.delay_ns = 100'000;
  options.sync_ns = 100'000;
  options.slow_disk_every_ns = 0;
  options.partition_every_ns = 700 * ms;
  options.crash_every_ns = pick(random, {0L, 400 * ms});
  options.transfer_every_ns = pick(random, {0L, 500 * ms});
  options.long_delay = pick(random, {0.0, 0.2});
  options.long_delay_ns = 300 * ms;
  options.propose_every_ns = 3 * ms;
  options.read_every_ns = 3 * ms;
  options.membership_every_ns = 0;
}

// Leaders come and go before their entries get far, so that logs differ much: figure 3.7 of the
// thesis (figure 8 of the paper) and its like.
void turmoil(SimOptions& options, Random& random) {
  options.leader_struck = 1;
  options.crash_every_ns = 250 * ms;
  options.slow_disk_every_ns = 0;
  options.partition_every_ns = pick(random, {0L, 500 * ms});
  options.sync_ns = pick(random, {1 * ms, 20 * ms});
  options.delay_ns = pick(random, {1 * ms, 20 * ms});
  options.loss = pick(random, {0.05, 0.3});
  options.propose_every_ns = 20 * ms;
  options.membership_every_ns = 0;
  options.compact_every_ns = 0;
  options.core.max_append_bytes = 100;
  options.core.max_inflight_appends = 1;
}

}  // namespace

SimOptions random_options(std::uint64_t seed, int voters) {
  SeededRandom random(seed ^ 0x5eed0ff5e7);
  SimOptions options;
  options.seed = seed;
  options.voters = voters;
  options.loss = pick(random, {0.0, 0.0, 0.01, 0.05, 0.2});
  options.duplication = pick(random, {0.0, 0.01, 0.1});
  options.delay_ns = pick(random, {100'000L, 500'000L, 5 * ms, 20 * ms});
  options.long_delay = pick(random, {0.0, 0.01, 0.1});
  options.long_delay_ns = pick(random, {50 * ms, 500 * ms, 3000 * ms});
  options.leader_struck = pick(random, {0.0, 0.5, 1.0});
  options.partition_every_ns = pick(random, {0L, 700 * ms, 2000 * ms, 5000 * ms});
  options.crash_every_ns = pick(random, {0L, 200 * ms, 500 * ms, 2000 * ms, 5000 * ms});
  options.slow_disk_every_ns = pick(random, {0L, 1000 * ms, 4000 * ms});
  options.stall_every_ns = pick(random, {0L, 1000 * ms, 4000 * ms});
  options.sync_ns = pick(random, {100'000L, 1 * ms, 10 * ms, 40 * ms});
  options.slow_sync_ns = pick(random, {100 * ms, 400 * ms, 1500 * ms});
  options.propose_every_ns = pick(random, {5 * ms, 20 * ms, 100 * ms});
  options.read_every_ns = pick(random, {10 * ms, 50 * ms});
  options.membership_every_ns = pick(random, {0L, 300 * ms, 2000 * ms});
  options.transfer_every_ns = pick(random, {0L, 300 * ms, 3000 * ms});
  options.compact_every_ns = pick(random, {0L, 300 * ms, 2000 * ms});
  options.max_payload_bytes = pick(random, {20L, 100L, 1000L});
  options.core.max_append_bytes = pick(random, {100UL, 1000UL, 1UL << 20});
  options.core.max_inflight_appends = pick(random, {1UL, 4UL, 64UL});
  options.core.max_inflight_bytes = pick(random, {300UL, 5000UL, 8UL << 20});
  options.core.max_uncommitted_bytes = pick(random, {2000UL, 64UL << 20});
  options.core.max_apply_bytes = pick(random, {100UL, 2000UL, 8UL << 20});
  options.core.log_cache_bytes = pick(random, {0UL, 1000UL, 64UL << 20});
  options.core.lease_reads = random.below(2) == 0;
  options.core.max_clock_drift_per_mille = pick(random, {10L, 200L});
  options.clocks_drift = random.below(2) == 0;
  switch (random.below(4)) {
    case 0: lease_weather(options, random); break;
    case 1: turmoil(options, random); break;
    default: break;  // anything at all
  }
  return options;
}

}  // namespace yurt::raft::sim
