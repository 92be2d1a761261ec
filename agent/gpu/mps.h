// MPS: whether NVIDIA's Multi-Process Service runs on this machine, so that the processes of
// several tasks share a card's multiprocessors at the same time.
#pragma once

#include <string>

namespace yurt::agent {

// The pipe directory of the control daemon that runs: CUDA_MPS_PIPE_DIRECTORY of the agent's own
// environment, or NVIDIA's default below `root`; "" when no daemon runs. Reads the disk.
[[nodiscard]] std::string find_mps(const std::string& root);

}  // namespace yurt::agent
