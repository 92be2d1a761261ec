#include "agent/gpu/nvml_library.h"

#include <dlfcn.h>

#include <initializer_list>

namespace yurt::agent {

Result<std::unique_ptr<NvmlLibrary>> NvmlLibrary::open(const std::string& path) {
  std::unique_ptr<NvmlLibrary> library(new NvmlLibrary);
  library->handle_ = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library->handle_ == nullptr) {
    const char* why = ::dlerror();
    return Error{ErrorCode::not_found, why == nullptr ? "cannot load " + path : std::string(why)};
  }
  const auto init = reinterpret_cast<Call<>>(::dlsym(library->handle_, "nvmlInit_v2"));
  library->bind_all();
  if (init == nullptr || library->count_ == nullptr || library->device_by_index == nullptr ||
      library->uuid == nullptr) {
    return Error{ErrorCode::not_found, path + " is not NVIDIA's management library"};
  }
  if (const nvml::Return code = init(); code != nvml::success) {
    library->shutdown_ = nullptr;
    return Error{ErrorCode::unavailable,
                 path + " does not start (NVML error " + std::to_string(code) + ")" +
                     (code == nvml::error_driver_not_loaded ? ": the driver is not loaded" : "")};
  }
  return library;
}

NvmlLibrary::~NvmlLibrary() {
  if (shutdown_ != nullptr) shutdown_();
  if (handle_ != nullptr) ::dlclose(handle_);
}

unsigned NvmlLibrary::count() const {
  unsigned count = 0;
  return count_(&count) == nvml::success ? count : 0;
}

void NvmlLibrary::bind_all() {
  // The first name that the driver has: newer versions of a call come first.
  const auto bind = [this](auto& function, std::initializer_list<const char*> names) {
    for (const char* name : names) {
      function = reinterpret_cast<std::decay_t<decltype(function)>>(::dlsym(handle_, name));
      if (function != nullptr) return;
    }
  };
  bind(shutdown_, {"nvmlShutdown"});
  bind(count_, {"nvmlDeviceGetCount_v2"});
  bind(system_driver_version, {"nvmlSystemGetDriverVersion"});
  bind(system_cuda_version,
       {"nvmlSystemGetCudaDriverVersion_v2", "nvmlSystemGetCudaDriverVersion"});
  bind(device_by_index, {"nvmlDeviceGetHandleByIndex_v2"});
  bind(uuid, {"nvmlDeviceGetUUID"});
  bind(name, {"nvmlDeviceGetName"});
  bind(memory, {"nvmlDeviceGetMemoryInfo"});
  bind(bar1, {"nvmlDeviceGetBAR1MemoryInfo"});
  bind(pci, {"nvmlDeviceGetPciInfo_v3"});
  bind(minor_number, {"nvmlDeviceGetMinorNumber"});
  bind(numa_node, {"nvmlDeviceGetNumaNodeId"});
  bind(power_limit_mw, {"nvmlDeviceGetPowerManagementLimit"});
  bind(power_mw, {"nvmlDeviceGetPowerUsage"});
  bind(pcie_generation, {"nvmlDeviceGetMaxPcieLinkGeneration"});
  bind(pcie_width, {"nvmlDeviceGetMaxPcieLinkWidth"});
  bind(persistence, {"nvmlDeviceGetPersistenceMode"});
  bind(display_active, {"nvmlDeviceGetDisplayActive"});
  bind(gpu_instance, {"nvmlDeviceGetGpuInstanceId"});
  bind(compute_instance, {"nvmlDeviceGetComputeInstanceId"});
  bind(max_mig_devices, {"nvmlDeviceGetMaxMigDeviceCount"});
  bind(max_clock, {"nvmlDeviceGetMaxClockInfo"});
  bind(temperature, {"nvmlDeviceGetTemperature"});
  bind(compute_capability, {"nvmlDeviceGetCudaComputeCapability"});
  bind(mig_mode, {"nvmlDeviceGetMigMode"});
  bind(encoder, {"nvmlDeviceGetEncoderUtilization"});
  bind(decoder, {"nvmlDeviceGetDecoderUtilization"});
  bind(mig_device, {"nvmlDeviceGetMigDeviceHandleByIndex"});
  bind(attributes, {"nvmlDeviceGetAttributes_v2"});
  bind(utilization, {"nvmlDeviceGetUtilizationRates"});
  bind(ecc_total, {"nvmlDeviceGetTotalEccErrors"});
  bind(ecc_at, {"nvmlDeviceGetMemoryErrorCounter"});
  bind(compute_processes,
       {"nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2"});
  bind(graphics_processes,
       {"nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2"});
  bind(process_utilization, {"nvmlDeviceGetProcessUtilization"});
  bind(event_set_create, {"nvmlEventSetCreate"});
  bind(register_events, {"nvmlDeviceRegisterEvents"});
  bind(event_wait, {"nvmlEventSetWait_v2"});
  bind(event_set_free, {"nvmlEventSetFree"});
}

}  // namespace yurt::agent
