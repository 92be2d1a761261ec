// Measures yurt-shim and raw_exec with real processes; one JSON object a line on standard output.
//
//   shim_bench [--quick] [--folder FOLDER] [ROW...]
//
// Rows: shim_rss_kib (the largest resident set of a shim whose task runs and has written a few
// megabytes of output) and raw_exec_tasks_per_s (/bin/true through start, exit and destroy, with
// cgroups and logs, eight at a time; its limit is what the machine forks and executes in the same
// run without anything around it).
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/assert.h"
#include "base/clock.h"
#include "bench/machine/arguments.h"
#include "bench/machine/child_process.h"
#include "bench/machine/row.h"
#include "bench/machine/scratch_folder.h"
#include "bench/machine/spawn_limit.h"
#include "drivers/raw_exec/raw_exec.h"

namespace {

using namespace yurt;
using namespace yurt::drivers;

constexpr int parallel = 8;

// A driver on a scratch folder and a cgroup of its own.
class Machine {
 public:
  explicit Machine(const std::string& parent) : scratch_(parent, "shim-bench") {
    RawExecOptions options;
    options.enabled = true;
    options.state_folder = default_state_folder(folder().string());
    options.shim_program = YURT_SHIM;
    options.cgroups.parent = "yurt-bench-" + std::to_string(::getpid());
    cgroups_ = options.cgroups;
    auto driver = make_raw_exec(options);
    YURT_ASSERT(driver.ok());
    driver_ = std::move(*driver);
  }
  ~Machine() {
    driver_.reset();
    const CgroupHierarchy hierarchy = detect_cgroups(cgroups_);
    for (const auto& [controller, mount] : hierarchy.mounts) {
      ::rmdir(hierarchy.parent_folder(controller).c_str());
    }
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  [[nodiscard]] TaskConfig task(int number, const std::string& command,
                                const std::vector<std::string>& args) const {
    TaskConfig config;
    config.id = "bench." + std::to_string(number);
    config.config = nlohmann::json{{"command", command}, {"args", args}}.dump();
    config.env = {{"PATH", "/usr/bin:/bin"}};
    config.resources.cpu_mhz = 100;
    config.resources.memory_mib = 300;
    config.task_dir = folder().string();
    config.logs.folder = (folder() / "logs" / std::to_string(number)).string();
    config.logs.prefix = "task";
    std::filesystem::create_directories(config.logs.folder);
    return config;
  }
  [[nodiscard]] Driver& driver() { return *driver_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return scratch_.path(); }

 private:
  const bench::ScratchFolder scratch_;
  CgroupOptions cgroups_;
  std::unique_ptr<Driver> driver_;
};

// Hands out numbers 0..count-1 with at most `parallel` under way.
class Window {
 public:
  void enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ < parallel; });
    ++under_way_;
  }
  void leave() {
    std::lock_guard lock(mutex_);
    --under_way_;
    changed_.notify_all();
  }
  void wait_empty() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int under_way_ = 0;
};

double tasks_per_second(const std::string& parent, int count) {
  Machine machine(parent);
  std::vector<TaskConfig> configs;
  for (int i = 0; i < count; ++i) configs.push_back(machine.task(i, "/bin/true", {}));
  const SystemClock clock;
  const std::int64_t begin = clock.steady_ns();
  Window window;
  // Destroying blocks, so it has threads of its own, as in an agent.
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<Task>> ended;
  bool finished = false;
  const auto destroy_ended = [&] {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return finished || !ended.empty(); });
      if (ended.empty()) return;
      const std::shared_ptr<Task> task = std::move(ended.back());
      ended.pop_back();
      lock.unlock();
      YURT_ASSERT(task->destroy().ok());
      window.leave();
      lock.lock();
    }
  };
  std::thread destroyers[2] = {std::thread(destroy_ended), std::thread(destroy_ended)};
  for (TaskConfig& config : configs) {
    window.enter();
    StartEvents events;
    events.on_done = [&](Result<std::shared_ptr<Task>> task) {
      YURT_ASSERT(task.ok());
      (*task)->on_exit([&, kept = *task](const ExitResult& result) {
        YURT_ASSERT(result.successful());
        std::lock_guard lock(mutex);
        ended.push_back(kept);
        changed.notify_one();
      });
    };
    machine.driver().start(std::move(config), std::move(events));
  }
  window.wait_empty();
  const double rate = count * 1e9 / static_cast<double>(clock.steady_ns() - begin);
  {
    std::lock_guard lock(mutex);
    finished = true;
  }
  changed.notify_all();
  for (std::thread& thread : destroyers) thread.join();
  return rate;
}

void measure_memory(const std::string& parent, int count) {
  Machine machine(parent);
  std::vector<std::shared_ptr<Task>> tasks;
  std::mutex mutex;
  std::condition_variable changed;
  for (int i = 0; i < count; ++i) {
    StartEvents events;
    events.on_done = [&](Result<std::shared_ptr<Task>> task) {
      YURT_ASSERT(task.ok());
      std::lock_guard lock(mutex);
      tasks.push_back(*task);
      changed.notify_all();
    };
    machine.driver().start(machine.task(i, "/bin/sh",
                                        {"-c", "seq 500000; echo > written." + std::to_string(i) +
                                                   "; exec sleep 9999"}),
                           std::move(events));
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return tasks.size() == static_cast<std::size_t>(count); });
  for (int i = 0; i < count; ++i) {
    const auto written = machine.folder() / ("written." + std::to_string(i));
    while (!std::filesystem::exists(written)) ::poll(nullptr, 0, 5);
  }
  std::vector<double> resident_kib;
  for (const auto& task : tasks) {
    const int pid = nlohmann::json::parse(task->reattach_state())["shim_pid"].get<int>();
    resident_kib.push_back(bench::resident_mib(pid) * 1024);
  }
  std::sort(resident_kib.begin(), resident_kib.end());
  for (const auto& task : tasks) YURT_ASSERT(task->destroy().ok());
  bench::print({.name = "shim_rss_kib",
                .value = resident_kib.back(),
                .unit = "KiB",
                .better = bench::Better::lower,
                .aim = 1024},
               {{"median", resident_kib[resident_kib.size() / 2]}, {"shims", count}});
}

void measure_rate(const std::string& parent, int count) {
  // The limit before and after, since a shared machine is not the same twice.
  const double before = bench::spawns_per_second(count, parallel);
  const double rate = tasks_per_second(parent, count);
  const double after = bench::spawns_per_second(count, parallel);
  bench::print({.name = "raw_exec_tasks_per_s",
                .value = rate,
                .unit = "tasks/s",
                .aim = 800,
                .limit = (before + after) / 2},
               {{"tasks", count}, {"limit_is", "posix_spawn of /bin/true, eight at a time"}});
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Arguments settings = bench::parse_arguments(argc, argv);
  if (settings.wants("shim_rss_kib")) measure_memory(settings.folder, settings.quick ? 20 : 100);
  if (settings.wants("raw_exec_tasks_per_s")) {
    measure_rate(settings.folder, settings.quick ? 1000 : 5000);
  }
  return 0;
}
