// Ending tasks: stop, kill, the whole tree, out of memory, the supervisor's own death.
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tests/unit/drivers/raw_exec_fixture.h"

namespace yurt::drivers {
namespace {

using ::testing::HasSubstr;

class KillTest : public RawExecTest {
 protected:
  // A process that leaves the task's session, process group and parent, as daemons do; says its
  // pid into `file` of the task's folder once it is there.
  static std::string escapee(const std::string& file) {
    return "setsid sh -c '(setsid sh -c \"echo \\$\\$ > " + file +
           "; trap : TERM INT HUP; while :; do sleep 1000; done\" &) ; exit' & ";
  }
  std::string await(const std::string& file) { return await_file(task_folder() / file); }
};

TEST_F(KillTest, stop_sends_the_signal_and_lets_the_task_end_by_itself) {
  const auto task = start(shell("trap 'exit 5' INT; echo x > ready; while :; do sleep 0.01; done"));
  await("ready");
  EXPECT_TRUE(task->stop(SIGINT, 600 * second_ns).ok());
  const ExitResult result = AwaitedExit(*task).wait();
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_EQ(result.signal, 0);
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(KillTest, stop_kills_a_task_that_ignores_the_signal_once_the_time_has_passed) {
  const auto task = start(shell("trap '' TERM; echo x > ready; while :; do sleep 0.01; done"));
  await("ready");
  EXPECT_TRUE(task->stop(SIGTERM, second_ns / 20).ok());
  const ExitResult result = AwaitedExit(*task).wait();
  EXPECT_EQ(result.signal, SIGKILL);
  EXPECT_FALSE(result.oom_killed);
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(KillTest, a_later_stop_can_shorten_the_time_but_not_extend_it) {
  const auto task = start(shell("trap '' TERM; echo x > ready; while :; do sleep 0.01; done"));
  await("ready");
  EXPECT_TRUE(task->stop(SIGTERM, 3600 * second_ns).ok());
  EXPECT_TRUE(task->stop(SIGTERM, 1).ok());
  EXPECT_TRUE(task->stop(SIGTERM, 3600 * second_ns).ok());
  EXPECT_EQ(AwaitedExit(*task).wait().signal, SIGKILL);
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(KillTest, stop_without_time_kills_at_once) {
  const auto task = start(shell("trap 'exit 0' TERM; exec sleep 1000"));
  EXPECT_TRUE(task->stop(SIGTERM, 0).ok());
  EXPECT_EQ(AwaitedExit(*task).wait().signal, SIGKILL);
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(KillTest, destroy_ends_a_running_task_and_everything_of_it) {
  const auto task = start(shell(escapee("pid") + "exec sleep 1000"));
  await("pid");
  EXPECT_TRUE(task->destroy().ok());
  EXPECT_TRUE(marked_processes().empty());
}

TEST_F(KillTest, stopping_ends_processes_that_left_session_group_and_parent) {
  const auto task = start(shell(escapee("a") + escapee("b") + "exec sleep 1000"));
  await("a");
  await("b");
  EXPECT_TRUE(task->stop(SIGTERM, 600 * second_ns).ok());
  AwaitedExit(*task).wait();
  EXPECT_TRUE(marked_processes().empty());
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(KillTest, what_the_main_process_leaves_behind_is_killed_before_its_end_is_told) {
  const auto task =
      start(shell(escapee("pid") + "while [ ! -s pid ]; do sleep 0.01; done; exit 9"));
  EXPECT_EQ(AwaitedExit(*task).wait().exit_code, 9);
  EXPECT_TRUE(marked_processes().empty());
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(KillTest, the_tree_is_killed_without_cgroups_too) {
  driver_.reset();
  RawExecOptions bare = options();
  bare.cgroups.root_prefix = (folder_ / "no-such-root").string();
  driver_ = std::move(*make_raw_exec(bare));
  EXPECT_THAT(driver_->fingerprint().warnings, ::testing::Contains(HasSubstr("without CPU and")));
  const auto task = start(shell(escapee("pid") + "sleep 1000 & exec sleep 1000"));
  await("pid");
  while (task->stats()->pids.size() < 3) {
  }
  EXPECT_TRUE(task->stop(SIGTERM, 600 * second_ns).ok());
  const ExitResult result = AwaitedExit(*task).wait();
  EXPECT_EQ(result.signal, SIGTERM);
  EXPECT_GT(result.peak_memory_bytes, 0);
  EXPECT_TRUE(marked_processes().empty());
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(KillTest, a_task_that_keeps_forking_is_ended_whole) {
  // Every process forks a successor and ends: nobody stands still to be shot.
  const auto task =
      start(shell("cat > hop <<'E'\n[ $1 -gt 3000 ] && exit\nsetsid sh hop $(($1+1)) &\nE\n"
                  "for i in 1 2 3 4; do sh hop 0 & done; echo x > ready; exec sleep 1000"));
  await("ready");
  EXPECT_TRUE(task->stop(SIGTERM, 0).ok());
  AwaitedExit(*task).wait();
  EXPECT_TRUE(marked_processes().empty());
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(KillTest, recognises_the_kernels_kill_for_want_of_memory) {
  if (!has_cgroups()) GTEST_SKIP() << "no memory controller";
  TaskConfig config = shell("exec tail /dev/zero");
  config.resources.memory_mib = 10;
  const ExitResult result = run(std::move(config));
  EXPECT_TRUE(result.oom_killed);
  EXPECT_EQ(result.signal, SIGKILL);
  EXPECT_GE(result.peak_memory_bytes, 8 << 20);
  EXPECT_LE(result.peak_memory_bytes, 10 << 20);
}

TEST_F(KillTest, memory_max_is_the_limit_when_given) {
  if (!has_cgroups()) GTEST_SKIP() << "no memory controller";
  TaskConfig config = shell("head -c 20000000 /dev/zero | tail -c 20000000 | wc -c");
  config.resources.memory_mib = 10;
  config.resources.memory_max_mib = 200;
  EXPECT_TRUE(run(std::move(config)).successful());
  EXPECT_EQ(output(), "20000000\n");
}

TEST_F(KillTest, memory_max_of_minus_one_is_no_limit) {
  if (!has_cgroups()) GTEST_SKIP() << "no memory controller";
  TaskConfig config = shell("head -c 20000000 /dev/zero | tail -c 20000000 | wc -c");
  config.resources.memory_mib = 10;
  config.resources.memory_max_mib = -1;
  EXPECT_TRUE(run(std::move(config)).successful());
}

TEST_F(KillTest, a_kill_from_elsewhere_is_no_want_of_memory) {
  const ExitResult result = run(shell("kill -KILL $$"));
  EXPECT_EQ(result.signal, SIGKILL);
  EXPECT_FALSE(result.oom_killed);
}

TEST_F(KillTest, binds_a_task_to_its_cores) {
  if (!has_cgroups()) GTEST_SKIP() << "no cpuset controller";
  TaskConfig config = program("/bin/grep", {"Cpus_allowed_list", "/proc/self/status"});
  config.resources.cores = {0};
  run(std::move(config));
  EXPECT_EQ(output(), "Cpus_allowed_list:\t0\n");
}

TEST_F(KillTest, says_which_cores_the_machine_does_not_have) {
  if (!has_cgroups()) GTEST_SKIP() << "no cpuset controller";
  TaskConfig config = shell("exit 0");
  config.resources.cores = {4095};
  const auto task = try_start(std::move(config));
  ASSERT_FALSE(task.ok());
  EXPECT_THAT(task.error().message, HasSubstr("4095"));
}

TEST_F(KillTest, a_killed_supervisor_takes_the_task_with_it_and_is_told) {
  const auto task = start(shell(escapee("pid") + "echo $PPID > shim; exec sleep 1000"));
  await("pid");
  ::kill(std::stoi(await("shim")), SIGKILL);
  const ExitResult result = AwaitedExit(*task).wait();
  EXPECT_FALSE(result.successful());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error, HasSubstr("supervisor"));
  EXPECT_TRUE(marked_processes().empty());
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(KillTest, a_killed_supervisor_takes_the_tasks_session_with_it_without_cgroups) {
  driver_.reset();
  RawExecOptions bare = options();
  bare.cgroups.root_prefix = (folder_ / "no-such-root").string();
  driver_ = std::move(*make_raw_exec(bare));
  const auto task = start(shell("sleep 1000 & echo $PPID > shim; exec sleep 1000"));
  ::kill(std::stoi(await("shim")), SIGKILL);
  EXPECT_FALSE(AwaitedExit(*task).wait().error.empty());
  EXPECT_TRUE(task->destroy().ok());
  await_no_processes();
}

TEST_F(KillTest, signals_to_the_supervisor_from_elsewhere_change_nothing) {
  const auto task =
      start(shell("echo $PPID > shim; while [ ! -s go ]; do sleep 0.01; done; exit 4"));
  const int shim = std::stoi(await("shim"));
  for (int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGPIPE}) ::kill(shim, number);
  ASSERT_TRUE(write_file_atomically(task_folder() / "go", "x").ok());
  EXPECT_EQ(AwaitedExit(*task).wait().exit_code, 4);
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(KillTest, letting_go_of_a_task_leaves_it_running) {
  auto task = start(shell("exec sleep 1000"));
  const std::string state = task->reattach_state();
  task.reset();
  EXPECT_EQ(marked_processes().size(), 1U);
  auto again = driver_->recover(state);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE((*again)->destroy().ok());
}

}  // namespace
}  // namespace yurt::drivers
