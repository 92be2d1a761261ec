#include "bench/packing/trace.h"

#include <cmath>

#include "base/random.h"

namespace yurt::bench {
namespace {

// 0 < x < 1
double uniform(Random& random) {
  return (static_cast<double>(random.next() >> 11) + 0.5) * 0x1p-53;
}

double exponential(Random& random, double mean) { return -mean * std::log(uniform(random)); }

// What the request takes of a GPU of middle size, by its scarcer resource.
double demand_of(const GpuRequest& request) {
  constexpr double middle_gib = 40;
  return request.whole() ? request.count
                         : std::max(request.memory_gib / middle_gib, request.fraction);
}

}  // namespace

const std::vector<GpuRequest>& gpu_request_mix() {
  static const std::vector<GpuRequest> mix{
      {.memory_gib = 4, .fraction = 0.1, .weight = 0.16},
      {.memory_gib = 8, .fraction = 0.2, .weight = 0.12},
      {.memory_gib = 10, .fraction = 0.25, .weight = 0.14},
      {.memory_gib = 18, .fraction = 0.25, .weight = 0.12},
      {.memory_gib = 20, .fraction = 0.5, .weight = 0.08},
      {.memory_gib = 6, .fraction = 0.5, .weight = 0.06},   // computes much
      {.memory_gib = 30, .fraction = 0.2, .weight = 0.06},  // holds much
      {.weight = 0.12},
      {.least_memory_gib = 40, .weight = 0.05},
      {.count = 2, .weight = 0.05},
      {.count = 4, .weight = 0.025},
      {.count = 8, .weight = 0.015},
  };
  return mix;
}

std::vector<GpuArrival> gpu_trace(std::size_t arrivals, double load, double capacity,
                                  std::uint64_t seed) {
  SeededRandom random(seed);
  const auto& mix = gpu_request_mix();
  double mean_demand = 0;
  for (const GpuRequest& request : mix) mean_demand += request.weight * demand_of(request);
  // With a mean stay of 1 the mean demand is the rate of arrivals × what each takes.
  const double between = mean_demand / (load * capacity);
  std::vector<GpuArrival> trace;
  double now = 0;
  for (std::size_t i = 0; i < arrivals; ++i) {
    now += exponential(random, between);
    double left = uniform(random);
    std::size_t kind = 0;
    while (kind + 1 < mix.size() && left >= mix[kind].weight) left -= mix[kind++].weight;
    trace.push_back({now, exponential(random, 1), kind});
  }
  return trace;
}

}  // namespace yurt::bench
