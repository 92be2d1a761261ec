// A real agent, real processes: what a user sees of tasks.
#include <gmock/gmock.h>

#include <fstream>

#include "tests/unit/agent/agent_fixture.h"
#include "tests/unit/agent/http_fixture.h"

namespace yurt::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LiveAgent : public AgentTest {};

const model::TaskState& state_of(const model::AllocUpdate& update,
                                 const std::string& task = "main") {
  return update.task_states().at(task);
}

TEST_F(LiveAgent, registers_its_node_and_beats) {
  server_->set_heartbeat_ttl(900 * nanoseconds_per_millisecond);
  start_agent();
  const auto hello = server_->await_hello();
  EXPECT_EQ(hello.node().id(), agent_->node_id());
  EXPECT_TRUE(hello.node().drivers().at("raw_exec").healthy());
  EXPECT_THAT(server_->await_heartbeat().stats_json(), HasSubstr("\"Memory\""));
  (void)server_->await_heartbeat();
}

TEST_F(LiveAgent, keeps_its_identity_over_restarts_and_shares_its_folder_with_nobody) {
  start_agent();
  const std::string id = agent_->node_id();
  (void)server_->await_hello();
  EXPECT_EQ(Agent::create(options_, clock_, random_).error().code, ErrorCode::failed_precondition);
  stop_agent();
  start_agent();
  EXPECT_EQ(agent_->node_id(), id);
  EXPECT_EQ(server_->await_hello(2).node().secret_id(), server_->await_hello(1).node().secret_id());
}

TEST_F(LiveAgent, runs_a_batch_task_and_reports_its_history) {
  start_agent();
  const AllocId id = run(shell_job("echo hello; echo oops >&2"));
  const auto update = server_->await_status(id, "complete");
  EXPECT_EQ(log(id), "hello\n");
  EXPECT_EQ(log(id, "main", "stderr"), "oops\n");
  EXPECT_THAT(event_types(state_of(update)),
              ElementsAre("Received", "Task Setup", "Started", "Terminated"));
  EXPECT_EQ(state_of(update).state(), "dead");
  EXPECT_GT(state_of(update).finished_at(), 0);
  EXPECT_GE(state_of(update).finished_at(), state_of(update).started_at());
}

TEST_F(LiveAgent, gives_the_task_its_environment_and_interpolates_its_config) {
  auto job = one_group_job();
  auto& task = add_shell_task(
      job, "main",
      "echo $NOMAD_JOB_ID $NOMAD_META_KEY $GREETING ${NOMAD_TASK_NAME} ${attr.kernel.name}"
      "; ls -d $NOMAD_ALLOC_DIR/data $NOMAD_TASK_DIR $NOMAD_SECRETS_DIR");
  (*task.mutable_meta())["key"] = "value";
  (*task.mutable_env())["GREETING"] = "hi-${node.unique.name}";
  options_.node_name = "node7";
  start_agent();
  const AllocId id = run(job);
  server_->await_status(id, "complete");
  const std::string folder = alloc_folder(id).string();
  EXPECT_EQ(log(id), "job value hi-node7 main linux\n" + folder + "/alloc/data\n" + folder +
                         "/main/local\n" + folder + "/main/secrets\n");
}

TEST_F(LiveAgent, a_failing_task_fails_the_allocation_with_its_exit_code) {
  start_agent();
  const AllocId id = run(shell_job("exit 7"));
  const auto update = server_->await_status(id, "failed");
  EXPECT_TRUE(state_of(update).failed());
  EXPECT_EQ(state_of(update).events(3).exit_code(), 7);
  EXPECT_EQ(update.client_description(), "Failed tasks");
}

TEST_F(LiveAgent, restarts_within_the_policy_and_then_fails) {
  auto job = shell_job("echo run; exit 1");
  auto& restart = *job.mutable_group(0)->mutable_restart();
  restart.set_attempts(2);
  restart.set_delay(20 * nanoseconds_per_millisecond);
  start_agent();
  const AllocId id = run(job);
  const auto update = server_->await_status(id, "failed");
  EXPECT_EQ(log(id), "run\nrun\nrun\n");
  EXPECT_EQ(state_of(update).restarts(), 2U);
  EXPECT_TRUE(has_event(state_of(update), "Not Restarting"));
}

TEST_F(LiveAgent, a_command_that_does_not_exist_fails_at_once_with_the_reason) {
  auto job = shell_job("true");
  (*job.mutable_group(0)->mutable_task(0)->mutable_config()->mutable_fields())["command"]
      .set_string_value("/no/such/program");
  job.mutable_group(0)->mutable_restart()->set_attempts(5);
  start_agent();
  const auto update = server_->await_status(run(job), "failed");
  EXPECT_TRUE(has_event(state_of(update), "Driver Failure"));
}

TEST_F(LiveAgent, an_unusable_config_or_an_unknown_driver_fails_with_a_sentence) {
  auto wrong_config = shell_job("true");
  (*wrong_config.mutable_group(0)->mutable_task(0)->mutable_config()->mutable_fields())["comand"]
      .set_string_value("x");
  auto wrong_driver = shell_job("true");
  wrong_driver.set_id("other");
  wrong_driver.mutable_group(0)->mutable_task(0)->set_driver("qemu");
  start_agent();
  const auto config = server_->await_status(run(wrong_config), "failed");
  EXPECT_THAT(state_of(config).DebugString(), HasSubstr("comand"));
  const auto driver = server_->await_status(run(wrong_driver), "failed");
  EXPECT_THAT(state_of(driver).DebugString(), HasSubstr("no driver"));
}

TEST_F(LiveAgent, stops_a_running_task_when_the_servers_say_so) {
  start_agent();
  const AllocId id = run(shell_job("trap 'echo bye; exit 0' INT; while :; do sleep 0.05; done"));
  server_->await_status(id, "running");
  server_->change(id, [](model::Assignment& a) { a.set_desired_status("stop"); });
  const auto update = server_->await_status(id, "complete");
  EXPECT_EQ(log(id), "bye\n");
  EXPECT_TRUE(has_event(state_of(update), "Killing"));
  EXPECT_TRUE(has_event(state_of(update), "Killed"));
}

TEST_F(LiveAgent, kills_a_task_that_does_not_end_in_time) {
  auto job = shell_job("trap '' INT; while :; do sleep 0.05; done");
  job.mutable_group(0)->mutable_task(0)->set_kill_timeout(50 * nanoseconds_per_millisecond);
  start_agent();
  const AllocId id = run(job);
  server_->await_status(id, "running");
  server_->change(id, [](model::Assignment& a) { a.set_desired_status("stop"); });
  const auto update = server_->await_status(id, "complete");
  bool killed_by_force = false;
  for (const auto& event : state_of(update).events()) killed_by_force |= event.signal() == 9;
  EXPECT_TRUE(killed_by_force);
}

TEST_F(LiveAgent, runs_lifecycle_hooks_in_their_order) {
  auto job = one_group_job();
  const auto note = [](const std::string& word) {
    return "echo " + word + " >> $NOMAD_ALLOC_DIR/data/order";
  };
  auto& main = add_shell_task(job, "main",
                              "while ! grep -q poststart $NOMAD_ALLOC_DIR/data/order; "
                              "do sleep 0.02; done; " +
                                  note("main"));
  (void)main;
  add_shell_task(job, "init", note("prestart")).mutable_lifecycle()->set_hook("prestart");
  add_shell_task(job, "hook", note("poststart")).mutable_lifecycle()->set_hook("poststart");
  add_shell_task(job, "clean", note("poststop")).mutable_lifecycle()->set_hook("poststop");
  auto& sidecar = add_shell_task(job, "proxy", "sleep 1000");
  sidecar.mutable_lifecycle()->set_hook("prestart");
  sidecar.mutable_lifecycle()->set_sidecar(true);
  start_agent();
  const AllocId id = run(job);
  server_->await_status(id, "complete");
  EXPECT_EQ(read(alloc_folder(id) / "alloc/data/order"), "prestart\npoststart\nmain\npoststop\n");
}

TEST_F(LiveAgent, renders_templates_before_the_start_and_takes_variables_from_them) {
  auto job = one_group_job();
  auto& task = add_shell_task(job, "main", "cat local/conf; echo $FROM_TEMPLATE");
  auto& conf = *task.add_template_();
  conf.set_data("job={{ env \"NOMAD_JOB_ID\" }} {{ range loop 2 }}{{ . }}{{ end }}\n");
  conf.set_destination("local/conf");
  auto& env = *task.add_template_();
  env.set_data("FROM_TEMPLATE={{ \"x\" | toUpper }}");
  env.set_destination("${NOMAD_SECRETS_DIR}/env");
  env.set_env(true);
  start_agent();
  const AllocId id = run(job);
  server_->await_status(id, "complete");
  EXPECT_EQ(log(id), "job=job 01\nX\n");
}

TEST_F(LiveAgent, a_template_that_cannot_be_read_fails_the_task_with_the_place) {
  auto job = shell_job("true");
  auto& broken = *job.mutable_group(0)->mutable_task(0)->add_template_();
  broken.set_data("{{ nope }}");
  broken.set_destination("local/x");
  start_agent();
  const auto update = server_->await_status(run(job), "failed");
  EXPECT_THAT(state_of(update).DebugString(), HasSubstr("is not known"));
}

TEST_F(LiveAgent, restarts_a_task_when_a_file_its_template_reads_has_changed) {
  auto job = one_group_job("service");
  auto& task =
      add_shell_task(job, "main", "cat local/out >> $NOMAD_ALLOC_DIR/data/seen; sleep 1000");
  auto& block = *task.add_template_();
  block.set_data("{{ file \"${NOMAD_ALLOC_DIR}/data/in\" }}");
  block.set_destination("local/out");
  block.set_splay(0);
  auto& init = add_shell_task(job, "init", "echo one > $NOMAD_ALLOC_DIR/data/in");
  init.mutable_lifecycle()->set_hook("prestart");
  start_agent();
  const AllocId id = run(job);
  const auto data = alloc_folder(id) / "alloc" / "data";
  EXPECT_EQ(await_file(data / "seen"), "one\n");
  std::ofstream(data / "in") << "two\n";
  server_->await_update(id, [](const model::AllocUpdate& update) {
    return state_of(update).restarts() == 1 && state_of(update).state() == "running";
  });
  await([&] { return read(data / "seen") == "one\ntwo\n"; });
}

TEST_F(LiveAgent, fetches_artifacts_and_says_when_they_cannot_be_had) {
  HttpFixture http;
  http.serve("/data.txt", {.body = "payload", .location = {}});
  auto good = one_group_job();
  add_shell_task(good, "main", "cat local/data.txt")
      .add_artifact()
      ->set_source(http.url("/data.txt"));
  auto bad = shell_job("true");
  bad.set_id("bad");
  bad.mutable_group(0)->mutable_task(0)->add_artifact()->set_source(http.url("/none"));
  start_agent();
  const AllocId good_id = run(good);
  const auto update = server_->await_status(good_id, "complete");
  EXPECT_EQ(log(good_id), "payload");
  EXPECT_TRUE(has_event(state_of(update), "Downloading Artifacts"));
  const auto failed = server_->await_status(run(bad), "failed");
  EXPECT_TRUE(has_event(state_of(failed), "Failed Artifact Download"));
}

TEST_F(LiveAgent, hands_a_dispatched_payload_to_the_task) {
  auto job = shell_job("cat local/in/put.json");
  job.set_payload("{\"n\":1}");
  job.mutable_group(0)->mutable_task(0)->mutable_dispatch_payload()->set_file("in/put.json");
  start_agent();
  const AllocId id = run(job);
  server_->await_status(id, "complete");
  EXPECT_EQ(log(id), "{\"n\":1}");
}

TEST_F(LiveAgent, recognises_a_task_that_ran_out_of_memory) {
  if (::geteuid() != 0) GTEST_SKIP() << "memory limits need cgroups";
  auto job = shell_job("head -c 300M /dev/zero | tail");
  auto assignment = assignment_of(job, new_alloc_id());
  assignment.mutable_resources()->mutable_tasks()->at("main").mutable_memory()->set_memory_mb(32);
  start_agent();
  if (!server_->await_hello().node().attributes().contains("unique.cgroup.version")) {
    GTEST_SKIP() << "no cgroups here";
  }
  const AllocId id = run(job, assignment);
  const auto update = server_->await_status(id, "failed");
  EXPECT_THAT(state_of(update).DebugString(), HasSubstr("OOM"));
}

TEST_F(LiveAgent, a_successor_waits_for_its_predecessor_and_takes_its_sticky_data_over) {
  auto job = one_group_job();
  job.mutable_group(0)->mutable_ephemeral_disk()->set_sticky(true);
  add_shell_task(job, "main",
                 "cat $NOMAD_ALLOC_DIR/data/model 2>/dev/null; echo trained > "
                 "$NOMAD_ALLOC_DIR/data/model; [ -e local/again ] || "
                 "{ touch local/again; sleep 1000; }");
  start_agent();
  const AllocId first = run(job);
  await_file(alloc_folder(first) / "alloc/data/model");
  auto assignment = assignment_of(job, new_alloc_id());
  assignment.set_previous_allocation(first.to_bytes());
  const AllocId second = run(job, assignment);
  server_->await_update(second, [](const model::AllocUpdate& update) {
    return has_event(state_of(update), "Waiting for previous allocation");
  });
  EXPECT_EQ(server_->latest(second)->client_status(), "pending");
  server_->change(first, [](model::Assignment& a) { a.set_desired_status("stop"); });
  server_->await_status(second, "complete");
  EXPECT_EQ(log(second), "trained\n");
}

TEST_F(LiveAgent, max_run_duration_ends_the_allocation_as_complete) {
  auto job = shell_job("sleep 1000");
  job.mutable_group(0)->set_max_run_duration(300 * nanoseconds_per_millisecond);
  start_agent();
  const auto update = server_->await_status(run(job), "complete");
  EXPECT_THAT(update.client_description(), HasSubstr("max_run_duration"));
}

TEST_F(LiveAgent, reports_the_health_of_a_deployments_allocation) {
  auto job = shell_job("sleep 1000", "service");
  auto& rule = *job.mutable_group(0)->mutable_update();
  rule.set_health_check("task_states");
  rule.set_min_healthy_time(100 * nanoseconds_per_millisecond);
  rule.set_healthy_deadline(60 * nanoseconds_per_second);
  auto assignment = assignment_of(job, new_alloc_id());
  assignment.set_deployment_id(new_alloc_id().to_bytes());
  assignment.set_canary(true);
  start_agent();
  const AllocId id = run(job, assignment);
  const auto update = server_->await_update(
      id, [](const model::AllocUpdate& one) { return one.deployment_status().has_healthy(); });
  EXPECT_TRUE(update.deployment_status().healthy());
  EXPECT_TRUE(update.deployment_status().canary());
  auto failing = shell_job("exit 1", "service");
  failing.set_id("failing");
  *failing.mutable_group(0)->mutable_update() = rule;
  auto unhealthy = assignment_of(failing, new_alloc_id());
  unhealthy.set_deployment_id(new_alloc_id().to_bytes());
  const auto verdict = server_->await_update(run(failing, unhealthy), [](const auto& one) {
    return one.deployment_status().has_healthy();
  });
  EXPECT_FALSE(verdict.deployment_status().healthy());
}

TEST_F(LiveAgent, removes_what_the_servers_have_forgotten) {
  start_agent();
  const AllocId id = run(shell_job("sleep 1000"));
  server_->await_status(id, "running");
  server_->forget(id);
  await([&] { return agent_->held_allocations() == 0; });
  EXPECT_FALSE(std::filesystem::exists(alloc_folder(id)));
}

TEST_F(LiveAgent, removes_the_folders_of_finished_allocations_beyond_the_limit) {
  options_.gc.interval_ns = 100 * nanoseconds_per_millisecond;
  options_.gc.max_allocs = 1;
  start_agent();
  std::vector<AllocId> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(run(shell_job("true")));
    server_->await_status(ids.back(), "complete");
  }
  await([&] { return agent_->held_allocations() <= 1; });
  EXPECT_FALSE(std::filesystem::exists(alloc_folder(ids[0])));
  EXPECT_FALSE(std::filesystem::exists(alloc_folder(ids[1])));
  EXPECT_TRUE(std::filesystem::exists(alloc_folder(ids[2])));
}

TEST_F(LiveAgent, sends_again_what_was_not_acknowledged_when_the_connection_broke) {
  start_agent();
  (void)server_->await_hello();
  server_->acknowledge(false);
  const AllocId id = run(shell_job("true"));
  await_file(options_.data_dir / "node-id");
  await([&] {
    return !(read(alloc_folder(id) / "alloc/logs/main.stdout.0").empty() &&
             !std::filesystem::exists(alloc_folder(id) / "alloc/logs/main.stdout.0"));
  });
  server_->acknowledge(true);
  server_->drop_connections();
  server_->await_status(id, "complete");
  EXPECT_GE(server_->hellos(), 2U);
}

TEST_F(LiveAgent, goes_to_the_leader_it_is_told) {
  FakeServer follower;
  follower.answer_not_leader(server_->address());
  options_.servers = {follower.address()};
  start_agent();
  (void)server_->await_hello();
  server_->await_status(run(shell_job("true")), "complete");
}

TEST_F(LiveAgent, lets_tasks_run_on_while_no_server_can_be_reached) {
  start_agent();
  const AllocId id = run(shell_job("while [ ! -e local/end ]; do sleep 0.02; done; echo done"));
  server_->await_status(id, "running");
  server_->answer_not_leader("");
  server_->drop_connections();
  std::ofstream(alloc_folder(id) / "main/local/end") << "x";
  await([&] { return log(id) == "done\n"; });
  server_->lead();
  server_->await_status(id, "complete");
}

TEST_F(LiveAgent, stops_work_that_others_take_over_when_it_is_cut_off) {
  auto job = shell_job("sleep 1000", "service");
  job.mutable_group(0)->mutable_disconnect()->set_stop_on_client_after(500 *
                                                                       nanoseconds_per_millisecond);
  start_agent();
  const AllocId id = run(job);
  server_->await_status(id, "running");
  server_->answer_not_leader("");
  server_->drop_connections();
  await([&] { return server_->hellos() >= 4; });
  server_->lead();
  const auto update = server_->await_status(id, "complete");
  EXPECT_TRUE(has_event(state_of(update), "Killed"));
}

TEST_F(LiveAgent, answers_for_allocations_it_cannot_run) {
  start_agent();
  auto stopped = assignment_of(shell_job("true"), new_alloc_id());
  stopped.set_desired_status("stop");
  EXPECT_EQ(server_->await_status(run(shell_job("true"), stopped), "complete").client_description(),
            "Stopped before it was started");
}

TEST_F(LiveAgent, takes_a_new_job_version_in_place_without_disturbing_the_task) {
  auto job = shell_job("trap '' INT; while :; do sleep 0.05; done", "service");
  start_agent();
  auto assignment = assignment_of(job, new_alloc_id());
  const AllocId id = run(job, assignment);
  const auto before = server_->await_status(id, "running");
  job.set_version(1);
  job.mutable_group(0)->mutable_task(0)->set_kill_timeout(50 * nanoseconds_per_millisecond);
  assignment.set_job_version(1);
  assignment.set_alloc_modify_index(5);
  server_->assign(assignment, shared(job));
  server_->change(id, [](model::Assignment& a) { a.set_desired_status("stop"); });
  const auto after = server_->await_status(id, "complete");
  EXPECT_EQ(state_of(after).started_at(), state_of(before).started_at());
  EXPECT_THAT(state_of(after).DebugString(), HasSubstr("Waiting 50ms before force killing"));
}

TEST_F(LiveAgent, runs_many_short_tasks) {
  start_agent();
  (void)server_->await_hello();
  constexpr std::size_t count = 200;
  const auto job = shared(shell_job("exit 0"));
  for (std::size_t i = 0; i < count; ++i) server_->assign(assignment_of(*job, new_alloc_id()), job);
  server_->await_count("complete", count);
}

}  // namespace
}  // namespace yurt::agent
