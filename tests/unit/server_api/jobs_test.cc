#include "tests/unit/server_api/api_fixture.h"

namespace yurt::server {
namespace {

class JobsTest : public ApiTest {
 protected:
  Result<model::JobRegisterResponse> try_register(const model::JobRegisterRequest& request) {
    return call<model::JobRegisterResponse>("RegisterJob", request);
  }
  static model::JobRegisterRequest request_for(const model::Job& job) {
    model::JobRegisterRequest request;
    *request.mutable_job() = job;
    return request;
  }
  JobRef stored(const std::string& id) { return core.snapshot().job({"default", id}); }
  EvalRef eval(const std::string& id) { return core.snapshot().eval(EvalId::parse_or_nil(id)); }
};

TEST_F(JobsTest, registering_stores_the_job_with_its_defaults_and_an_evaluation) {
  const auto answer = registered(job_named("train"));
  const auto job = stored("train");
  ASSERT_TRUE(job);
  EXPECT_EQ(job->priority(), 50);
  EXPECT_EQ(job->region(), "global");
  EXPECT_EQ(answer.job_modify_index(), job->job_modify_index());
  EXPECT_EQ(answer.index(), answer.eval_create_index());
  ASSERT_TRUE(eval(answer.eval_id()));
  EXPECT_EQ(eval(answer.eval_id())->triggered_by(), "job-register");
  EXPECT_EQ(eval(answer.eval_id())->status(), "pending");
  EXPECT_EQ(eval(answer.eval_id())->priority(), 50);
}

TEST_F(JobsTest, an_evaluation_priority_that_is_asked_for_wins) {
  auto request = request_for(job_named("train"));
  request.set_eval_priority(90);
  const auto answer = try_register(request);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(eval(answer->eval_id())->priority(), 90);
}

TEST_F(JobsTest, periodic_and_parameterized_jobs_get_no_evaluation) {
  model::Job job = job_named("nightly");
  job.mutable_periodic()->add_crons("@daily");
  EXPECT_EQ(registered(job).eval_id(), "");
  model::Job dispatched = job_named("render");
  dispatched.mutable_parameterized();
  EXPECT_EQ(registered(dispatched).eval_id(), "");
}

TEST_F(JobsTest, what_is_wrong_with_a_job_is_told_all_at_once) {
  model::Job job = job_named("has space");
  job.mutable_group(0)->mutable_task(0)->clear_driver();
  const auto answer = try_register(request_for(job));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(answer.error().message.find("2 errors occurred"), std::string::npos)
      << answer.error().message;
}

TEST_F(JobsTest, a_namespace_or_pool_that_does_not_exist_is_refused) {
  auto request = request_for(job_named("a"));
  request.mutable_write()->set_namespace_("nowhere");
  const auto lost = try_register(request);
  ASSERT_FALSE(lost.ok());
  EXPECT_NE(lost.error().message.find("nonexistent namespace \"nowhere\""), std::string::npos);
  model::Job job = job_named("a");
  job.set_node_pool("gpu");
  const auto poolless = try_register(request_for(job));
  ASSERT_FALSE(poolless.ok());
  EXPECT_NE(poolless.error().message.find("nonexistent node pool \"gpu\""), std::string::npos);
}

TEST_F(JobsTest, the_querys_namespace_wins_over_the_bodys_and_that_over_the_jobs) {
  for (const char* name : {"query", "body", "job"}) {
    model::Command command;
    command.mutable_upsert_namespaces()->add_namespaces()->set_name(name);
    core.apply(std::move(command));
  }
  model::Job job = job_named("a");
  job.set_namespace_("job");
  auto request = request_for(job);
  ASSERT_TRUE(try_register(request).ok());
  EXPECT_TRUE(core.snapshot().job({"job", "a"}));
  request.set_namespace_("body");
  ASSERT_TRUE(try_register(request).ok());
  EXPECT_TRUE(core.snapshot().job({"body", "a"}));
  request.mutable_write()->set_namespace_("query");
  ASSERT_TRUE(try_register(request).ok());
  EXPECT_TRUE(core.snapshot().job({"query", "a"}));
}

TEST_F(JobsTest, an_enforced_index_must_be_the_stored_jobs) {
  auto request = request_for(job_named("a"));
  request.set_enforce_index(true);
  request.set_job_modify_index(5);
  EXPECT_EQ(try_register(request).error().message,
            "Enforcing job modify index 5: job does not exist");
  request.set_job_modify_index(0);
  const auto first = try_register(request);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(try_register(request).error().message,
            "Enforcing job modify index 0: job already exists");
  request.set_job_modify_index(first->job_modify_index());
  EXPECT_TRUE(try_register(request).ok());
}

TEST_F(JobsTest, registering_the_same_again_makes_an_evaluation_and_no_version) {
  const auto first = registered(job_named("a"));
  const auto second = registered(job_named("a"));
  EXPECT_EQ(stored("a")->version(), 0u);
  EXPECT_EQ(second.job_modify_index(), first.job_modify_index());
  EXPECT_TRUE(eval(second.eval_id()));
}

TEST_F(JobsTest, what_the_live_job_has_is_preserved_when_asked) {
  model::Job job = job_named("a");
  job.mutable_group(0)->set_count(7);
  job.mutable_group(0)->mutable_task(0)->mutable_resources()->set_cpu(777);
  registered(job);
  auto request = request_for(job_named("a"));
  request.set_preserve_counts(true);
  request.set_preserve_resources(true);
  request.mutable_job()->set_priority(60);
  ASSERT_TRUE(try_register(request).ok());
  EXPECT_EQ(stored("a")->group(0).count(), 7);
  EXPECT_EQ(stored("a")->group(0).task(0).resources().cpu(), 777);
  EXPECT_EQ(stored("a")->priority(), 60);
}

TEST_F(JobsTest, nothing_is_registered_while_the_operator_forbids_it) {
  registered(job_named("a"));
  model::SchedulerConfigurationRequest forbid;
  forbid.mutable_configuration()->set_reject_job_registration(true);
  ASSERT_TRUE(call<model::SchedulerConfigurationSetResponse>("SetSchedulerConfiguration", forbid)
                  ->updated());
  const auto answer = try_register(request_for(job_named("b")));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::permission_denied);
}

TEST_F(JobsTest, a_source_that_is_too_long_is_dropped_with_a_warning) {
  auto request = request_for(job_named("a"));
  request.mutable_submission()->set_source(std::string(1'000'001, '#'));
  const auto answer = try_register(request);
  ASSERT_TRUE(answer.ok());
  EXPECT_NE(answer->warnings().find("is discarded"), std::string::npos);
  request.mutable_job()->set_priority(51);
  request.mutable_submission()->set_source("job \"a\" {}");
  ASSERT_TRUE(try_register(request).ok());
  model::JobSubmissionRequest read;
  read.set_job_id("a");
  read.set_version(1);
  EXPECT_EQ(call<model::JobSubmissionResponse>("ReadJobSubmission", read)->submission().source(),
            "job \"a\" {}");
  read.set_version(0);
  EXPECT_EQ(call<model::JobSubmissionResponse>("ReadJobSubmission", read).error().message,
            "job source not found");
}

TEST_F(JobsTest, stopping_keeps_the_job_and_purging_forgets_it) {
  registered(job_named("a"));
  model::JobDeregisterRequest request;
  request.set_job_id("a");
  const auto stopped = call<model::JobDeregisterResponse>("DeregisterJob", request);
  ASSERT_TRUE(stopped.ok());
  EXPECT_TRUE(stored("a")->stop());
  EXPECT_EQ(eval(stopped->eval_id())->triggered_by(), "job-deregister");
  request.set_purge(true);
  ASSERT_TRUE(call<model::JobDeregisterResponse>("DeregisterJob", request).ok());
  EXPECT_FALSE(stored("a"));
  const auto unknown = call<model::JobDeregisterResponse>("DeregisterJob", request);
  ASSERT_TRUE(unknown.ok());
  EXPECT_EQ(unknown->eval_id(), "");
}

TEST_F(JobsTest, evaluating_by_force_marks_failed_allocations) {
  const auto answer = registered(job_named("a"));
  const auto node = id_number<NodeId>(1);
  const auto failed = id_number<AllocId>(2), running = id_number<AllocId>(3);
  core.apply(node_named("n", node));
  const auto eval_id = *EvalId::parse(answer.eval_id());
  core.apply(placed(core, {"default", "a"}, failed, node, eval_id));
  core.apply(placed(core, {"default", "a"}, running, node, eval_id));
  core.apply(reported(failed, "failed"));
  core.apply(reported(running, "running"));
  model::JobEvaluateRequest request;
  request.set_job_id("a");
  request.mutable_eval_options()->set_force_reschedule(true);
  const auto evaluated = call<model::JobRegisterResponse>("EvaluateJob", request);
  ASSERT_TRUE(evaluated.ok());
  EXPECT_TRUE(eval(evaluated->eval_id()));
  EXPECT_TRUE(core.snapshot().alloc(failed)->more().transition.force_reschedule);
  EXPECT_FALSE(core.snapshot().alloc(running)->more().transition.force_reschedule);
  request.set_job_id("b");
  EXPECT_EQ(call<model::JobRegisterResponse>("EvaluateJob", request).error().message,
            "job not found");
}

TEST_F(JobsTest, reverting_registers_the_old_version_as_a_new_one) {
  registered(job_named("a"));
  model::Job changed = job_named("a");
  changed.set_priority(70);
  registered(changed);
  model::JobRevertRequest request;
  request.set_job_id("a");
  request.set_job_version(1);
  EXPECT_EQ(call<model::JobRegisterResponse>("RevertJob", request).error().message,
            "can't revert to current version");
  request.set_job_version(9);
  EXPECT_EQ(call<model::JobRegisterResponse>("RevertJob", request).error().code,
            ErrorCode::not_found);
  request.set_job_version(0);
  request.set_enforce_prior_version(0);
  EXPECT_FALSE(call<model::JobRegisterResponse>("RevertJob", request).ok());
  request.set_enforce_prior_version(1);
  ASSERT_TRUE(call<model::JobRegisterResponse>("RevertJob", request).ok());
  EXPECT_EQ(stored("a")->version(), 2u);
  EXPECT_EQ(stored("a")->priority(), 50);
}

TEST_F(JobsTest, versions_are_listed_newest_first_with_what_changed_between_them) {
  registered(job_named("a"));
  model::Job changed = job_named("a");
  changed.set_priority(70);
  registered(changed);
  model::JobVersionsRequest request;
  request.set_job_id("a");
  request.set_diffs(true);
  const auto answer = call<model::JobVersionsResponse>("ListJobVersions", request);
  ASSERT_TRUE(answer.ok());
  ASSERT_EQ(answer->versions_size(), 2);
  EXPECT_EQ(answer->versions(0).version(), 1u);
  ASSERT_EQ(answer->diffs_size(), 1);
  EXPECT_EQ(answer->diffs(0).type(), "Edited");
  EXPECT_EQ(answer->index(), answer->query_meta().index());
  request.set_job_id("b");
  EXPECT_EQ(call<model::JobVersionsResponse>("ListJobVersions", request).error().message,
            "job versions not found");
}

TEST_F(JobsTest, a_version_can_be_called_stable) {
  registered(job_named("a"));
  model::JobStabilityRequest request;
  request.set_job_id("a");
  request.set_stable(true);
  ASSERT_TRUE(call<model::JobStabilityResponse>("SetJobStability", request).ok());
  EXPECT_TRUE(stored("a")->stable());
}

TEST_F(JobsTest, scaling_changes_one_groups_count_and_keeps_the_event) {
  registered(job_named("a"));
  model::JobScaleRequest request;
  request.set_job_id("a");
  (*request.mutable_target())["Group"] = "work";
  request.set_count(4);
  request.set_message("more");
  const auto answer = call<model::JobRegisterResponse>("ScaleJob", request);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(stored("a")->group(0).count(), 4);
  EXPECT_EQ(eval(answer->eval_id())->triggered_by(), "job-scaling");
  model::JobReadRequest read;
  read.set_job_id("a");
  const auto status = call<model::JobScaleStatusResponse>("ReadJobScaleStatus", read);
  ASSERT_TRUE(status.ok());
  const auto& group = status->task_groups().at("work");
  EXPECT_EQ(group.desired(), 4);
  ASSERT_EQ(group.events_size(), 1);
  EXPECT_EQ(group.events(0).previous_count(), 1);
  EXPECT_EQ(group.events(0).message(), "more");
  EXPECT_EQ(group.events(0).eval_id(), answer->eval_id());
}

TEST_F(JobsTest, an_event_without_a_count_is_only_recorded) {
  registered(job_named("a"));
  model::JobScaleRequest request;
  request.set_job_id("a");
  (*request.mutable_target())["Group"] = "work";
  request.set_message("no data");
  request.set_error(true);
  const auto answer = call<model::JobRegisterResponse>("ScaleJob", request);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->eval_id(), "");
  EXPECT_EQ(stored("a")->version(), 0u);
}

TEST_F(JobsTest, scaling_beyond_the_policy_or_during_a_deployment_is_refused) {
  model::Job job = job_named("a");
  auto* policy = job.mutable_group(0)->mutable_scaling();
  policy->set_min(1);
  policy->set_max(5);
  const auto first = registered(job);
  model::JobScaleRequest request;
  request.set_job_id("a");
  (*request.mutable_target())["Group"] = "work";
  request.set_count(6);
  const auto beyond = call<model::JobRegisterResponse>("ScaleJob", request);
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().code, ErrorCode::invalid_argument);

  model::Command command;
  auto* plan = command.mutable_apply_plans()->add_plans();
  plan->set_eval_id(EvalId::parse(first.eval_id())->to_bytes());
  plan->set_namespace_("default");
  plan->set_job_id("a");
  auto* deployment = plan->mutable_deployment();
  deployment->set_id(id_number<DeploymentId>(7).to_string());
  deployment->set_namespace_("default");
  deployment->set_job_id("a");
  deployment->set_job_create_index(stored("a")->create_index());
  deployment->set_status("running");
  core.apply(std::move(command));
  request.set_count(3);
  const auto during = call<model::JobRegisterResponse>("ScaleJob", request);
  ASSERT_FALSE(during.ok());
  EXPECT_EQ(during.error().message, "job scaling blocked due to active deployment");
  request.set_job_id("b");
  EXPECT_EQ(call<model::JobRegisterResponse>("ScaleJob", request).error().code,
            ErrorCode::not_found);
}

TEST_F(JobsTest, planning_shows_what_would_happen_and_changes_nothing) {
  registered(job_named("a"));
  const std::uint64_t before = core.snapshot().index();
  (*core.outcome.annotations.mutable_desired_tg_updates())["work"].set_place(1);
  core.outcome.failed_groups["work"].set_nodes_evaluated(3);
  model::JobPlanRequest request;
  *request.mutable_job() = job_named("a");
  request.mutable_job()->set_priority(70);
  request.set_diff(true);
  const auto answer = call<model::JobPlanResponse>("PlanJob", request);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->annotations().desired_tg_updates().at("work").place(), 1u);
  EXPECT_EQ(answer->failed_tg_allocs().at("work").nodes_evaluated(), 3);
  EXPECT_EQ(answer->job_modify_index(), stored("a")->job_modify_index());
  EXPECT_EQ(answer->diff().type(), "Edited");
  EXPECT_EQ(core.snapshot().index(), before);
}

TEST_F(JobsTest, validating_lists_errors_without_failing) {
  model::JobValidateRequest request;
  *request.mutable_job() = job_named("has space");
  const auto answer = call<model::JobValidateResponse>("ValidateJob", request);
  ASSERT_TRUE(answer.ok());
  EXPECT_TRUE(answer->driver_config_validated());
  EXPECT_EQ(answer->validation_errors_size(), 1);
  EXPECT_NE(answer->error(), "");
}

TEST_F(JobsTest, parsing_turns_a_job_file_into_a_job) {
  model::JobParseRequest request;
  request.set_job_hcl(R"(
    variable "n" { default = 1 }
    job "a" {
      type = "batch"
      group "g" {
        count = var.n
        task "t" { 
          driver = "raw_exec" 
          config { command = "/bin/true" }
        }
      }
    })");
  request.set_variables("n = 3");
  const auto answer = call<model::JobParseResponse>("ParseJob", request);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->job().group(0).count(), 3);
  EXPECT_FALSE(answer->job().has_priority());
  request.set_canonicalize(true);
  EXPECT_EQ(call<model::JobParseResponse>("ParseJob", request)->job().priority(), 50);
  request.set_job_hcl("job \"a\" { cuont = 3 }");
  const auto wrong = call<model::JobParseResponse>("ParseJob", request);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, ErrorCode::invalid_argument);
}

TEST_F(JobsTest, a_jobs_allocations_leave_out_those_of_an_earlier_job_of_that_name) {
  const auto node = id_number<NodeId>(1);
  core.apply(node_named("n", node));
  const auto place = [&](std::uint8_t number) {
    const auto eval_id = *EvalId::parse(registered(job_named("a")).eval_id());
    core.apply(placed(core, {"default", "a"}, id_number<AllocId>(number), node, eval_id));
  };
  place(1);
  model::JobDeregisterRequest purge;
  purge.set_job_id("a");
  purge.set_purge(true);
  ASSERT_TRUE(call<model::JobDeregisterResponse>("DeregisterJob", purge).ok());
  place(2);
  model::JobAllocationsRequest request;
  request.set_job_id("a");
  const auto own = call<model::AllocationListResponse>("ListJobAllocations", request);
  ASSERT_TRUE(own.ok());
  ASSERT_EQ(own->allocations_size(), 1);
  EXPECT_EQ(own->allocations(0).id(), id_number<AllocId>(2).to_string());
  EXPECT_EQ(own->allocations(0).node_name(), "n");
  request.set_all(true);
  EXPECT_EQ(call<model::AllocationListResponse>("ListJobAllocations", request)->allocations_size(),
            2);
}

}  // namespace
}  // namespace yurt::server
