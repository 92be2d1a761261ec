#include "agent/gpu/mps.h"

#include <signal.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "base/file.h"

namespace yurt::agent {

std::string find_mps(const std::string& root) {
  const char* set = std::getenv("CUDA_MPS_PIPE_DIRECTORY");
  const std::string folder = set != nullptr && *set != 0 ? set : "/tmp/nvidia-mps";
  std::error_code failure;
  if (!std::filesystem::exists(root + folder + "/control", failure)) return "";
  // What a daemon that was killed leaves behind names a process that is gone.
  const auto pid = read_file(root + folder + "/nvidia-cuda-mps-control.pid");
  if (pid.ok()) {
    const auto number = static_cast<pid_t>(std::strtol(pid->c_str(), nullptr, 10));
    if (number > 0 && ::kill(number, 0) != 0 && errno == ESRCH) return "";
  }
  return folder;
}

}  // namespace yurt::agent
