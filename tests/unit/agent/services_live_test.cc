// Services and checks of real tasks: what the servers are told of them.
#include <gmock/gmock.h>

#include "proto/release.pb.h"
#include "tests/unit/agent/agent_fixture.h"
#include "tests/unit/agent/http_fixture.h"

namespace yurt::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t a_second = nanoseconds_per_second;

class LiveServices : public AgentTest {
 protected:
  // A service job whose group has a service "web" that the fixture answers for.
  model::Job serving_job(const std::string& script = "exec sleep 1000") {
    model::Job job = shell_job(script, "service");
    auto& service = *job.mutable_group(0)->add_service();
    service.set_name("web");
    service.set_address("127.0.0.1");
    const std::string url = http_.url("");
    service.set_port(url.substr(url.rfind(':') + 1));
    service.add_tags("v${NOMAD_ALLOC_INDEX}");
    service.add_canary_tags("canary");
    (*service.mutable_meta())["group"] = "${NOMAD_GROUP_NAME}";
    return job;
  }
  static model::Check& add_check(model::Job& job, const std::string& type) {
    auto& check = *job.mutable_group(0)->mutable_service(0)->add_check();
    check.set_name(type + " check");
    check.set_type(type);
    check.set_path("/health");
    check.set_interval(100 * nanoseconds_per_millisecond);
    check.set_timeout(20 * a_second);
    return check;
  }
  model::AllocUpdate await_health(AllocId id, const std::string& health) {
    return server_->await_update(id, [&](const model::AllocUpdate& update) {
      return update.services().services_size() == 1 &&
             update.services().services(0).health() == health;
    });
  }
  std::string check_results(AllocId id) {
    model::SessionRequest request;
    request.mutable_alloc_checks()->set_alloc_id(id.to_string());
    const auto answer = server_->ask(request);
    return answer.frames.empty() ? "" : answer.frames.front().json().json();
  }

  HttpFixture http_;
};

TEST_F(LiveServices, are_offered_while_their_tasks_run_and_withdrawn_before_these_are_killed) {
  model::Job job = serving_job("trap '' INT TERM; sleep 1000");
  job.mutable_group(0)->set_shutdown_delay(3600 * a_second);
  start_agent();
  const AllocId id = run(job);
  const auto told = await_health(id, "passing").services().services(0);
  EXPECT_EQ(told.service_name(), "web");
  EXPECT_EQ(told.address(), "127.0.0.1");
  EXPECT_GT(told.port(), 0);
  EXPECT_THAT(told.tags(), ElementsAre("v0"));
  EXPECT_EQ(told.meta().at("group"), "group");
  EXPECT_THAT(told.id(), HasSubstr("_nomad-task-" + id.to_string() + "-group-group-web-"));
  server_->change(id, [](model::Assignment& assignment) { assignment.set_desired_status("stop"); });
  const auto update = server_->await_update(id, [](const model::AllocUpdate& one) {
    return one.has_services() && one.services().services().empty();
  });
  EXPECT_EQ(update.client_status(), "running") << "withdrawn while shutdown_delay still runs";
}

TEST_F(LiveServices, have_the_health_of_their_checks) {
  http_.serve("/health", {.status = 503, .body = "warming up"});
  model::Job job = serving_job();
  add_check(job, "http");
  add_check(job, "tcp");
  start_agent();
  const AllocId id = run(job);
  await_health(id, "critical");
  await([&] { return check_results(id).find("warming up") != std::string::npos; });
  EXPECT_THAT(check_results(id), HasSubstr("\"StatusCode\":503"));
  http_.serve("/health", {});
  await_health(id, "passing");
  EXPECT_THAT(check_results(id), HasSubstr("\"Status\":\"success\""));
  EXPECT_THAT(check_results(id), HasSubstr("\"Mode\":\"healthiness\""));
  http_.serve("/health", {.status = 500});
  await_health(id, "critical");
}

TEST_F(LiveServices, run_scripts_inside_the_task) {
  model::Job job = serving_job("touch here; sleep 1000");
  auto& check = add_check(job, "script");
  check.set_command("/bin/sh");
  check.add_args("-c");
  check.add_args("test -e state || { echo no state yet; exit 2; }; exit $(cat state)");
  check.set_task("main");
  start_agent();
  const AllocId id = run(job);
  await_health(id, "critical");
  await([&] { return check_results(id).find("no state yet") != std::string::npos; });
  const auto write = [&](const std::string& code) {
    model::SessionRequest request;
    request.mutable_exec()->set_alloc_id(id.to_string());
    request.mutable_exec()->set_task("main");
    for (const char* word : {"/bin/sh", "-c"}) request.mutable_exec()->add_command(word);
    request.mutable_exec()->add_command("echo " + code + " > state.new && mv state.new state");
    (void)server_->ask(request, {}, [](const auto& answer) {
      return !answer.frames.empty() && answer.frames.back().exec().exited();
    });
  };
  write("1");
  await_health(id, "warning");
  write("0");
  await_health(id, "passing");
}

TEST_F(LiveServices, restart_their_task_when_a_check_fails_too_often_and_the_policy_counts_it) {
  http_.serve("/health", {.status = 500});
  model::Job job = serving_job();
  auto& restart = *job.mutable_group(0)->mutable_restart();
  restart.set_attempts(1);
  restart.set_delay(1);
  auto& check = add_check(job, "http");
  check.mutable_check_restart()->set_limit(3);
  check.mutable_check_restart()->set_grace(0);
  start_agent();
  const AllocId id = run(job);
  const auto update = server_->await_status(id, "failed");
  const auto& state = update.task_states().at("main");
  EXPECT_EQ(state.restarts(), 1U);
  EXPECT_TRUE(has_event(state, "Restart Signaled"));
  EXPECT_TRUE(has_event(state, "Not Restarting"));
  bool said_why = false;
  for (const auto& event : state.events()) {
    said_why |= event.display_message() == "healthcheck: check \"http check\" unhealthy";
  }
  EXPECT_TRUE(said_why);
  EXPECT_EQ(update.services().services_size(), 0);
}

TEST_F(LiveServices, change_their_tags_with_the_promotion_and_without_a_restart) {
  model::Job job = serving_job();
  start_agent();
  const AllocId id = new_alloc_id();
  auto assignment = assignment_of(job, id);
  assignment.set_canary(true);
  run(job, assignment);
  const auto canary = await_health(id, "passing").services().services(0);
  EXPECT_THAT(canary.tags(), ElementsAre("canary"));
  EXPECT_TRUE(canary.canary());
  server_->change(id, [](model::Assignment& one) { one.set_canary(false); });
  const auto promoted = server_->await_update(id, [](const model::AllocUpdate& update) {
    return update.services().services_size() == 1 && !update.services().services(0).canary();
  });
  EXPECT_THAT(promoted.services().services(0).tags(), ElementsAre("v0"));
  EXPECT_EQ(promoted.task_states().at("main").restarts(), 0U);
}

TEST_F(LiveServices, decide_about_the_deployment_together_with_their_tasks) {
  http_.serve("/health", {.status = 500});
  model::Job job = serving_job();
  add_check(job, "http");
  auto& update = *job.mutable_group(0)->mutable_update();
  update.set_health_check("checks");
  update.set_min_healthy_time(1);
  update.set_healthy_deadline(3600 * a_second);
  start_agent();
  const AllocId id = new_alloc_id();
  auto assignment = assignment_of(job, id);
  assignment.set_deployment_id(new_alloc_id().to_bytes());
  run(job, assignment);
  EXPECT_FALSE(await_health(id, "critical").has_deployment_status());
  http_.serve("/health", {});
  const auto verdict = server_->await_update(
      id, [](const model::AllocUpdate& one) { return one.deployment_status().has_healthy(); });
  EXPECT_TRUE(verdict.deployment_status().healthy());
}

TEST_F(LiveServices, stay_healthy_while_the_agent_is_exchanged) {
  http_.serve("/health", {});
  model::Job job = serving_job();
  add_check(job, "http").set_interval(3600 * a_second);
  start_agent();
  const AllocId id = run(job);
  await_health(id, "passing");
  stop_agent();
  const std::size_t before = server_->reports(id);
  http_.serve("/health", {.status = 500});
  start_agent();
  await([&] { return server_->reports(id) > before; });
  // The first report of the new agent, before its check has run; then the check speaks.
  await_health(id, "critical");
}

}  // namespace
}  // namespace yurt::agent
