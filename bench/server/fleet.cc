#include "bench/server/fleet.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/assert.h"
#include "bench/server/workload.h"

namespace yurt::bench {
namespace {

// As the real agent's: reports are gathered this long, beats come this often.
constexpr std::int64_t coalesce_ns = 2 * nanoseconds_per_millisecond;
constexpr std::int64_t beat_interval_ns = 10 * nanoseconds_per_second;
// Nothing moves for this long: something is broken, and waiting on would never end.
constexpr std::int64_t patience_ns = 120 * nanoseconds_per_second;

void nap(std::int64_t ns) { std::this_thread::sleep_for(std::chrono::nanoseconds(ns)); }

}  // namespace

Fleet::Fleet(SimAgent::OnAssigned on_assigned) : on_assigned_(std::move(on_assigned)) {}

void Fleet::connect(const std::string& address, int agents) {
  YURT_ASSERT(agents_.empty());
  for (int i = 0; i < agents; ++i) {
    agents_.push_back(std::make_unique<SimAgent>(make_node(i, random_), counts_, on_assigned_));
    agents_.back()->connect(address);
    // Not so many at once that the kernel's queue of new connections overflows.
    wait(counts_.connected, i - 200);
  }
  wait(counts_.connected, agents);
  ticker_ = std::thread([this] { tick(); });
}

Fleet::~Fleet() {
  stopping_ = true;
  if (ticker_.joinable()) ticker_.join();
  for (const auto& agent : agents_) agent->close();
  for (const auto& agent : agents_) {
    while (!agent->done()) nap(nanoseconds_per_millisecond);
  }
}

void Fleet::wait(const std::atomic<std::int64_t>& counter, std::int64_t count) {
  const SystemClock clock;
  std::int64_t seen = counter, since_ns = clock.steady_ns();
  while (counter < count) {
    nap(nanoseconds_per_millisecond);
    const std::int64_t now_ns = clock.steady_ns();
    if (counter != seen) {
      seen = counter;
      since_ns = now_ns;
    } else if (now_ns - since_ns > patience_ns) {
      std::fprintf(stderr, "nothing has moved for two minutes: %lld of %lld\n",
                   static_cast<long long>(seen), static_cast<long long>(count));
      std::abort();
    }
  }
}

void Fleet::tick() {
  const SystemClock clock;
  const std::int64_t start_ns = clock.steady_ns();
  std::size_t beaten = 0;
  while (!stopping_) {
    for (const auto& agent : agents_) agent->flush();
    // Every agent once in an interval, evenly.
    const double due = static_cast<double>(clock.steady_ns() - start_ns) / beat_interval_ns *
                       static_cast<double>(agents_.size());
    for (; static_cast<double>(beaten) < due; ++beaten) {
      agents_[beaten % agents_.size()]->beat();
    }
    nap(coalesce_ns);
  }
}

}  // namespace yurt::bench
