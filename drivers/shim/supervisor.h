// Supervisor: starts processes under yurt-shim and finds them again. What raw_exec (and any other
// driver whose tasks are processes) is built on.
//
// Owns the folder of the tasks' states, and one event loop and one background thread for all of
// them. All Tasks it gave must be let go before it is destroyed; starts under way are waited for.
// Thread-safe.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "drivers/cgroup/hierarchy.h"
#include "drivers/driver.h"
#include "drivers/shim/background.h"
#include "drivers/shim/event_loop.h"
#include "drivers/shim/launch_spec.h"
#include "drivers/shim/launcher.h"
#include "drivers/shim/supervision.h"

namespace yurt::drivers {

struct SupervisorOptions {
  std::string state_folder;  // absolute; made with mode 0700 when missing
  std::string shim_program;  // path of yurt-shim
  CgroupHierarchy cgroups;   // prepared
};

class Supervisor {
 public:
  // failed_precondition when another process uses the state folder.
  [[nodiscard]] static Result<std::unique_ptr<Supervisor>> open(SupervisorOptions options);
  ~Supervisor();

  // As Driver::start.
  void start(LaunchSpec spec, StartEvents events);
  // Tells a start's outcome that was decided without a launch.
  void refuse(Error error, StartEvents events);
  // As Driver::recover and Driver::discover.
  [[nodiscard]] Result<std::shared_ptr<Task>> recover(std::string_view reattach_state);
  [[nodiscard]] Result<std::vector<std::string>> discover();

  // Whether yurt-shim is there to be run.
  [[nodiscard]] Status check() const { return launcher_.check(); }
  [[nodiscard]] const CgroupHierarchy& cgroups() const { return options_.cgroups; }

 private:
  Supervisor(SupervisorOptions options, UniqueFd lock, std::unique_ptr<EventLoop> loop);
  [[nodiscard]] Status launch(const LaunchSpec& spec, StartEvents& events);
  // Folders are kept by boot: pids and sockets of an earlier one mean nothing.
  [[nodiscard]] std::string state_path(const std::string& boot, const std::string& id) const;
  [[nodiscard]] std::optional<Reattach> discover_one(const std::string& boot,
                                                     const std::string& id);
  void forget_start(const std::string& id);

  const SupervisorOptions options_;
  const std::string boot_id_;
  UniqueFd lock_;
  Launcher launcher_;
  std::unique_ptr<EventLoop> loop_;
  Background background_;
  std::mutex mutex_;
  std::condition_variable start_over_;
  std::set<std::string> starting_;
};

}  // namespace yurt::drivers
