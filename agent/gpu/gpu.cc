#include "agent/gpu/gpu.h"

#include <algorithm>

namespace yurt::agent {

const GpuState* GpuSnapshot::find(const std::string& id) const {
  const auto found = std::find_if(gpus.begin(), gpus.end(),
                                  [&id](const GpuState& state) { return state.gpu.id == id; });
  return found == gpus.end() ? nullptr : &*found;
}

}  // namespace yurt::agent
