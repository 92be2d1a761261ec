// The calls about one card or instance.
#include <algorithm>
#include <cstring>

#include "tests/nvml/scene.h"

namespace {

namespace nvml = yurt::nvml;
using nvml::Device;
using nvml::Found;
using nvml::SceneJson;

constexpr unsigned long long mib = 1 << 20;

// Calls `answer` with the device; what is gone answers as NVML does.
template <typename Answer>
nvml::Return with(Device device, Answer answer) {
  const auto found = nvml::find(device);
  return found ? answer(*found) : nvml::error_gpu_is_lost;
}

nvml::Return number(Device device, const char* key, unsigned* out, bool of_card = true) {
  return with(device, [&](const Found& found) {
    const SceneJson& place = of_card ? found.card : found.own;
    if (!place.contains(key)) return nvml::error_not_supported;
    const SceneJson& value = place[key];
    *out = value.is_boolean() ? (value.get<bool>() ? 1 : 0) : value.get<unsigned>();
    return nvml::success;
  });
}

unsigned busy(const SceneJson& own) {
  if (own.contains("utilization")) return own["utilization"].get<unsigned>();
  unsigned sum = 0;
  for (const auto& process : nvml::processes_of(own)) sum += process.sm;
  return std::min(sum, 100U);
}

}  // namespace

YURT_NVML nvmlDeviceGetUUID(Device device, char* out, unsigned size) {
  return with(device, [&](const Found& found) {
    return nvml::copy_text(found.own.value("uuid", ""), out, size);
  });
}

YURT_NVML nvmlDeviceGetName(Device device, char* out, unsigned size) {
  return with(device, [&](const Found& found) {
    return nvml::copy_text(found.own.value("name", "NVIDIA Stand-in"), out, size);
  });
}

YURT_NVML nvmlDeviceGetMemoryInfo(Device device, nvml::Memory* out) {
  return with(device, [&](const Found& found) {
    out->total = found.own.value("memory_mib", 16384ULL) * mib;
    unsigned long long used_mib = 0;
    if (found.own.contains("memory_used_mib")) {
      used_mib = found.own["memory_used_mib"].get<unsigned long long>();
    } else {
      for (const auto& process : nvml::processes_of(found.own)) used_mib += process.memory_mib;
    }
    out->used = std::min(used_mib * mib, out->total);
    out->free = out->total - out->used;
    return nvml::success;
  });
}

YURT_NVML nvmlDeviceGetBAR1MemoryInfo(Device device, nvml::Bar1Memory* out) {
  return with(device, [&](const Found& found) {
    if (found.is_mig() || !found.card.contains("bar1_mib")) return nvml::error_not_supported;
    out->total = found.card["bar1_mib"].get<unsigned long long>() * mib;
    out->used = mib;
    out->free = out->total - out->used;
    return nvml::success;
  });
}

YURT_NVML nvmlDeviceGetPciInfo_v3(Device device, nvml::PciInfo* out) {
  return with(device, [&](const Found& found) {
    *out = {};
    return nvml::copy_text(found.card.value("pci", "00000000:01:00.0"), out->bus_id,
                           sizeof out->bus_id);
  });
}

YURT_NVML nvmlDeviceGetMinorNumber(Device device, unsigned* out) {
  return number(device, "minor", out);
}
YURT_NVML nvmlDeviceGetNumaNodeId(Device device, unsigned* out) {
  return number(device, "numa", out);
}
YURT_NVML nvmlDeviceGetPersistenceMode(Device device, unsigned* out) {
  return number(device, "persistence", out);
}
YURT_NVML nvmlDeviceGetDisplayActive(Device device, unsigned* out) {
  return number(device, "display", out);
}
YURT_NVML nvmlDeviceGetGpuInstanceId(Device device, unsigned* out) {
  return number(device, "gi", out, false);
}
YURT_NVML nvmlDeviceGetComputeInstanceId(Device device, unsigned* out) {
  return number(device, "ci", out, false);
}
YURT_NVML nvmlDeviceGetTemperature(Device device, int, unsigned* out) {
  return number(device, "temperature", out);
}

YURT_NVML nvmlDeviceGetPowerManagementLimit(Device device, unsigned* out) {
  const nvml::Return code = number(device, "power_limit_w", out);
  if (code == nvml::success) *out *= 1000;
  return code;
}

YURT_NVML nvmlDeviceGetPowerUsage(Device device, unsigned* out) {
  const nvml::Return code = number(device, "power_w", out);
  if (code == nvml::success) *out *= 1000;
  return code;
}

YURT_NVML nvmlDeviceGetMaxClockInfo(Device device, int which, unsigned* out) {
  if (which == nvml::clock_sm) return number(device, "cores_clock", out);
  if (which == nvml::clock_mem) return number(device, "memory_clock", out);
  return nvml::error_not_supported;
}

YURT_NVML nvmlDeviceGetMaxPcieLinkGeneration(Device device, unsigned* out) {
  return with(device, [&](const Found& found) {
    if (!found.card.contains("pcie")) return nvml::error_not_supported;
    *out = found.card["pcie"].at(0).get<unsigned>();
    return nvml::success;
  });
}

YURT_NVML nvmlDeviceGetMaxPcieLinkWidth(Device device, unsigned* out) {
  return with(device, [&](const Found& found) {
    if (!found.card.contains("pcie")) return nvml::error_not_supported;
    *out = found.card["pcie"].at(1).get<unsigned>();
    return nvml::success;
  });
}

YURT_NVML nvmlDeviceGetCudaComputeCapability(Device device, int* major, int* minor) {
  return with(device, [&](const Found& found) {
    if (!found.card.contains("compute_capability")) return nvml::error_not_supported;
    *major = found.card["compute_capability"].at(0).get<int>();
    *minor = found.card["compute_capability"].at(1).get<int>();
    return nvml::success;
  });
}

YURT_NVML nvmlDeviceGetMigMode(Device device, unsigned* current, unsigned* pending) {
  return with(device, [&](const Found& found) {
    if (found.is_mig()) return nvml::error_not_supported;
    *current = *pending = found.card.contains("mig") ? nvml::mig_enabled : 0;
    return nvml::success;
  });
}

YURT_NVML nvmlDeviceGetMaxMigDeviceCount(Device device, unsigned* out) {
  *out = 7;
  return with(device, [](const Found&) { return nvml::success; });
}

YURT_NVML nvmlDeviceGetMigDeviceHandleByIndex(Device device, unsigned index, Device* out) {
  return with(device, [&](const Found& found) {
    const SceneJson instances = found.card.value("mig", SceneJson::array());
    if (index >= instances.size()) return nvml::error_not_found;
    *out = nvml::handle_of(instances[index].value("uuid", ""));
    return nvml::success;
  });
}

YURT_NVML nvmlDeviceGetAttributes_v2(Device device, nvml::DeviceAttributes* out) {
  return with(device, [&](const Found& found) {
    if (!found.is_mig()) return nvml::error_not_supported;
    *out = {};
    out->memory_size_mb = found.own.value("memory_mib", 0ULL);
    return nvml::success;
  });
}

YURT_NVML nvmlDeviceGetUtilizationRates(Device device, nvml::Utilization* out) {
  return with(device, [&](const Found& found) {
    // As on real cards: not told of instances.
    if (found.is_mig() && !found.own.contains("utilization")) return nvml::error_not_supported;
    out->gpu = busy(found.own);
    out->memory = found.own.value("memory_utilization", 0U);
    return nvml::success;
  });
}

YURT_NVML nvmlDeviceGetEncoderUtilization(Device device, unsigned* out, unsigned* period_us) {
  *period_us = 1000;
  return number(device, "encoder", out);
}
YURT_NVML nvmlDeviceGetDecoderUtilization(Device device, unsigned* out, unsigned* period_us) {
  *period_us = 1000;
  return number(device, "decoder", out);
}

YURT_NVML nvmlDeviceGetTotalEccErrors(Device device, int type, int, unsigned long long* out) {
  return with(device, [&](const Found& found) {
    if (!found.card.contains("ecc")) return nvml::error_not_supported;
    const bool uncorrected = type == nvml::memory_error_uncorrected;
    *out = uncorrected ? found.card["ecc"].get<unsigned long long>() : 0;
    return nvml::success;
  });
}

YURT_NVML nvmlDeviceGetMemoryErrorCounter(Device device, int type, int kind, int location,
                                          unsigned long long* out) {
  const nvml::Return code = nvmlDeviceGetTotalEccErrors(device, type, kind, out);
  if (code == nvml::success && location != nvml::ecc_location_device_memory) *out = 0;
  return code;
}

YURT_NVML nvmlDeviceGetComputeRunningProcesses_v3(Device device, unsigned* count,
                                                  nvml::ProcessInfo* out) {
  return with(device, [&](const Found& found) {
    const auto processes = nvml::processes_of(found.own);
    const unsigned room = *count;
    *count = static_cast<unsigned>(processes.size());
    if (processes.size() > room) return nvml::error_insufficient_size;
    for (std::size_t i = 0; i < processes.size(); ++i) {
      out[i] = {processes[i].pid, processes[i].memory_mib * mib, ~0U, ~0U};
    }
    return nvml::success;
  });
}

YURT_NVML nvmlDeviceGetProcessUtilization(Device device, nvml::ProcessUtilizationSample* out,
                                          unsigned* count, unsigned long long since_us) {
  return with(device, [&](const Found& found) {
    if (found.is_mig()) return nvml::error_not_supported;
    const auto processes = nvml::processes_of(found.own);
    if (processes.empty()) return nvml::error_not_found;
    const unsigned room = *count;
    *count = static_cast<unsigned>(processes.size());
    if (processes.size() > room) return nvml::error_insufficient_size;
    for (std::size_t i = 0; i < processes.size(); ++i) {
      out[i] = {processes[i].pid, since_us + 1, processes[i].sm, 0, 0, 0};
    }
    return nvml::success;
  });
}
