#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/environment/task_environment.h"
#include "tests/support/job_builder.h"

namespace yurt::agent {
namespace {

using testing::assignment_of;

class Environment : public ::testing::Test {
 protected:
  Environment() : job_(testing::shell_job("true")), node_(std::make_shared<NodeFacts>()) {
    job_.set_name("Job Name");
    id_ = *AllocId::parse("12345678-1234-1234-1234-123456789abc");
    assignment_ = assignment_of(job_, id_);
    assignment_.set_name_index(3);
    node_->id = "node-id";
    node_->datacenter = "dc7";
    node_->region = "global";
    node_->attributes["kernel.name"] = "linux";
    node_->meta["rack"] = "r1";
  }
  model::Task& task() { return *job_.mutable_group(0)->mutable_task(0); }
  TaskEnvironment make(const std::map<std::string, std::string>& inherited = {},
                       const std::map<std::string, std::string>& extra = {}) {
    return TaskEnvironment(assignment_, job_, job_.group(0), task(),
                           {"/a/alloc", "/a/main/local", "/a/main/secrets"}, node_, inherited,
                           extra);
  }
  std::string value(const std::string& name) {
    const auto env = make();
    const auto found = env.variables().find(name);
    return found == env.variables().end() ? "(unset)" : found->second;
  }

  model::Job job_;
  AllocId id_;
  model::Assignment assignment_;
  std::shared_ptr<NodeFacts> node_;
};

TEST_F(Environment, names_the_allocation_the_job_and_the_folders) {
  EXPECT_EQ(value("NOMAD_ALLOC_ID"), "12345678-1234-1234-1234-123456789abc");
  EXPECT_EQ(value("NOMAD_SHORT_ALLOC_ID"), "12345678");
  EXPECT_EQ(value("NOMAD_ALLOC_NAME"), "job.group[3]");
  EXPECT_EQ(value("NOMAD_ALLOC_INDEX"), "3");
  EXPECT_EQ(value("NOMAD_JOB_NAME"), "Job Name");
  EXPECT_EQ(value("NOMAD_TASK_DIR"), "/a/main/local");
  EXPECT_EQ(value("NOMAD_DC"), "dc7");
  EXPECT_EQ(value("NOMAD_CPU_LIMIT"), "100");
  EXPECT_EQ(value("NOMAD_MEMORY_LIMIT"), "64");
  EXPECT_EQ(value("NOMAD_JOB_PARENT_ID"), "(unset)");
}

TEST_F(Environment, gives_ports_with_names_that_a_shell_can_read) {
  auto& port = *assignment_.mutable_resources()->mutable_shared()->add_ports();
  port.set_label("my-http");
  port.set_value(21000);
  port.set_to(8080);
  port.set_host_ip("10.1.2.3");
  EXPECT_EQ(value("NOMAD_PORT_my_http"), "8080");
  EXPECT_EQ(value("NOMAD_HOST_PORT_my_http"), "21000");
  EXPECT_EQ(value("NOMAD_ADDR_my_http"), "10.1.2.3:21000");
  EXPECT_EQ(value("NOMAD_ALLOC_PORT_my_http"), "8080");
}

TEST_F(Environment, narrower_meta_wins_and_comes_in_both_cases) {
  (*job_.mutable_meta())["a-key"] = "job";
  (*job_.mutable_meta())["only"] = "job";
  (*job_.mutable_group(0)->mutable_meta())["a-key"] = "group";
  (*task().mutable_meta())["a-key"] = "task on ${attr.kernel.name}";
  EXPECT_EQ(value("NOMAD_META_a_key"), "task on linux");
  EXPECT_EQ(value("NOMAD_META_A_KEY"), "task on linux");
  EXPECT_EQ(value("NOMAD_META_only"), "job");
}

TEST_F(Environment, what_a_dispatch_gave_wins_over_the_tasks_own_meta) {
  job_.set_dispatched(true);
  job_.mutable_parameterized()->add_meta_required("input");
  (*job_.mutable_meta())["input"] = "dispatched";
  (*task().mutable_meta())["input"] = "default";
  EXPECT_EQ(value("NOMAD_META_input"), "dispatched");
}

TEST_F(Environment, interpolates_what_it_knows_and_leaves_the_rest) {
  (*task().mutable_env())["GREETING"] = "hi ${NOMAD_TASK_NAME}";
  const auto env = make({{"PATH", "/bin"}});
  EXPECT_EQ(env.interpolate("${attr.kernel.name} ${meta.rack} ${node.datacenter} ${NOMAD_JOB_ID}"),
            "linux r1 dc7 job");
  EXPECT_EQ(env.interpolate("${env[\"PATH\"]} ${GREETING}"), "/bin hi main");
  EXPECT_EQ(env.interpolate("${attr.nope} ${x${NOMAD_TASK_NAME}} ${open"),
            "${attr.nope} ${xmain} ${open");
}

TEST_F(Environment, templates_win_over_the_job_and_the_job_over_the_host) {
  (*task().mutable_env())["X"] = "job";
  EXPECT_EQ(make({{"X", "host"}}).variables().at("X"), "job");
  EXPECT_EQ(make({{"X", "host"}}, {{"X", "template"}}).variables().at("X"), "template");
}

TEST_F(Environment, interpolates_every_string_of_a_drivers_config) {
  auto& fields = *task().mutable_config()->mutable_fields();
  fields["port"].set_number_value(80);
  fields["ratio"].set_number_value(0.5);
  fields["deep"].mutable_struct_value()->mutable_fields()->operator[]("k").set_string_value(
      "${NOMAD_TASK_NAME}");
  const auto config = nlohmann::json::parse(make().interpolate_config(task().config()));
  EXPECT_EQ(config["port"].dump(), "80");
  EXPECT_EQ(config["ratio"], 0.5);
  EXPECT_EQ(config["deep"]["k"], "main");
}

TEST_F(Environment, keeps_the_agents_secrets_from_tasks) {
  ::setenv("YURT_TEST_SECRET_KEY", "x", 1);
  ::setenv("YURT_TEST_PLAIN", "y", 1);
  const auto inherited = inherited_environment({"YURT_TEST_SECRET*"});
  EXPECT_FALSE(inherited.contains("YURT_TEST_SECRET_KEY"));
  EXPECT_EQ(inherited.at("YURT_TEST_PLAIN"), "y");
}

}  // namespace
}  // namespace yurt::agent
