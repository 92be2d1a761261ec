// AmdSource: AMD's GPUs, from the files that the amdgpu driver keeps in /sys/class/drm. `root`
// stands before that path: "" but in tests.
#pragma once

#include <string>
#include <vector>

#include "agent/gpu/gpu_source.h"

namespace yurt::agent {

class AmdSource final : public GpuSource {
 public:
  explicit AmdSource(std::string root) : root_(std::move(root)) {}

  [[nodiscard]] std::vector<Gpu> discover() override;
  [[nodiscard]] std::map<std::string, GpuReading> read() override;
  [[nodiscard]] std::vector<GpuFault> faults() override;

 private:
  struct Card {
    std::string folder;  // …/cardN/device
    Gpu gpu;
  };

  const std::string root_;
  std::vector<Card> cards_;
  std::vector<GpuFault> faults_;
};

}  // namespace yurt::agent
