#include "tests/unit/agent/agent_fixture.h"

#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "agent/alloc_dir/alloc_dir.h"
#include "drivers/raw_exec/raw_exec.h"

namespace yurt::agent {
namespace fs = std::filesystem;

AgentTest::AgentTest() {
  std::string pattern = fs::temp_directory_path() / "yurt-agent-XXXXXX";
  folder_ = ::mkdtemp(pattern.data());
  fs::permissions(folder_, fs::perms(0755));
  options_.data_dir = folder_ / "data";
  options_.servers = {server_->address()};
  options_.raw_exec.enabled = true;
  options_.raw_exec.shim_path = YURT_SHIM;
  options_.raw_exec.cgroup_parent = folder_.filename().string();
  options_.network_interface = "lo";
}

AgentTest::~AgentTest() {
  agent_.reset();
  // A driver of our own finds what still runs.
  drivers::RawExecOptions raw_exec;
  raw_exec.enabled = true;
  raw_exec.state_folder = (options_.data_dir / "shims").string();
  raw_exec.shim_program = YURT_SHIM;
  raw_exec.cgroups.parent = options_.raw_exec.cgroup_parent;
  if (fs::exists(raw_exec.state_folder)) {
    auto driver = drivers::make_raw_exec(raw_exec);
    if (driver.ok()) {
      const auto states = (*driver)->discover();
      for (const auto& state : states.value_or({})) {
        if (auto task = (*driver)->recover(state); task.ok()) (void)(*task)->destroy();
      }
    }
  }
  std::error_code error;
  for (const auto& alloc :
       fs::directory_iterator(AllocDir::folder_of_all(options_.data_dir), error)) {
    (void)AllocDir(options_.data_dir, AllocId::parse_or_nil(alloc.path().filename().string()))
        .remove();
  }
  for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/cpu",
                            "/sys/fs/cgroup/memory", "/sys/fs/cgroup/cpuset"}) {
    ::rmdir((std::string(mount) + "/" + options_.raw_exec.cgroup_parent).c_str());
  }
  fs::remove_all(folder_, error);
}

void AgentTest::start_agent() {
  auto agent = Agent::create(options_, clock_, random_);
  ASSERT_TRUE(agent.ok()) << agent.error().message;
  agent_ = std::move(*agent);
  agent_->start();
}

AllocId AgentTest::run(const model::Job& job) {
  return run(job, assignment_of(job, new_alloc_id()));
}

AllocId AgentTest::run(const model::Job& job, const model::Assignment& assignment) {
  server_->assign(assignment, shared(job));
  return AllocId::from_bytes(assignment.id());
}

fs::path AgentTest::alloc_folder(AllocId id) const {
  return options_.data_dir / "alloc" / id.to_string();
}

std::string AgentTest::log(AllocId id, const std::string& task, const std::string& type) const {
  return read(alloc_folder(id) / "alloc" / "logs" / (task + "." + type + ".0"));
}

std::string AgentTest::read(const fs::path& path) {
  std::ifstream stream(path);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

void AgentTest::await(const std::function<bool()>& holds) {
  while (!holds()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

std::string AgentTest::await_file(const fs::path& path) {
  std::string text;
  await([&] { return !(text = read(path)).empty(); });
  return text;
}

std::vector<std::string> AgentTest::event_types(const model::TaskState& state) {
  std::vector<std::string> types;
  for (const auto& event : state.events()) types.push_back(event.type());
  return types;
}

bool AgentTest::has_event(const model::TaskState& state, const std::string& type) {
  const auto types = event_types(state);
  return std::find(types.begin(), types.end(), type) != types.end();
}

}  // namespace yurt::agent
