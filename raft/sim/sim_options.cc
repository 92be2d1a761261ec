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
  options.partition_every_ns = pick(random, {0L, 700 * ms, 2000 * ms, 5000 * ms});
  options.crash_every_ns = pick(random, {0L, 500 * ms, 2000 * ms, 5000 * ms});
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
  return options;
}

}  // namespace yurt::raft::sim
