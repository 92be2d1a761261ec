// Policies: who decides which GPUs a request gets.
#pragma once

#include <memory>
#include <optional>

#include "bench/packing/fleet_of_gpus.h"

namespace yurt::bench {

class PackingPolicy {
 public:
  virtual ~PackingPolicy() = default;
  // nullopt: nowhere. What it says is taken at once, under `number`.
  [[nodiscard]] virtual std::optional<GpuPlace> place(const FleetOfGpus& fleet,
                                                      const GpuRequest& request, int number) = 0;
  virtual void left(int number) = 0;
};

// The first GPUs that fit, in the order of nodes and GPUs.
[[nodiscard]] std::unique_ptr<PackingPolicy> first_fit();
// Slices: the GPU that has least left afterwards, of memory and shares together. Whole GPUs: the
// node that has fewest free ones left. Equal ones as first_fit.
[[nodiscard]] std::unique_ptr<PackingPolicy> best_fit();
// Yurt's scheduler, a job for each request, on the same fleet.
[[nodiscard]] std::unique_ptr<PackingPolicy> yurt_scheduler(const FleetOfGpus& fleet);

}  // namespace yurt::bench
