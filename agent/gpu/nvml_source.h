// NvmlSource: NVIDIA's GPUs, through NVML. A machine without the library or the driver has none;
// the library is looked for again at every discovery, so that a driver installed later is found.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/gpu/gpu_source.h"
#include "agent/gpu/nvml_library.h"

namespace yurt::agent {

class NvmlSource final : public GpuSource {
 public:
  // `system_root` stands before /sys, /proc and /dev: "" but in tests. `required`: the
  // configuration names the library, so that its absence is worth a warning.
  NvmlSource(std::string library, bool required, std::string system_root);
  ~NvmlSource() override;

  [[nodiscard]] std::vector<Gpu> discover() override;
  [[nodiscard]] std::map<std::string, GpuReading> read() override;
  [[nodiscard]] std::vector<GpuFault> faults() override;

 private:
  struct Card {
    nvml::Device device = nullptr;
    nvml::Device parent = nullptr;  // of a MIG instance; else `device`
    Gpu gpu;
    unsigned long long utilization_seen_us = 0;
  };

  bool open();
  void watch_events(const std::vector<nvml::Device>& cards);
  [[nodiscard]] Gpu describe(nvml::Device device) const;
  void add_instances(nvml::Device device, const Gpu& card);
  [[nodiscard]] std::optional<GpuReading> read_card(Card& card);
  void read_processes(Card& card, GpuReading& reading) const;

  const std::string path_;
  const bool required_;
  const std::string root_;
  bool told_ = false;  // of the library's absence
  std::unique_ptr<NvmlLibrary> library_;
  std::string driver_version_, cuda_version_;
  nvml::EventSet events_ = nullptr;
  std::vector<nvml::Device> watched_;
  std::vector<Card> cards_;
  std::vector<GpuFault> faults_;
};

}  // namespace yurt::agent
