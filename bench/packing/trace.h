// Trace: requests for GPUs as they come and go in a mixed cluster: slices of several shapes, single
// GPUs and several on one node.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/packing/fleet_of_gpus.h"

namespace yurt::bench {

struct GpuArrival {
  double at;         // in units of the mean stay
  double stays;      // as long as this, once placed
  std::size_t kind;  // position in gpu_request_mix()
};

// Weights add up to 1.
[[nodiscard]] const std::vector<GpuRequest>& gpu_request_mix();

// `load`: mean demand as a share of the fleet's capacity. The same for the same seed.
[[nodiscard]] std::vector<GpuArrival> gpu_trace(std::size_t arrivals, double load, double capacity,
                                                std::uint64_t seed);

}  // namespace yurt::bench
