// Tasks outlive the agent: it is killed, and its successor finds everything again.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/unique_fd.h"
#include "tests/unit/drivers/raw_exec_fixture.h"

namespace yurt::drivers {
namespace {

using ::testing::HasSubstr;

class RecoveryTest : public RawExecTest {
 protected:
  // Another agent process on this test's folder (which it has for itself) starts one task a script
  // and is killed with SIGKILL. The reattach states it had told.
  std::vector<std::string> start_and_kill_agent(const std::vector<std::string>& scripts) {
    driver_.reset();
    std::vector<std::string> words = {
        STAND_IN_AGENT, options().state_folder, YURT_SHIM, mark_, logs().string(), mark_, "orphan"};
    words.insert(words.end(), scripts.begin(), scripts.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    UniqueFd reading(ends[0]);
    UniqueFd writing(ends[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, writing.get(), 1);
    pid_t agent = 0;
    EXPECT_EQ(::posix_spawn(&agent, STAND_IN_AGENT, &actions, nullptr, arguments.data(), environ),
              0);
    ::posix_spawn_file_actions_destroy(&actions);
    writing.reset();
    std::string told;
    char byte = 0;
    while (std::count(told.begin(), told.end(), '\n') < static_cast<long>(scripts.size()) &&
           ::read(reading.get(), &byte, 1) == 1) {
      told += byte;
    }
    ::kill(agent, SIGKILL);
    ::waitpid(agent, nullptr, 0);
    open_driver();
    std::vector<std::string> states;
    for (std::size_t at = 0; at < told.size();) {
      const std::size_t end = told.find('\n', at);
      states.push_back(told.substr(at, end - at));
      at = end + 1;
    }
    return states;
  }

  std::shared_ptr<Task> recover(const std::string& state) {
    auto task = driver_->recover(state);
    EXPECT_TRUE(task.ok()) << (task.ok() ? "" : task.error().message);
    return *task;
  }
  void signal_go() { ASSERT_TRUE(write_file_atomically(logs() / "go", "x").ok()); }
};

constexpr const char* wait_for_go = "while [ ! -s go ]; do sleep 0.01; done; ";

TEST_F(RecoveryTest, a_task_runs_on_when_the_agent_is_killed_and_is_found_again) {
  const auto states =
      start_and_kill_agent({std::string("echo before; ") + wait_for_go + "echo after; exit 6"});
  const auto task = recover(states.at(0));
  EXPECT_EQ(task->id(), "orphan0");
  EXPECT_EQ(task->reattach_state(), states.at(0));
  EXPECT_GT(task->started_at_ns(), 0);
  AwaitedExit exit(*task);
  EXPECT_FALSE(exit.arrived());
  signal_go();
  EXPECT_EQ(exit.wait().exit_code, 6);
  EXPECT_EQ(output("orphan0"), "before\nafter\n");
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(RecoveryTest, knows_how_tasks_ended_while_no_agent_was_there) {
  const auto states = start_and_kill_agent(
      {std::string(wait_for_go) + "seq 20000; exit 3", std::string(wait_for_go) + "kill -ABRT $$"});
  signal_go();
  await_no_processes();
  const auto exited = recover(states.at(0));
  const auto killed = recover(states.at(1));
  EXPECT_EQ(AwaitedExit(*exited).wait().exit_code, 3);
  EXPECT_EQ(AwaitedExit(*killed).wait().signal, SIGABRT);
  const std::string log = output("orphan0");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 20000);
  EXPECT_TRUE(log.ends_with("19999\n20000\n"));
  EXPECT_TRUE(exited->destroy().ok());
  EXPECT_TRUE(killed->destroy().ok());
}

TEST_F(RecoveryTest, a_recovered_task_can_be_signalled_stopped_and_sampled) {
  const auto states = start_and_kill_agent(
      {"trap 'echo usr1' USR1; trap 'exit 8' TERM; echo x; while :; do sleep 0.01; done"});
  const auto task = recover(states.at(0));
  await_file(logs() / "orphan0.stdout.0");
  EXPECT_FALSE(task->stats()->pids.empty());
  EXPECT_TRUE(task->signal(SIGUSR1).ok());
  while (output("orphan0") != "x\nusr1\n") static_cast<void>(task->stats());
  EXPECT_TRUE(task->stop(SIGTERM, 600 * second_ns).ok());
  EXPECT_EQ(AwaitedExit(*task).wait().exit_code, 8);
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(RecoveryTest, discovers_tasks_whose_state_was_never_saved) {
  auto states = start_and_kill_agent({"exec sleep 1000", "exit 2"});
  auto found = driver_->discover();
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 2U);
  std::sort(found->begin(), found->end(), [](const std::string& a, const std::string& b) {
    return nlohmann::json::parse(a)["id"] < nlohmann::json::parse(b)["id"];
  });
  const auto running = recover(found->at(0));
  const auto ended = recover(found->at(1));
  EXPECT_EQ(running->started_at_ns(),
            nlohmann::json::parse(states.at(0))["started_at_ns"].get<std::int64_t>());
  EXPECT_EQ(AwaitedExit(*ended).wait().exit_code, 2);
  EXPECT_TRUE(running->destroy().ok());
  EXPECT_TRUE(ended->destroy().ok());
}

TEST_F(RecoveryTest, says_so_when_agent_and_supervisor_both_died) {
  const auto states =
      start_and_kill_agent({"setsid sleep 1000 & sleep 1000 & echo $PPID > shim; exec sleep 1000"});
  const int shim = std::stoi(await_file(logs() / "shim"));
  ::kill(shim, SIGKILL);
  const auto task = recover(states.at(0));
  const ExitResult result = AwaitedExit(*task).wait();
  EXPECT_THAT(result.error, HasSubstr("yurt-shim, process " + std::to_string(shim)));
  EXPECT_TRUE(task->destroy().ok());
  EXPECT_TRUE(marked_processes().empty());
}

TEST_F(RecoveryTest, says_so_when_the_machine_was_restarted) {
  const auto states = start_and_kill_agent({"exec sleep 1000"});
  nlohmann::json earlier = nlohmann::json::parse(states.at(0));
  earlier["boot_id"] = "00000000-0000-4000-8000-000000000000";
  const auto lost = recover(earlier.dump());
  EXPECT_THAT(AwaitedExit(*lost).wait().error, HasSubstr("machine was restarted"));
  EXPECT_EQ(marked_processes().size(), 1U);  // nothing of this boot was touched
  EXPECT_TRUE(recover(states.at(0))->destroy().ok());
}

TEST_F(RecoveryTest, a_task_of_which_no_trace_is_left_counts_as_lost) {
  const auto states = start_and_kill_agent({"exit 0"});
  await_no_processes();
  EXPECT_TRUE(recover(states.at(0))->destroy().ok());
  const auto gone = recover(states.at(0));
  EXPECT_FALSE(AwaitedExit(*gone).wait().error.empty());
  EXPECT_TRUE(gone->destroy().ok());
}

TEST_F(RecoveryTest, a_stop_goes_on_when_the_agent_dies_meanwhile) {
  auto task = start(shell("trap '' TERM; echo x > ready; while :; do sleep 0.01; done"));
  await_file(task_folder() / "ready");
  const std::string state = task->reattach_state();
  EXPECT_TRUE(task->stop(SIGTERM, second_ns / 20).ok());
  task.reset();
  open_driver();
  const auto again = recover(state);
  EXPECT_EQ(AwaitedExit(*again).wait().signal, SIGKILL);
  EXPECT_TRUE(again->destroy().ok());
}

TEST_F(RecoveryTest, refuses_states_that_are_not_its_own) {
  for (const char* state : {"", "{}", "[]", "nonsense", "{\"version\":99}"}) {
    const auto task = driver_->recover(state);
    ASSERT_FALSE(task.ok()) << state;
    EXPECT_EQ(task.error().code, ErrorCode::invalid_argument);
  }
}

TEST_F(RecoveryTest, a_state_cannot_lead_out_of_the_state_folder) {
  const auto states = start_and_kill_agent({"exit 0"});
  nlohmann::json outside = nlohmann::json::parse(states.at(0));
  outside["id"] = "../../orphan0";
  EXPECT_FALSE(driver_->recover(outside.dump()).ok());
  EXPECT_TRUE(recover(states.at(0))->destroy().ok());
}

}  // namespace
}  // namespace yurt::drivers
