#include "bench/packing/fleet_of_gpus.h"

#include <algorithm>
#include <cmath>

#include "base/assert.h"

namespace yurt::bench {
namespace {

// Sums of decimal fractions.
constexpr double rounding = 1e-9;

double left_of(const Gpu& gpu) {
  if (gpu.held_whole) return 0;
  return (static_cast<double>(gpu.free_memory_gib) / gpu.memory_gib + gpu.free_fraction) / 2;
}

// What slices of the request's size can still use of the GPU, measured as left_of.
double usable_by(const Gpu& gpu, const GpuRequest& slice) {
  if (gpu.held_whole) return 0;
  const double by_memory = static_cast<double>(gpu.free_memory_gib) / slice.memory_gib;
  const double by_fraction = gpu.free_fraction / slice.fraction + rounding;
  const double size = (static_cast<double>(slice.memory_gib) / gpu.memory_gib + slice.fraction) / 2;
  return std::floor(std::min(by_memory, by_fraction)) * size;
}

}  // namespace

FleetOfGpus::FleetOfGpus() {
  const auto add = [this](const std::string& model, int nodes, int gpus, int memory_gib) {
    for (int i = 0; i < nodes; ++i) {
      nodes_.push_back(
          {model, std::vector<Gpu>(static_cast<std::size_t>(gpus), Gpu{memory_gib, memory_gib})});
    }
  };
  add("H100", 8, 8, 80);
  add("A100", 12, 8, 40);
  add("L4", 16, 4, 24);
  add("T4", 12, 2, 16);
}

bool FleetOfGpus::fits(const Gpu& gpu, const GpuRequest& request) {
  if (gpu.memory_gib < request.least_memory_gib) return false;
  if (request.whole()) return gpu.free();
  return !gpu.held_whole && gpu.free_memory_gib >= request.memory_gib &&
         gpu.free_fraction + rounding >= request.fraction;
}

void FleetOfGpus::take(const GpuPlace& place, const GpuRequest& request) {
  YURT_ASSERT(place.gpus.size() == static_cast<std::size_t>(request.count));
  for (int at : place.gpus) {
    Gpu& gpu = nodes_[static_cast<std::size_t>(place.node)].gpus[static_cast<std::size_t>(at)];
    YURT_ASSERT(fits(gpu, request));
    gpu.free_memory_gib -= request.memory_gib;
    gpu.free_fraction -= request.fraction;
    if (request.whole()) {
      gpu.held_whole = true;
    } else {
      ++gpu.holders;
    }
  }
}

void FleetOfGpus::give_back(const GpuPlace& place, const GpuRequest& request) {
  for (int at : place.gpus) {
    Gpu& gpu = nodes_[static_cast<std::size_t>(place.node)].gpus[static_cast<std::size_t>(at)];
    gpu.free_memory_gib += request.memory_gib;
    gpu.free_fraction += request.fraction;
    if (request.whole()) {
      gpu.held_whole = false;
    } else if (--gpu.holders == 0) {
      gpu.free_fraction = 1;
    }
  }
}

double FleetOfGpus::capacity() const {
  double sum = 0;
  for (const GpuNode& node : nodes_) sum += static_cast<double>(node.gpus.size());
  return sum;
}

double FleetOfGpus::free() const {
  double sum = 0;
  for (const GpuNode& node : nodes_) {
    for (const Gpu& gpu : node.gpus) sum += left_of(gpu);
  }
  return sum;
}

double FleetOfGpus::unusable_for(const GpuRequest& request) const {
  double unusable = 0;
  for (const GpuNode& node : nodes_) {
    if (node.gpus.front().memory_gib < std::max(request.least_memory_gib, request.memory_gib)) {
      continue;
    }
    double left = 0, usable = 0;
    int whole = 0;
    for (const Gpu& gpu : node.gpus) {
      left += left_of(gpu);
      whole += gpu.free() ? 1 : 0;
      if (!request.whole()) usable += usable_by(gpu, request);
    }
    // A node with too few GPUs for the request is as a model it may not have.
    if (request.whole() && node.gpus.size() < static_cast<std::size_t>(request.count)) continue;
    if (request.whole()) usable = whole / request.count * request.count;
    unusable += left - usable;
  }
  return unusable;
}

}  // namespace yurt::bench
