#include "drivers/raw_exec/raw_exec.h"

#include <gmock/gmock.h>
#include <pwd.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tests/unit/drivers/raw_exec_fixture.h"

namespace yurt::drivers {
namespace {

using ::testing::HasSubstr;

TEST_F(RawExecTest, is_detected_and_healthy_when_enabled) {
  const Fingerprint found = driver_->fingerprint();
  EXPECT_TRUE(found.detected);
  EXPECT_TRUE(found.healthy) << found.health_description;
  EXPECT_THAT(found.attributes, ::testing::ElementsAre(std::pair("driver.raw_exec", "1")));
}

TEST_F(RawExecTest, is_not_detected_and_starts_nothing_when_not_enabled) {
  RawExecOptions disabled = options();
  disabled.enabled = false;
  disabled.state_folder = (folder_ / "other").string();
  driver_ = std::move(*make_raw_exec(disabled));
  EXPECT_FALSE(driver_->fingerprint().detected);
  EXPECT_EQ(try_start(shell("exit 0")).error().code, ErrorCode::failed_precondition);
}

TEST_F(RawExecTest, is_unhealthy_without_its_supervisor_program) {
  RawExecOptions broken = options();
  broken.shim_program = "/nowhere/yurt-shim";
  broken.state_folder = (folder_ / "other").string();
  driver_ = std::move(*make_raw_exec(broken));
  EXPECT_FALSE(driver_->fingerprint().healthy);
  const auto task = try_start(shell("exit 0"));
  ASSERT_FALSE(task.ok());
  EXPECT_THAT(task.error().message, HasSubstr("/nowhere/yurt-shim"));
  EXPECT_TRUE(driver_->discover()->empty());
}

TEST_F(RawExecTest, reports_success) {
  const SystemClock clock;
  const std::int64_t before = clock.wall_ns();
  const ExitResult result = run(shell("exit 0"));
  EXPECT_TRUE(result.successful());
  EXPECT_GE(result.started_at_ns, before);
  EXPECT_GE(result.finished_at_ns, result.started_at_ns);
  EXPECT_LE(result.finished_at_ns, clock.wall_ns());
  EXPECT_GT(result.peak_memory_bytes, 0);
}

TEST_F(RawExecTest, reports_the_exit_code) {
  const ExitResult result = run(shell("exit 42"));
  EXPECT_EQ(result.exit_code, 42);
  EXPECT_EQ(result.signal, 0);
  EXPECT_FALSE(result.oom_killed);
  EXPECT_EQ(result.error, "");
}

TEST_F(RawExecTest, reports_the_signal_that_ended_a_task) {
  const ExitResult result = run(shell("kill -SEGV $$"));
  EXPECT_EQ(result.signal, SIGSEGV);
  EXPECT_EQ(result.exit_code, 128 + SIGSEGV);
}

TEST_F(RawExecTest, measures_cpu_time_of_the_whole_tree) {
  const ExitResult result = run(shell("(i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done) & wait"));
  EXPECT_GT(result.cpu_time_ns, 10'000'000);
}

TEST_F(RawExecTest, stores_both_output_streams_apart) {
  run(shell("echo out; echo err >&2"));
  EXPECT_EQ(output("web", "stdout"), "out\n");
  EXPECT_EQ(output("web", "stderr"), "err\n");
}

TEST_F(RawExecTest, throws_output_away_when_logs_are_disabled) {
  TaskConfig config = shell("echo out");
  config.logs.disabled = true;
  EXPECT_TRUE(run(std::move(config)).successful());
  EXPECT_TRUE(std::filesystem::is_empty(logs()));
}

TEST_F(RawExecTest, passes_exactly_the_given_environment_the_last_of_equal_names_winning) {
  TaskConfig config = program("/usr/bin/env", {});
  config.env = {{"A", "1"}, {"B", "two words"}, {"A", "3"}, {"MARK", mark_}};
  run(std::move(config));
  EXPECT_EQ(output(), "B=two words\nA=3\nMARK=" + mark_ + "\n");
}

TEST_F(RawExecTest, scrubs_denied_environment_variables) {
  RawExecOptions scrubbing = options();
  scrubbing.denied_envvars = {"AWS_*"};
  driver_.reset();
  driver_ = std::move(*make_raw_exec(scrubbing));
  TaskConfig config = program("/usr/bin/env", {});
  config.config = R"({"command":"/usr/bin/env","denied_envvars":["TOKEN"]})";
  config.env = {{"AWS_KEY", "x"}, {"TOKEN", "y"}, {"KEPT", "z"}};
  run(std::move(config));
  EXPECT_EQ(output(), "KEPT=z\n");
}

TEST_F(RawExecTest, runs_in_the_task_folder_unless_told_otherwise) {
  run(program("/bin/pwd", {}));
  TaskConfig elsewhere = program("/bin/pwd", {});
  elsewhere.config = R"({"command":"/bin/pwd","work_dir":"/usr"})";
  run(std::move(elsewhere));
  EXPECT_EQ(output(), task_folder().string() + "\n/usr\n");
}

TEST_F(RawExecTest, gives_the_task_no_descriptor_beside_the_standard_three) {
  run(program("/bin/ls", {"/proc/self/fd"}));
  EXPECT_EQ(output(), "0\n1\n2\n3\n");  // 3 is ls reading the folder
}

TEST_F(RawExecTest, gives_the_task_default_signals_and_an_empty_input) {
  run(program("/bin/grep", {"-E", "^Sig(Blk|Ign)", "/proc/self/status"}));
  run(program("/bin/cat", {}));
  EXPECT_EQ(output(), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(RawExecTest, finds_the_command_below_the_task_folder_before_the_path) {
  std::filesystem::create_directories(task_folder() / "local");
  const auto script = task_folder() / "local" / "true";
  std::ofstream(script) << "#!/bin/sh\necho mine\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  run(program("true", {}));
  EXPECT_EQ(output(), "mine\n");
}

TEST_F(RawExecTest, finds_the_command_in_the_path_of_the_task) {
  EXPECT_EQ(run(program("false", {})).exit_code, 1);
}

TEST_F(RawExecTest, refuses_a_missing_command_for_good) {
  const auto task = try_start(program("no-such-program", {}));
  ASSERT_FALSE(task.ok());
  EXPECT_EQ(task.error().code, ErrorCode::not_found);
  EXPECT_FALSE(is_recoverable(task.error()));
  EXPECT_THAT(task.error().message, HasSubstr("no-such-program"));
  EXPECT_THAT(task.error().message, HasSubstr("/usr/local/bin:/usr/bin:/bin"));
}

TEST_F(RawExecTest, names_a_missing_interpreter_as_the_cause) {
  const auto script = task_folder() / "script";
  std::ofstream(script) << "#!/no/such/interpreter\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  const auto task = try_start(program("script", {}));
  ASSERT_FALSE(task.ok());
  EXPECT_EQ(task.error().code, ErrorCode::not_found);
  EXPECT_THAT(task.error().message, HasSubstr("interpreter"));
}

TEST_F(RawExecTest, explains_a_file_that_is_no_program) {
  const auto text = task_folder() / "text";
  std::ofstream(text) << "just words\n";
  const auto not_executable = try_start(program("text", {}));
  ASSERT_FALSE(not_executable.ok());
  EXPECT_EQ(not_executable.error().code, ErrorCode::permission_denied);
  std::filesystem::permissions(text, std::filesystem::perms::owner_all);
  const auto no_format = try_start(program("text", {}));
  ASSERT_FALSE(no_format.ok());
  EXPECT_THAT(no_format.error().message, HasSubstr("#!"));
}

TEST_F(RawExecTest, explains_a_working_folder_that_is_not_there) {
  TaskConfig config = program("/bin/pwd", {});
  config.config = R"({"command":"/bin/pwd","work_dir":"/no/such/folder"})";
  const auto task = try_start(std::move(config));
  ASSERT_FALSE(task.ok());
  EXPECT_THAT(task.error().message, HasSubstr("/no/such/folder"));
  EXPECT_FALSE(is_recoverable(task.error()));
}

TEST_F(RawExecTest, explains_arguments_that_are_too_long_for_the_kernel) {
  const auto task = try_start(program("/bin/true", {std::string(200'000, 'x')}));
  ASSERT_FALSE(task.ok());
  EXPECT_THAT(task.error().message, HasSubstr("larger than the kernel allows"));
}

TEST_F(RawExecTest, starts_nothing_twice_under_one_id) {
  TaskConfig config = shell("exec sleep 1000");
  const std::string id = config.id;
  const auto task = start(std::move(config));
  TaskConfig again = shell("exit 0");
  again.id = id;
  const auto second = try_start(std::move(again));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::already_exists);
  EXPECT_EQ(marked_processes().size(), 1U);
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(RawExecTest, refuses_ids_that_are_no_folder_names) {
  for (const char* id : {"", "../x", "a/b", ".hidden"}) {
    TaskConfig config = shell("exit 0");
    config.id = id;
    EXPECT_EQ(try_start(std::move(config)).error().code, ErrorCode::invalid_argument) << id;
  }
}

TEST_F(RawExecTest, two_agents_cannot_share_a_state_folder) {
  const auto second = make_raw_exec(options());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::failed_precondition);
}

TEST_F(RawExecTest, runs_a_task_as_another_user_with_his_groups) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  std::filesystem::permissions(logs(), std::filesystem::perms::all);
  TaskConfig config = shell("id -u; id -G; umask");
  config.user = "nobody";
  run(std::move(config));
  const passwd* nobody = ::getpwnam("nobody");
  EXPECT_EQ(output(),
            std::to_string(nobody->pw_uid) + "\n" + std::to_string(nobody->pw_gid) + "\n0022\n");
}

TEST_F(RawExecTest, accepts_a_numeric_user_without_an_account) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  TaskConfig config = shell("id -u; id -G");
  config.user = "54321";
  run(std::move(config));
  EXPECT_EQ(output(), "54321\n54321\n");
}

TEST_F(RawExecTest, refuses_an_unknown_user_for_good) {
  TaskConfig config = shell("exit 0");
  config.user = "no-such-user";
  const auto task = try_start(std::move(config));
  ASSERT_FALSE(task.ok());
  EXPECT_FALSE(is_recoverable(task.error()));
  EXPECT_THAT(task.error().message, HasSubstr("no-such-user"));
}

TEST_F(RawExecTest, refuses_users_the_agent_forbids) {
  RawExecOptions strict = options();
  strict.denied_host_uids = "0-10,54321";
  driver_.reset();
  driver_ = std::move(*make_raw_exec(strict));
  TaskConfig config = shell("exit 0");
  if (::geteuid() == 0) config.user = "54321";
  EXPECT_EQ(try_start(std::move(config)).error().code, ErrorCode::permission_denied);
}

TEST_F(RawExecTest, refuses_nonsense_in_denied_host_uids) {
  RawExecOptions wrong = options();
  wrong.state_folder = (folder_ / "other").string();
  wrong.denied_host_uids = "9-3";
  const auto driver = make_raw_exec(wrong);
  ASSERT_FALSE(driver.ok());
  EXPECT_THAT(driver.error().message, HasSubstr("denied_host_uids"));
}

TEST_F(RawExecTest, gives_the_task_its_oom_score_and_not_the_supervisors) {
  run(program("/bin/cat", {"/proc/self/oom_score_adj"}));
  TaskConfig config = shell("");
  config.config =
      R"({"command":"/bin/cat","args":["/proc/self/oom_score_adj"],"oom_score_adj":300})";
  run(std::move(config));
  EXPECT_EQ(output(), "0\n300\n");
}

TEST_F(RawExecTest, samples_a_running_task) {
  const auto task = start(shell("sleep 1000 & exec sleep 1000"));
  TaskStats stats;
  do {
    stats = task->stats().value();
  } while (stats.pids.size() < 2);
  EXPECT_EQ(stats.pids.size(), 2U);
  EXPECT_GT(stats.memory_usage_bytes, 0);
  EXPECT_GT(stats.sampled_at_ns, 0);
  EXPECT_TRUE(task->destroy().ok());
  EXPECT_FALSE(task->stats().ok());
}

TEST_F(RawExecTest, counts_cpu_time_and_percent_of_a_busy_task) {
  const auto task = start(shell("while :; do :; done"));
  static_cast<void>(task->stats());
  TaskStats stats;
  do {
    stats = task->stats().value();
  } while (stats.cpu_time_ns < second_ns / 10);
  EXPECT_GT(stats.cpu_percent, 0);
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(RawExecTest, calls_back_also_who_asks_after_the_end) {
  const auto task = start(shell("exit 3"));
  AwaitedExit(*task).wait();
  EXPECT_EQ(AwaitedExit(*task).wait().exit_code, 3);
  EXPECT_EQ(task->signal(SIGTERM).error().code, ErrorCode::failed_precondition);
  EXPECT_TRUE(task->stop(SIGTERM, second_ns).ok());
  EXPECT_TRUE(task->destroy().ok());
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(RawExecTest, delivers_signals_to_the_main_process) {
  const auto task =
      start(shell("trap 'echo usr1; exit 7' USR1; touch ready; while :; do sleep 0.01; done"));
  while (!std::filesystem::exists(task_folder() / "ready")) static_cast<void>(task->stats());
  EXPECT_EQ(task->signal(9999).error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(task->signal(SIGUSR1).ok());
  EXPECT_EQ(AwaitedExit(*task).wait().exit_code, 7);
  EXPECT_EQ(output(), "usr1\n");
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(RawExecTest, runs_a_hundred_tasks_at_once) {
  std::vector<std::shared_ptr<Task>> tasks;
  for (int i = 0; i < 100; ++i) {
    TaskConfig config = shell("echo " + std::to_string(i) + "; exec sleep 1000");
    config.logs.prefix = "web" + std::to_string(i);
    tasks.push_back(start(std::move(config)));
  }
  EXPECT_EQ(driver_->discover()->size(), 100U);
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(await_file(logs() / ("web" + std::to_string(i) + ".stdout.0")).empty());
    EXPECT_TRUE(tasks[static_cast<std::size_t>(i)]->stop(SIGTERM, 60 * second_ns).ok());
  }
  for (int i = 0; i < 100; ++i) {
    Task& task = *tasks[static_cast<std::size_t>(i)];
    EXPECT_EQ(AwaitedExit(task).wait().signal, SIGTERM);
    EXPECT_TRUE(task.destroy().ok());
    EXPECT_EQ(output("web" + std::to_string(i)), std::to_string(i) + "\n");
  }
}

TEST_F(RawExecTest, an_agent_without_tasks_leaves_no_state_behind) {
  run(shell("exit 0"));
  driver_.reset();
  EXPECT_FALSE(std::filesystem::exists(options().state_folder));
  open_driver();
}

TEST_F(RawExecTest, trusts_no_state_folder_that_others_can_write) {
  RawExecOptions shared = options();
  shared.state_folder = (folder_ / "shared").string();
  std::filesystem::create_directory(shared.state_folder);
  std::filesystem::permissions(shared.state_folder, std::filesystem::perms::all);
  EXPECT_EQ(make_raw_exec(shared).error().code, ErrorCode::failed_precondition);
}

TEST(default_state_folder, is_one_for_each_data_folder) {
  EXPECT_EQ(default_state_folder("/var/lib/yurt"), default_state_folder("/var/lib/yurt"));
  EXPECT_NE(default_state_folder("/var/lib/yurt"), default_state_folder("/var/lib/other"));
}

TEST_F(RawExecTest, a_start_survives_the_death_of_the_launching_process) {
  EXPECT_TRUE(run(shell("exit 0")).successful());
  // The launcher is a child of this process named yurt-shim.
  for (int pid : children_named("yurt-shim")) ::kill(pid, SIGKILL);
  while (!children_named("yurt-shim").empty()) {
  }
  EXPECT_TRUE(run(shell("exit 0")).successful());
}

}  // namespace
}  // namespace yurt::drivers
