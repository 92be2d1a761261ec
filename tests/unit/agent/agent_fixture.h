// AgentTest: a real agent with the real raw_exec and yurt-shim against a FakeServer, in a folder
// and a cgroup of its own. Each test ends with every task killed and nothing left mounted.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "tests/support/fake_server.h"
#include "tests/support/job_builder.h"

namespace yurt::agent {

using testing::add_shell_task;
using testing::assignment_of;
using testing::FakeServer;
using testing::new_alloc_id;
using testing::one_group_job;
using testing::shared;
using testing::shell_job;

class AgentTest : public ::testing::Test {
 protected:
  AgentTest();
  ~AgentTest() override;

  void start_agent();
  void stop_agent() { agent_.reset(); }
  // Assigns the job's group and returns the allocation.
  AllocId run(const model::Job& job);
  AllocId run(const model::Job& job, const model::Assignment& assignment);

  [[nodiscard]] std::filesystem::path alloc_folder(AllocId id) const;
  [[nodiscard]] std::string log(AllocId id, const std::string& task = "main",
                                const std::string& type = "stdout") const;
  // Blocks until the file exists and is not empty; its content.
  static std::string await_file(const std::filesystem::path& path);
  // Blocks until `holds` does.
  static void await(const std::function<bool()>& holds);
  static std::string read(const std::filesystem::path& path);
  static std::vector<std::string> event_types(const model::TaskState& state);
  static bool has_event(const model::TaskState& state, const std::string& type);

  std::filesystem::path folder_;
  AgentOptions options_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<FakeServer> server_ = std::make_unique<FakeServer>();
  std::unique_ptr<Agent> agent_;
};

}  // namespace yurt::agent
