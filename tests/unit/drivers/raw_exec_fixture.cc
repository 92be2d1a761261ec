#include "tests/unit/drivers/raw_exec_fixture.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "drivers/cgroup/hierarchy.h"
#include "drivers/shim/process_table.h"

namespace yurt::drivers {
namespace {

// Between two looks at a condition that only the kernel's state tells.
void pause() { ::poll(nullptr, 0, 2); }

std::string unique_name() {
  static std::atomic<int> count = 0;
  return "yurt-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

}  // namespace

AwaitedExit::AwaitedExit(Task& task) {
  task.on_exit([state = state_](const ExitResult& result) {
    std::lock_guard lock(state->mutex);
    state->result = result;
    state->changed.notify_all();
  });
}

const ExitResult& AwaitedExit::wait() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return state_->result.has_value(); });
  return *state_->result;
}

bool AwaitedExit::arrived() const {
  std::lock_guard lock(state_->mutex);
  return state_->result.has_value();
}

RawExecTest::RawExecTest() : mark_(unique_name()) {
  folder_ = std::filesystem::temp_directory_path() / mark_;
  std::filesystem::create_directories(logs());
  std::filesystem::create_directories(task_folder());
  // Tasks of other users must be able to enter.
  std::filesystem::permissions(task_folder(), std::filesystem::perms::all);
  open_driver();
}

RawExecTest::~RawExecTest() {
  EXPECT_EQ(marked_processes(), std::vector<int>{});
  const Result<std::vector<std::string>> left = driver_->discover();
  EXPECT_TRUE(left.ok() && left->empty());
  driver_.reset();
  EXPECT_EQ(cgroup_folders(), std::vector<std::filesystem::path>{});
  const CgroupHierarchy hierarchy = detect_cgroups({mark_, ""});
  for (const auto& [controller, mount] : hierarchy.mounts) {
    ::rmdir(hierarchy.parent_folder(controller).c_str());
  }
  std::filesystem::remove_all(folder_);
}

RawExecOptions RawExecTest::options() const {
  RawExecOptions options;
  options.enabled = true;
  options.state_folder = (folder_ / "state").string();
  options.shim_program = YURT_SHIM;
  options.cgroups.parent = mark_;
  return options;
}

void RawExecTest::open_driver() {
  driver_.reset();
  auto driver = make_raw_exec(options());
  ASSERT_TRUE(driver.ok()) << driver.error().message;
  driver_ = std::move(*driver);
}

bool RawExecTest::has_cgroups() const { return detect_cgroups({mark_, ""}).has("memory"); }

TaskConfig RawExecTest::program(const std::string& command,
                                const std::vector<std::string>& args) const {
  static std::atomic<int> count = 0;
  TaskConfig config;
  config.id = "alloc.web." + std::to_string(++count);
  config.alloc_id = "alloc";
  config.task_name = "web";
  config.config = nlohmann::json{{"command", command}, {"args", args}}.dump();
  config.env = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"MARK", mark_}};
  config.resources.cpu_mhz = 100;
  config.resources.memory_mib = 64;
  config.task_dir = task_folder().string();
  config.alloc_dir = folder_.string();
  config.logs.folder = logs().string();
  config.logs.prefix = "web";
  return config;
}

TaskConfig RawExecTest::shell(const std::string& script) const {
  return program("/bin/sh", {"-c", script});
}

Result<std::shared_ptr<Task>> RawExecTest::try_start(TaskConfig config) {
  std::promise<Result<std::shared_ptr<Task>>> outcome;
  StartEvents events;
  events.on_done = [&outcome](Result<std::shared_ptr<Task>> task) {
    outcome.set_value(std::move(task));
  };
  driver_->start(std::move(config), std::move(events));
  return outcome.get_future().get();
}

std::shared_ptr<Task> RawExecTest::start(TaskConfig config) {
  auto task = try_start(std::move(config));
  if (!task.ok()) throw std::runtime_error(task.error().message);
  return *task;
}

ExitResult RawExecTest::run(TaskConfig config) {
  const std::shared_ptr<Task> task = start(std::move(config));
  const ExitResult result = AwaitedExit(*task).wait();
  EXPECT_TRUE(task->destroy().ok());
  return result;
}

std::string RawExecTest::output(const std::string& prefix, const std::string& stream) const {
  const std::string start = prefix + "." + stream + ".";
  std::map<int, std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(logs())) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(start)) files[std::stoi(name.substr(start.size()))] = entry.path();
  }
  std::string text;
  for (const auto& [index, path] : files) text += read_file(path).value();
  return text;
}

std::string RawExecTest::await_file(const std::filesystem::path& path) {
  while (true) {
    const Result<std::string> text = read_file(path);
    if (text.ok() && !text->empty()) return *text;
    pause();
  }
}

std::vector<int> RawExecTest::marked_processes() const {
  std::vector<int> marked;
  const std::string variable = "MARK=" + mark_;
  for (const ProcessStat& process : read_all_processes()) {
    if (process.state == 'Z') continue;
    const auto environment = read_file("/proc/" + std::to_string(process.pid) + "/environ");
    if (environment.ok() && environment->find(variable + '\0') != std::string::npos) {
      marked.push_back(process.pid);
    }
  }
  return marked;
}

std::vector<int> RawExecTest::children_named(const std::string& name) {
  std::vector<int> children;
  for (const ProcessStat& process : read_all_processes()) {
    if (process.parent != ::getpid() || process.state == 'Z') continue;
    if (read_file("/proc/" + std::to_string(process.pid) + "/comm").value_or("") == name + "\n") {
      children.push_back(process.pid);
    }
  }
  return children;
}

void RawExecTest::await_no_processes() const {
  while (!marked_processes().empty()) pause();
}

std::vector<std::filesystem::path> RawExecTest::cgroup_folders() const {
  std::set<std::filesystem::path> found;
  const CgroupHierarchy hierarchy = detect_cgroups({mark_, ""});
  for (const auto& [controller, mount] : hierarchy.mounts) {
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator(hierarchy.parent_folder(controller), error)) {
      if (entry.is_directory()) found.insert(entry.path());
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace yurt::drivers
