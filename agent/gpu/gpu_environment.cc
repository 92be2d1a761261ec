#include "agent/gpu/gpu_environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace yurt::agent {
namespace {

bool is_gpu(const model::AllocatedDevice& device) { return device.type() == "gpu"; }

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

// ROCm takes the unique ID, which older cards do not have, or the position among AMD's cards.
std::string rocm_name(const std::string& id, const GpuSnapshot& snapshot) {
  if (id.starts_with("GPU-")) return id;
  int position = 0;
  for (const GpuState& state : snapshot.gpus) {
    if (state.gpu.vendor != "amd") continue;
    if (state.gpu.id == id) return std::to_string(position);
    ++position;
  }
  return id;
}

}  // namespace

std::map<std::string, std::string> gpu_environment(const GrantedDevices& granted,
                                                   const GpuSnapshot& snapshot) {
  std::map<std::string, std::string> out;
  std::vector<std::string> nvidia, amd, memory_limits;
  std::int64_t memory_mib = 0;
  double fraction = 0;
  for (const auto& device : granted) {
    if (!is_gpu(device)) continue;
    for (const std::string& id : device.device_ids()) {
      if (device.vendor() == "amd") {
        amd.push_back(rocm_name(id, snapshot));
        continue;
      }
      // MPS counts the cards as the task sees them.
      if (device.memory_mib() > 0) {
        memory_limits.push_back(std::to_string(nvidia.size()) + "=" +
                                std::to_string(device.memory_mib()) + "M");
      }
      nvidia.push_back(id);
    }
    memory_mib = std::max(memory_mib, device.memory_mib());
    fraction = std::max(fraction, device.fraction());
  }
  if (!nvidia.empty()) {
    out["CUDA_VISIBLE_DEVICES"] = joined(nvidia);
    out["NVIDIA_VISIBLE_DEVICES"] = joined(nvidia);
  }
  if (!amd.empty()) out["ROCR_VISIBLE_DEVICES"] = joined(amd);
  if (memory_mib > 0) out["YURT_GPU_MEMORY_MB"] = std::to_string(memory_mib);
  if (fraction > 0) out["YURT_GPU_FRACTION"] = fmt::format("{:g}", fraction);
  const bool is_slice = memory_mib > 0 || fraction > 0;
  if (!is_slice || nvidia.empty() || !snapshot.mps) return out;
  out["CUDA_MPS_PIPE_DIRECTORY"] = snapshot.mps_directory;
  if (fraction > 0) {
    const auto percent = std::clamp<long>(std::lround(fraction * 100), 1, 100);
    out["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"] = std::to_string(percent);
  }
  if (!memory_limits.empty()) out["CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"] = joined(memory_limits);
  return out;
}

drivers::TaskDevices task_devices(const GrantedDevices& granted, const GpuSnapshot& snapshot) {
  drivers::TaskDevices devices;
  std::set<std::string> allowed;
  for (const auto& device : granted) {
    if (!is_gpu(device)) continue;
    for (const std::string& id : device.device_ids()) {
      const GpuState* state = snapshot.find(id);
      auto& given = devices.granted.emplace_back();
      given.vendor = device.vendor();
      given.id = id;
      if (state != nullptr) given.files = state->gpu.device_files;
      allowed.insert(given.files.begin(), given.files.end());
    }
  }
  if (devices.granted.empty()) return devices;
  std::set<std::string> withheld;
  for (const GpuState& state : snapshot.gpus) {
    for (const std::string& file : state.gpu.device_files) {
      if (!allowed.contains(file)) withheld.insert(file);
    }
  }
  devices.withheld_files.assign(withheld.begin(), withheld.end());
  return devices;
}

}  // namespace yurt::agent
