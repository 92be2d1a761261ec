// NvmlLibrary: NVIDIA's management library, loaded at run time. Functions that an older driver does
// not have are null. Its calls may block for as long as the driver does. Thread-safe as NVML is.
#pragma once

#include <memory>
#include <string>

#include "agent/gpu/nvml_abi.h"
#include "base/result.h"

namespace yurt::agent {

class NvmlLibrary {
 public:
  // `path`: as dlopen takes it. not_found when it can't be loaded or is no NVML; unavailable when
  // it does not start (no driver).
  [[nodiscard]] static Result<std::unique_ptr<NvmlLibrary>> open(const std::string& path);
  ~NvmlLibrary();
  NvmlLibrary(const NvmlLibrary&) = delete;
  NvmlLibrary& operator=(const NvmlLibrary&) = delete;

  template <typename... Args>
  using Call = nvml::Return (*)(Args...);
  using Text = Call<nvml::Device, char*, unsigned>;
  using Number = Call<nvml::Device, unsigned*>;
  using Wide = Call<nvml::Device, unsigned long long*>;
  using Processes = Call<nvml::Device, unsigned*, nvml::ProcessInfo*>;

  Call<char*, unsigned> system_driver_version = nullptr;
  Call<int*> system_cuda_version = nullptr;
  Call<unsigned, nvml::Device*> device_by_index = nullptr;
  Text uuid = nullptr, name = nullptr;
  Call<nvml::Device, nvml::Memory*> memory = nullptr;
  Call<nvml::Device, nvml::Bar1Memory*> bar1 = nullptr;
  Call<nvml::Device, nvml::PciInfo*> pci = nullptr;
  Number minor_number = nullptr, numa_node = nullptr, power_limit_mw = nullptr, power_mw = nullptr,
         pcie_generation = nullptr, pcie_width = nullptr, persistence = nullptr,
         display_active = nullptr, gpu_instance = nullptr, compute_instance = nullptr,
         max_mig_devices = nullptr;
  Call<nvml::Device, int, unsigned*> max_clock = nullptr, temperature = nullptr;
  Call<nvml::Device, int*, int*> compute_capability = nullptr;
  Call<nvml::Device, unsigned*, unsigned*> mig_mode = nullptr, encoder = nullptr, decoder = nullptr;
  Call<nvml::Device, unsigned, nvml::Device*> mig_device = nullptr;
  Call<nvml::Device, nvml::DeviceAttributes*> attributes = nullptr;
  Call<nvml::Device, nvml::Utilization*> utilization = nullptr;
  Call<nvml::Device, int, int, unsigned long long*> ecc_total = nullptr;
  Call<nvml::Device, int, int, int, unsigned long long*> ecc_at = nullptr;
  Processes compute_processes = nullptr, graphics_processes = nullptr;
  Call<nvml::Device, nvml::ProcessUtilizationSample*, unsigned*, unsigned long long>
      process_utilization = nullptr;
  Call<nvml::EventSet*> event_set_create = nullptr;
  Call<nvml::Device, unsigned long long, nvml::EventSet> register_events = nullptr;
  Call<nvml::EventSet, nvml::EventData*, unsigned> event_wait = nullptr;
  Call<nvml::EventSet> event_set_free = nullptr;

  // 0 when it can't be told.
  [[nodiscard]] unsigned count() const;

 private:
  NvmlLibrary() = default;
  void bind_all();

  void* handle_ = nullptr;
  Call<> shutdown_ = nullptr;
  Call<unsigned*> count_ = nullptr;
};

}  // namespace yurt::agent
