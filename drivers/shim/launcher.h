// Launcher: the agent's running yurt-shim process, which forks a shim for each launch.
//
// Started with the first launch, and again if it died; the shims it forked do not depend on it.
// Thread-safe.
#pragma once

#include <sys/types.h>

#include <mutex>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace yurt::drivers {

class Launcher {
 public:
  // `program`: the path of yurt-shim.
  explicit Launcher(std::string program) : program_(std::move(program)) {}
  // Ends the process, not its shims.
  ~Launcher();
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;

  // Hands a launch's descriptors (shim/protocol.h) over; the caller keeps and closes its own.
  // Blocks while several hundred launches are waiting.
  [[nodiscard]] Status launch(int state_folder, int listener, int control, int spec);

  // Whether yurt-shim is there and may be executed; a sentence if not.
  [[nodiscard]] Status check() const;

 private:
  [[nodiscard]] Status ensure_running();
  void end();

  const std::string program_;
  std::mutex mutex_;
  UniqueFd socket_;
  pid_t pid_ = 0;
};

// yurt-shim beside the running program, where it is installed and built.
[[nodiscard]] std::string default_shim_path();

}  // namespace yurt::drivers
