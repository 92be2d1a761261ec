// Commands run inside a task.
#include <gmock/gmock.h>
#include <signal.h>

#include <atomic>
#include <future>
#include <thread>

#include "base/file.h"
#include "tests/unit/drivers/raw_exec_fixture.h"

namespace yurt::drivers {
namespace {

class ExecTest : public RawExecTest {
 protected:
  struct Seen {
    std::mutex mutex;
    std::condition_variable changed;
    std::string output;
    std::string error;
    std::optional<ExitResult> exit;
  };

  ExecEvents events() {
    ExecEvents events;
    events.on_output = [seen = seen_](ExecStream stream, std::string_view bytes) {
      std::lock_guard lock(seen->mutex);
      (stream == ExecStream::standard_output ? seen->output : seen->error) += bytes;
      seen->changed.notify_all();
    };
    events.on_exit = [seen = seen_](const ExitResult& result) {
      std::lock_guard lock(seen->mutex);
      seen->exit = result;
      seen->changed.notify_all();
    };
    return events;
  }
  ExitResult wait() {
    std::unique_lock lock(seen_->mutex);
    seen_->changed.wait(lock, [this] { return seen_->exit.has_value(); });
    return *seen_->exit;
  }
  void await_output(const std::string& part) {
    std::unique_lock lock(seen_->mutex);
    seen_->changed.wait(lock, [&] { return seen_->output.find(part) != std::string::npos; });
  }

  std::shared_ptr<Seen> seen_ = std::make_shared<Seen>();
};

TEST_F(ExecTest, runs_in_the_tasks_environment_folder_and_cgroup) {
  const auto task = start(shell("exec sleep 1000"));
  auto session =
      task->exec({{"sh", "-c", "echo $MARK; pwd; cat /proc/self/cgroup >&2; exit 3"}}, events());
  ASSERT_TRUE(session.ok()) << session.error().message;
  EXPECT_EQ(wait().exit_code, 3);
  EXPECT_EQ(seen_->output, mark_ + "\n" + task_folder().string() + "\n");
  if (has_cgroups()) {
    EXPECT_THAT(seen_->error, ::testing::HasSubstr(mark_ + "/" + task->id()));
  }
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(ExecTest, carries_input_and_output_whole_and_in_order) {
  const auto task = start(shell("exec sleep 1000"));
  auto session = task->exec({{"cat"}}, events());
  ASSERT_TRUE(session.ok());
  std::string sent;
  for (int i = 0; i < 200000; ++i) sent += std::to_string(i) + "\n";
  EXPECT_TRUE((*session)->write_input(sent).ok());
  EXPECT_TRUE((*session)->close_input().ok());
  EXPECT_TRUE(wait().successful());
  EXPECT_EQ(seen_->output, sent);
  EXPECT_FALSE((*session)->write_input("more").ok());
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(ExecTest, gives_a_terminal_of_the_size_asked_for) {
  const auto task = start(shell("exec sleep 1000"));
  ExecRequest request{{"sh", "-c",
                       "test -t 0 && test -t 1 && test -t 2 && stty size; read x; "
                       "stty size; echo got $x > /dev/tty"},
                      true,
                      31,
                      77};
  auto session = task->exec(request, events());
  ASSERT_TRUE(session.ok());
  await_output("31 77");
  EXPECT_TRUE((*session)->resize(40, 100).ok());
  EXPECT_TRUE((*session)->write_input("word\n").ok());
  EXPECT_TRUE(wait().successful());
  EXPECT_THAT(seen_->output, ::testing::HasSubstr("40 100"));
  EXPECT_THAT(seen_->output, ::testing::HasSubstr("got word"));
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(ExecTest, interrupts_through_the_terminal) {
  const auto task = start(shell("exec sleep 1000"));
  ExecRequest request{{"sh", "-c", "echo ready; exec sleep 1000"}, true};
  auto session = task->exec(request, events());
  ASSERT_TRUE(session.ok());
  await_output("ready");
  EXPECT_TRUE((*session)->write_input("\x03").ok());
  EXPECT_EQ(wait().signal, SIGINT);
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(ExecTest, signals_the_command) {
  const auto task = start(shell("exec sleep 1000"));
  auto session = task->exec({{"sleep", "1000"}}, events());
  ASSERT_TRUE(session.ok());
  EXPECT_FALSE((*session)->resize(1, 1).ok());
  EXPECT_TRUE((*session)->signal(SIGTERM).ok());
  EXPECT_EQ(wait().signal, SIGTERM);
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(ExecTest, letting_go_of_the_session_kills_the_command) {
  const auto task = start(shell("exec sleep 1000"));
  auto session = task->exec({{"sh", "-c", "sleep 1000 & exec sleep 1000"}}, events());
  ASSERT_TRUE(session.ok());
  session->reset();
  while (marked_processes().size() > 1) static_cast<void>(task->stats());
  EXPECT_FALSE(seen_->exit.has_value());
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(ExecTest, the_commands_end_with_the_task) {
  const auto task = start(shell("while [ ! -s go ]; do sleep 0.01; done"));
  auto session = task->exec({{"sleep", "1000"}}, events());
  ASSERT_TRUE(session.ok());
  ASSERT_TRUE(write_file_atomically(task_folder() / "go", "x").ok());
  EXPECT_EQ(wait().signal, SIGKILL);
  AwaitedExit(*task).wait();
  EXPECT_EQ(task->exec({{"true"}}, events()).error().code, ErrorCode::failed_precondition);
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(ExecTest, explains_a_command_that_is_not_there) {
  const auto task = start(shell("exec sleep 1000"));
  const auto session = task->exec({{"no-such-program"}}, events());
  ASSERT_FALSE(session.ok());
  EXPECT_EQ(session.error().code, ErrorCode::not_found);
  EXPECT_FALSE(task->exec({}, events()).ok());
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(ExecTest, runs_commands_for_many_who_ask_at_the_same_time) {
  const auto task = start(shell("exec sleep 1000"));
  std::vector<std::thread> askers;
  std::atomic<int> succeeded = 0;
  for (int i = 0; i < 30; ++i) {
    askers.emplace_back([&] {
      std::promise<bool> successful;
      ExecEvents events;
      events.on_exit = [&](const ExitResult& result) { successful.set_value(result.successful()); };
      auto session = task->exec({{"true"}}, std::move(events));
      if (session.ok() && successful.get_future().get()) ++succeeded;
    });
  }
  for (std::thread& asker : askers) asker.join();
  EXPECT_EQ(succeeded, 30);
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(ExecTest, refuses_more_commands_at_a_time_than_a_shim_can_serve) {
  const auto task = start(shell("exec sleep 1000"));
  std::vector<std::unique_ptr<ExecSession>> sessions;
  Error refusal;
  while (sessions.size() < 100) {
    auto session = task->exec({{"sleep", "1000"}}, {});
    if (!session.ok()) {
      refusal = session.error();
      break;
    }
    sessions.push_back(std::move(*session));
  }
  EXPECT_EQ(sessions.size(), 32U);
  EXPECT_EQ(refusal.code, ErrorCode::resource_exhausted);
  sessions.clear();
  EXPECT_TRUE(task->destroy().ok());
}

}  // namespace
}  // namespace yurt::drivers
