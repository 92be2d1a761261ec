// Clusters in arbitrary weather keep every invariant of raft/sim/invariants.h and recover.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "raft/sim/simulator.h"

namespace yurt::raft::sim {
namespace {

TEST(RaftClusterProperty, every_weather_keeps_every_invariant) {
  EXPECT_TRUE(rc::check("simulated cluster", [] {
    SimOptions options =
        random_options(*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange(1, 8));
    // Short runs, many kinds.
    options.faulty_ns = 1'500'000'000;
    options.spares = *rc::gen::inRange(0, 3);
    const Verdict verdict = Simulator(options).run();
    if (verdict.violation) RC_FAIL(*verdict.violation);
    RC_ASSERT(verdict.acknowledged_writes > 0U);
  }));
}

}  // namespace
}  // namespace yurt::raft::sim
