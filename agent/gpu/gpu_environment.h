// What a task is told of the GPUs it was granted: environment variables, and device files. Pure.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <map>
#include <string>
#include <vector>

#include "agent/gpu/gpu.h"
#include "drivers/driver.h"
#include "proto/state.pb.h"

namespace yurt::agent {

using GrantedDevices = google::protobuf::RepeatedPtrField<model::AllocatedDevice>;

// CUDA_VISIBLE_DEVICES and NVIDIA_VISIBLE_DEVICES by UUID, ROCR_VISIBLE_DEVICES for AMD; of a slice
// YURT_GPU_MEMORY_MB and YURT_GPU_FRACTION, and where the node runs MPS its pipe directory and what
// holds the task to its share. Empty without GPUs.
[[nodiscard]] std::map<std::string, std::string> gpu_environment(const GrantedDevices& granted,
                                                                 const GpuSnapshot& snapshot);

// For drivers: what was granted, and the device files of all GPUs that were not.
[[nodiscard]] drivers::TaskDevices task_devices(const GrantedDevices& granted,
                                                const GpuSnapshot& snapshot);

}  // namespace yurt::agent
