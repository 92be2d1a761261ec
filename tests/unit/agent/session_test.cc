// What people ask of a running agent: logs, files, exec, statistics, restart, signal.
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/unit/agent/agent_fixture.h"

namespace yurt::agent {
namespace {

using ::testing::HasSubstr;

class AgentSession : public AgentTest {
 protected:
  AllocId running(const std::string& script) {
    start_agent();
    const AllocId id = run(shell_job(script, "service"));
    server_->await_status(id, "running");
    return id;
  }
  FakeServer::Answer logs(AllocId id, const std::function<void(model::LogsRequest&)>& edit = {},
                          const std::function<bool(const FakeServer::Answer&)>& enough = {}) {
    model::SessionRequest request;
    request.mutable_logs()->set_alloc_id(id.to_string());
    request.mutable_logs()->set_task("main");
    request.mutable_logs()->set_type("stdout");
    if (edit) edit(*request.mutable_logs());
    return server_->ask(request, {}, enough);
  }
  template <typename Edit>
  FakeServer::Answer file(AllocId id, const std::string& path, Edit pick) {
    model::SessionRequest request;
    auto& asked = *pick(request);
    asked.set_alloc_id(id.to_string());
    asked.set_path(path);
    return server_->ask(request);
  }
};

TEST_F(AgentSession, logs_come_from_the_wanted_place) {
  start_agent();
  const AllocId id = run(shell_job("echo one; echo two"));
  server_->await_status(id, "complete");
  EXPECT_EQ(logs(id).data(), "one\ntwo\n");
  EXPECT_EQ(logs(id, [](model::LogsRequest& r) { r.set_offset(4); }).data(), "two\n");
  const auto end = logs(id, [](model::LogsRequest& r) {
    r.set_origin("end");
    r.set_offset(4);
  });
  EXPECT_EQ(end.data(), "two\n");
  EXPECT_EQ(end.frames[0].stream().file(), "alloc/logs/main.stdout.0");
  EXPECT_EQ(end.end.code(), "");
}

TEST_F(AgentSession, followed_logs_show_new_lines_and_end_with_the_task) {
  start_agent();
  const AllocId id =
      run(shell_job("echo one; while [ ! -e local/end ]; do sleep 0.02; done; echo two"));
  server_->await_status(id, "running");
  bool told = false;
  const auto answer = logs(
      id, [](model::LogsRequest& r) { r.set_follow(true); },
      [&](const FakeServer::Answer& so_far) {
        if (!told && so_far.data() == "one\n") {
          std::ofstream(alloc_folder(id) / "main/local/end") << "x";
          told = true;
        }
        return false;
      });
  EXPECT_EQ(answer.data(), "one\ntwo\n");
  EXPECT_EQ(answer.end.code(), "");
}

TEST_F(AgentSession, logs_of_what_does_not_exist_are_refused_with_a_sentence) {
  const AllocId id = running("sleep 1000");
  const auto task = logs(id, [](model::LogsRequest& r) { r.set_task("nobody"); });
  EXPECT_EQ(task.end.code(), "not_found");
  EXPECT_THAT(task.end.message(), HasSubstr("nobody"));
  EXPECT_EQ(logs(new_alloc_id()).end.code(), "not_found");
}

TEST_F(AgentSession, files_are_listed_described_and_read) {
  const AllocId id = running("printf k > secrets/key; printf 0123456789 > local/f; sleep 1000");
  await_file(alloc_folder(id) / "main/local/f");
  const auto list = file(id, "main/local", [](auto& r) { return r.mutable_list_files(); });
  ASSERT_EQ(list.frames.size(), 1U);
  EXPECT_EQ(list.frames[0].files().files(0).name(), "f");
  const auto stat = file(id, "main/local/f", [](auto& r) { return r.mutable_stat_file(); });
  EXPECT_EQ(stat.frames[0].stat().file().size(), 10);
  EXPECT_EQ(file(id, "main/local/f", [](auto& r) { return r.mutable_read_file(); }).data(),
            "0123456789");
  const auto part = file(id, "main/local/f", [](auto& r) {
    r.mutable_read_file()->set_offset(2);
    r.mutable_read_file()->set_limit(3);
    return r.mutable_read_file();
  });
  EXPECT_EQ(part.data(), "234");
  const auto stream = file(id, "main/local/f", [](auto& r) {
    r.mutable_stream_file()->set_follow(false);
    return r.mutable_stream_file();
  });
  EXPECT_EQ(stream.data(), "0123456789");
  EXPECT_EQ(file(id, "main/secrets/key", [](auto& r) { return r.mutable_read_file(); }).end.code(),
            "permission_denied");
  EXPECT_EQ(file(id, "../../node-secret", [](auto& r) { return r.mutable_read_file(); }).end.code(),
            "permission_denied");
  EXPECT_EQ(file(id, "main/none", [](auto& r) { return r.mutable_stat_file(); }).end.code(),
            "not_found");
}

TEST_F(AgentSession, exec_runs_a_command_in_the_task_with_input_output_and_exit_code) {
  const AllocId id = running("sleep 1000");
  model::SessionRequest request;
  auto& exec = *request.mutable_exec();
  exec.set_alloc_id(id.to_string());
  exec.set_task("main");
  for (const char* word : {"/bin/sh", "-c", "cat; echo $NOMAD_TASK_NAME; exit 3"}) {
    exec.add_command(word);
  }
  model::SessionFrame input;
  input.mutable_exec()->set_stdin("typed\n");
  model::SessionFrame close;
  close.mutable_exec()->set_stdin_close(true);
  const auto answer = server_->ask(request, {input, close});
  std::string out;
  int code = -1;
  for (const auto& frame : answer.frames) {
    out += frame.exec().stdout();
    if (frame.exec().exited()) code = frame.exec().exit_code();
  }
  EXPECT_EQ(out, "typed\nmain\n");
  EXPECT_EQ(code, 3);
  EXPECT_EQ(answer.end.code(), "");
}

TEST_F(AgentSession, exec_in_a_task_that_does_not_run_is_refused) {
  start_agent();
  const AllocId id = run(shell_job("true"));
  server_->await_status(id, "complete");
  model::SessionRequest request;
  request.mutable_exec()->set_alloc_id(id.to_string());
  request.mutable_exec()->set_task("main");
  request.mutable_exec()->add_command("true");
  EXPECT_EQ(server_->ask(request).end.code(), "failed_precondition");
}

TEST_F(AgentSession, statistics_of_the_node_and_of_an_allocation) {
  const AllocId id = running("while :; do :; done");
  model::SessionRequest node;
  node.mutable_node_stats();
  const auto host = nlohmann::json::parse(server_->ask(node).frames.at(0).json().json());
  EXPECT_TRUE(host.contains("Memory"));
  model::SessionRequest alloc;
  alloc.mutable_alloc_stats()->set_alloc_id(id.to_string());
  const auto stats = nlohmann::json::parse(server_->ask(alloc).frames.at(0).json().json());
  EXPECT_TRUE(stats["Tasks"].contains("main"));
}

TEST_F(AgentSession, a_restart_by_hand_runs_the_task_again) {
  const AllocId id = running("echo run; sleep 1000");
  model::SessionRequest request;
  request.mutable_restart()->set_alloc_id(id.to_string());
  EXPECT_EQ(server_->ask(request).end.code(), "");
  server_->await_update(id, [](const model::AllocUpdate& update) {
    const auto& state = update.task_states().at("main");
    return state.restarts() == 1 && state.state() == "running";
  });
  request.mutable_restart()->set_task_name("nobody");
  EXPECT_EQ(server_->ask(request).end.code(), "not_found");
}

TEST_F(AgentSession, a_signal_reaches_the_task_and_its_history) {
  const AllocId id = running("trap 'echo got' USR1; echo ready; while :; do sleep 0.02; done");
  await([&] { return log(id) == "ready\n"; });
  model::SessionRequest request;
  request.mutable_signal()->set_alloc_id(id.to_string());
  request.mutable_signal()->set_task("main");
  request.mutable_signal()->set_signal("SIGUSR1");
  EXPECT_EQ(server_->ask(request).end.code(), "");
  await([&] { return log(id) == "ready\ngot\n"; });
  server_->await_update(id, [](const model::AllocUpdate& update) {
    return has_event(update.task_states().at("main"), "Signaling");
  });
  request.mutable_signal()->set_signal("SIGNONSENSE");
  EXPECT_EQ(server_->ask(request).end.code(), "invalid_argument");
}

TEST_F(AgentSession, a_caller_that_leaves_ends_its_session) {
  const AllocId id = running("while :; do echo line; sleep 0.02; done");
  const auto answer = logs(
      id, [](model::LogsRequest& r) { r.set_follow(true); },
      [](const FakeServer::Answer& so_far) { return so_far.frames.size() > 2; });
  EXPECT_GT(answer.frames.size(), 2U);
  stop_agent();  // would wait for the session if it went on
}

}  // namespace
}  // namespace yurt::agent
