// How the machine's GPUs appear on its node: groups of devices with attributes named as Nomad's
// NVIDIA plugin names them, and node attributes. Pure.
#pragma once

#include "agent/gpu/gpu.h"
#include "proto/state.pb.h"

namespace yurt::agent {

// Replaces the node's GPUs. `share`: tasks may be given slices of them. Node attributes, where
// there is a GPU: gpu.count, gpu.share, gpu.mps and the driver's versions.
void describe_gpus(const GpuSnapshot& snapshot, bool share, model::Node& node);

}  // namespace yurt::agent
