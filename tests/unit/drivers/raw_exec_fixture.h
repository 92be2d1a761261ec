// RawExecTest: a raw_exec driver with the real yurt-shim, real processes and (where the machine has
// them) real cgroups, in a folder and a cgroup of its own. Each test ends with the check that no
// process, cgroup or state is left.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "drivers/driver.h"
#include "drivers/raw_exec/raw_exec.h"

namespace yurt::drivers {

inline constexpr std::int64_t second_ns = nanoseconds_per_second;

// The end of one task, to be waited for.
class AwaitedExit {
 public:
  explicit AwaitedExit(Task& task);
  // Blocks until the task has ended.
  const ExitResult& wait();
  [[nodiscard]] bool arrived() const;

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<ExitResult> result;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

class RawExecTest : public ::testing::Test {
 protected:
  RawExecTest();
  ~RawExecTest() override;

  // A task that runs `script` with /bin/sh, logs in logs(), environment PATH and MARK=<test>.
  [[nodiscard]] TaskConfig shell(const std::string& script) const;
  [[nodiscard]] TaskConfig program(const std::string& command,
                                   const std::vector<std::string>& args) const;
  [[nodiscard]] Result<std::shared_ptr<Task>> try_start(TaskConfig config);
  // REQUIRES: the start succeeds
  [[nodiscard]] std::shared_ptr<Task> start(TaskConfig config);
  // Starts, waits for the end, destroys.
  ExitResult run(TaskConfig config);

  // The whole of a stream: its log files, oldest first.
  [[nodiscard]] std::string output(const std::string& prefix = "web",
                                   const std::string& stream = "stdout") const;
  // Blocks until `path` exists and is not empty, and returns its content.
  static std::string await_file(const std::filesystem::path& path);
  // Processes whose environment carries this test's mark, zombies not counted.
  [[nodiscard]] std::vector<int> marked_processes() const;
  // Direct children of the test with this command name.
  [[nodiscard]] static std::vector<int> children_named(const std::string& name);
  // Blocks until there is none.
  void await_no_processes() const;
  [[nodiscard]] std::vector<std::filesystem::path> cgroup_folders() const;

  void open_driver();
  [[nodiscard]] RawExecOptions options() const;
  [[nodiscard]] std::filesystem::path logs() const { return folder_ / "logs"; }
  [[nodiscard]] std::filesystem::path task_folder() const { return folder_ / "task"; }
  [[nodiscard]] bool has_cgroups() const;

  std::filesystem::path folder_;
  std::string mark_;
  std::unique_ptr<Driver> driver_;
};

}  // namespace yurt::drivers
