// The agent is killed with SIGKILL and started again: tasks go on, nothing is lost or run twice.
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "tests/unit/agent/agent_fixture.h"

namespace yurt::agent {
namespace {

class CrashingAgent : public AgentTest {
 protected:
  ~CrashingAgent() override {
    if (pid_ > 0) kill_agent();
  }

  void launch() {
    std::vector<std::string> arguments = {STAND_ALONE_AGENT, options_.data_dir.string(),
                                          server_->address(), YURT_SHIM,
                                          options_.raw_exec.cgroup_parent};
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    ASSERT_EQ(::posix_spawn(&pid_, STAND_ALONE_AGENT, nullptr, nullptr, argv.data(), environ), 0);
  }
  void kill_agent() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  static int lines(const std::string& text) {
    return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  }

  pid_t pid_ = -1;
};

const model::TaskState& only_task(const model::AllocUpdate& update) {
  return update.task_states().at("main");
}

TEST_F(CrashingAgent, a_running_task_goes_on_and_is_stopped_by_the_next_agent) {
  launch();
  const AllocId id =
      run(shell_job("echo start; trap 'echo bye; exit 0' INT; "
                    "while :; do sleep 0.05; done"));
  const auto before = server_->await_status(id, "running");
  kill_agent();
  launch();
  (void)server_->await_hello(2);
  server_->change(id, [](model::Assignment& a) { a.set_desired_status("stop"); });
  const auto after = server_->await_status(id, "complete");
  EXPECT_EQ(log(id), "start\nbye\n") << "it was neither disturbed nor run twice";
  EXPECT_EQ(only_task(after).started_at(), only_task(before).started_at());
}

TEST_F(CrashingAgent, a_task_that_ended_meanwhile_is_reported_with_its_exit_code_and_time) {
  launch();
  const AllocId id =
      run(shell_job("while [ ! -e local/end ]; do sleep 0.02; done; echo over; exit 9"));
  server_->await_status(id, "running");
  kill_agent();
  std::ofstream(alloc_folder(id) / "main/local/end") << "x";
  await([&] { return log(id) == "over\n"; });
  const std::int64_t ended_before_ns = clock_.wall_ns();
  launch();
  const auto update = server_->await_status(id, "failed");
  EXPECT_LE(only_task(update).finished_at(), ended_before_ns + nanoseconds_per_second);
  bool code_known = false;
  for (const auto& event : only_task(update).events()) code_known |= event.exit_code() == 9;
  EXPECT_TRUE(code_known);
  EXPECT_EQ(log(id), "over\n");
}

TEST_F(CrashingAgent, reports_that_were_not_acknowledged_are_sent_by_the_next_agent) {
  launch();
  (void)server_->await_hello();
  server_->acknowledge(false);
  const AllocId id = run(shell_job("echo once"));
  await([&] { return log(id) == "once\n"; });
  kill_agent();
  server_->acknowledge(true);
  launch();
  server_->await_status(id, "complete");
  EXPECT_EQ(log(id), "once\n");
}

TEST_F(CrashingAgent, a_task_whose_allocation_was_forgotten_meanwhile_is_killed) {
  launch();
  const AllocId id = run(shell_job("sleep 1000"));
  server_->await_status(id, "running");
  kill_agent();
  server_->forget(id);
  launch();
  await([&] { return !std::filesystem::exists(alloc_folder(id)); });
}

TEST_F(CrashingAgent, an_orderly_end_of_the_agent_leaves_tasks_alone) {
  launch();
  const AllocId id = run(shell_job("echo start; while [ ! -e local/end ]; do sleep 0.02; done"));
  server_->await_status(id, "running");
  ::kill(pid_, SIGTERM);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  launch();
  (void)server_->await_hello(2);
  std::ofstream(alloc_folder(id) / "main/local/end") << "x";
  server_->await_status(id, "complete");
  EXPECT_EQ(log(id), "start\n");
}

TEST_F(CrashingAgent, killed_at_any_moment_every_task_runs_exactly_once) {
  constexpr int count = 60;
  const auto job = shared(shell_job("echo run >> $NOMAD_ALLOC_DIR/data/runs; sleep 0.05"));
  launch();
  (void)server_->await_hello();
  std::vector<AllocId> ids;
  SeededRandom random(7);
  for (int i = 0; i < count; ++i) {
    const AllocId id = new_alloc_id();
    ids.push_back(id);
    server_->assign(assignment_of(*job, id), job);
    if (random.below(6) == 0) {
      // Wherever it stands: between assignment, start, exit and report of any of them.
      ::usleep(static_cast<useconds_t>(random.below(60'000)));
      kill_agent();
      launch();
    }
  }
  server_->await_count("complete", count);
  for (const AllocId id : ids) {
    EXPECT_EQ(lines(read(alloc_folder(id) / "alloc/data/runs")), 1) << id.to_string();
  }
}

}  // namespace
}  // namespace yurt::agent
