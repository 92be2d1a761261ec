#include "jobspec/validate/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job_text.h"

namespace yurt::jobspec {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> errors_of(const model::Job& job, const ValidateOptions& options = {}) {
  return error_messages(validate(job, options), job);
}

std::vector<std::string> errors_of(const std::string& text) {
  return errors_of(job_with_defaults(text));
}

std::vector<std::string> warnings_of(const std::string& text) {
  const model::Job job = job_with_defaults(text);
  return warning_messages(validate(job), job);
}

std::string service_with(const std::string& content) {
  return task_job("",
                  "network {\nport \"http\" {}\n}\nservice {\nprovider = \"nomad\"\nport = "
                  "\"http\"\n" +
                      content + "\n}");
}

TEST(Validate, AcceptsAPlainJob) {
  EXPECT_THAT(errors_of(task_job("config { command = \"/bin/true\" }")), IsEmpty());
  EXPECT_THAT(warnings_of(task_job("")), IsEmpty());
}

TEST(Validate, NamesTheGroupAndTask) {
  EXPECT_THAT(errors_of(task_job("resources { memory = 5 }")),
              ElementsAre("group \"g\", task \"t\": memory must be at least 10 MB, it is 5"));
}

TEST(Validate, GivesAllErrorsAsOneText) {
  const model::Job one = job_with_defaults(task_job("resources { memory = 5 }"));
  EXPECT_EQ(errors_text(validate(one), one),
            "1 error occurred:\n\t* group \"g\", task \"t\": memory must be at least 10 MB, it is "
            "5\n\n");
  const model::Job two = job_with_defaults(task_job("resources { memory = 5 }", "count = -1"));
  EXPECT_THAT(errors_text(validate(two), two), HasSubstr("2 errors occurred:\n\t* group"));
  const model::Job none = job_with_defaults(task_job(""));
  EXPECT_EQ(errors_text(validate(none), none), "");
  EXPECT_EQ(warnings_text(validate(none), none), "");
}

TEST(Validate, PointsIntoTheFile) {
  ParsedJob parsed = parse_text(task_job("resources {\n  memory = 5\n}"));
  apply_defaults(*parsed.job);
  const auto diagnostics = to_diagnostics(validate(*parsed.job), *parsed.job, parsed.places);
  ASSERT_EQ(diagnostics.list().size(), 1U);
  EXPECT_EQ(diagnostics.list()[0].subject.to_string(), "test.nomad.hcl:8:12");
  EXPECT_THAT(hcl::render(diagnostics), HasSubstr("  memory = 5"));
}

TEST(Validate, PointsNowhereForJson) {
  model::Job job = parse_json_job(R"({"ID":"a b"})").value();
  apply_defaults(job);
  const auto diagnostics = to_diagnostics(validate(job), job, SourceMap());
  EXPECT_EQ(diagnostics.list()[0].subject.to_string(), "");
}

TEST(Validate, NeedsAnIdGroupsAndTasks) {
  model::Job job;
  apply_defaults(job);
  EXPECT_THAT(errors_of(job),
              ElementsAre("the job needs an ID", "the job needs at least one group with a task"));
  EXPECT_THAT(errors_of("job \"j\" {\ngroup \"g\" {}\n}"),
              ElementsAre("group \"g\": the group needs at least one task"));
}

TEST(Validate, LimitsTheSumOfCounts) {
  EXPECT_THAT(errors_of(task_job("", "count = 50001")), ElementsAre(HasSubstr("add up to 50001")));
  EXPECT_THAT(errors_of(task_job("", "count = 50000")), IsEmpty());
}

TEST(Validate, KeepsPriorityInItsRange) {
  EXPECT_THAT(errors_of(task_job("", "", "priority = 0")), ElementsAre(HasSubstr("from 1 to 100")));
  ValidateOptions options;
  options.max_priority = 200;
  EXPECT_THAT(errors_of(job_with_defaults(task_job("", "", "priority = 150")), options), IsEmpty());
}

TEST(Validate, RefusesDriversNobodyHas) {
  EXPECT_THAT(errors_of("job \"j\" {\ngroup \"g\" {\ntask \"t\" { driver = \"java\" }\n}\n}"),
              ElementsAre(HasSubstr("there is no driver \"java\"; the drivers are raw_exec, docker "
                                    "and compose")));
  EXPECT_THAT(errors_of("job \"j\" {\ngroup \"g\" {\ntask \"t\" { driver = \"exec\" }\n}\n}"),
              ElementsAre(HasSubstr("did you mean \"raw_exec\"?")));
  EXPECT_THAT(errors_of("job \"j\" {\ngroup \"g\" {\ntask \"t\" {}\n}\n}"),
              ElementsAre(HasSubstr("\"driver\" is required")));
}

TEST(Validate, AsksTheDriverAboutItsConfig) {
  ValidateOptions options;
  options.check_config = [](const std::string& driver, const google::protobuf::Struct& config) {
    std::vector<ConfigIssue> issues;
    if (driver == "raw_exec" && config.fields().count("command") == 0) {
      issues.push_back({"command", "command is required"});
    }
    return issues;
  };
  const model::Job job = job_with_defaults(task_job("config {}"));
  const Issues issues = validate(job, options);
  ASSERT_EQ(issues.list().size(), 1U);
  EXPECT_EQ(issues.list()[0].path, "group[0].task[0].config.command");
}

TEST(Validate, RefusesWhatYurtNeverDoesWithOneSentence) {
  EXPECT_THAT(errors_of(task_job("vault { role = \"r\" }")),
              ElementsAre(HasSubstr("Vault server, which Yurt does not use")));
  EXPECT_THAT(errors_of(task_job("", "", "multiregion {}")),
              ElementsAre(HasSubstr("register the job in each region")));
  EXPECT_THAT(errors_of(task_job("", "network { mode = \"cni/x\" }")),
              ElementsAre(HasSubstr("CNI plugins")));
  EXPECT_THAT(errors_of(task_job("", "network { mode = \"bridge\" }")),
              ElementsAre(HasSubstr("raw_exec tasks use the host's network")));
}

TEST(Validate, KeepsSystemJobsToOneAllocationANode) {
  const std::string system = "type = \"system\"\n";
  EXPECT_THAT(errors_of(task_job("", "count = 2", system)), ElementsAre(HasSubstr("0 or 1")));
  EXPECT_THAT(errors_of(task_job("", "spread { attribute = \"${node.class}\" }", system)),
              ElementsAre(HasSubstr("no use for a spread")));
  EXPECT_THAT(errors_of(task_job("", "reschedule {}", system)),
              ElementsAre(HasSubstr("not for system jobs")));
  EXPECT_THAT(errors_of(task_job("", "scaling { max = 1 }", system)),
              ElementsAre(HasSubstr("cannot scale")));
}

TEST(Validate, OrdersTheDeadlinesOfAnUpdate) {
  EXPECT_THAT(errors_of(task_job("", "update { healthy_deadline = \"10s\" }")),
              ElementsAre(HasSubstr("min_healthy_time is 10s; it must be below healthy_deadline")));
  EXPECT_THAT(errors_of(task_job("", "update { healthy_deadline = \"10m\" }")),
              ElementsAre(HasSubstr("below progress_deadline")));
  EXPECT_THAT(errors_of(task_job("",
                                 "update {\nhealthy_deadline = \"10m\"\nprogress_deadline = "
                                 "\"0\"\n}")),
              IsEmpty());
  EXPECT_THAT(errors_of(task_job("", "update { auto_promote = true }")),
              ElementsAre(HasSubstr("canary")));
  EXPECT_THAT(errors_of(task_job("kill_timeout = \"1h\"")),
              ElementsAre(HasSubstr("progress_deadline")));
}

TEST(Validate, KnowsWhereCanariesMayBePlaced) {
  EXPECT_THAT(errors_of(task_job("", "update {\ncanary = 1\ncanary_placement = \"replace\"\n}")),
              IsEmpty());
  EXPECT_THAT(errors_of(task_job("", "update {\ncanary = 1\ncanary_placement = \"above\"\n}")),
              ElementsAre(HasSubstr("canary_placement")));
  EXPECT_THAT(errors_of(task_job("", "update { canary_placement = \"replace\" }")),
              ElementsAre(HasSubstr("canary_placement needs a canary count above 0")));
}

TEST(Validate, FitsAttemptsIntoTheirInterval) {
  EXPECT_THAT(errors_of(task_job("", "restart {\nattempts = 100\ninterval = \"1m\"\n}")),
              ElementsAre(HasSubstr("group \"g\"")));
  EXPECT_THAT(errors_of(task_job("", "restart { interval = \"1s\" }")),
              Contains(HasSubstr("at least 5s")));
  EXPECT_THAT(errors_of(task_job("", "reschedule { attempts = 3 }")),
              ElementsAre(HasSubstr("unlimited = false")));
  const std::string base = "unlimited = false\ninterval = \"2m\"\n";
  EXPECT_THAT(errors_of(task_job("", "reschedule {\n" + base + "attempts = 2\n}")), IsEmpty());
  EXPECT_THAT(errors_of(task_job("", "reschedule {\n" + base + "attempts = 3\n}")),
              ElementsAre(HasSubstr("do not fit the interval of 2m0s")));
  EXPECT_THAT(errors_of(task_job(
                  "", "reschedule {\n" + base + "attempts = 3\ndelay_function = \"fibonacci\"\n}")),
              IsEmpty());
  EXPECT_THAT(
      errors_of(task_job("", "reschedule {\n" + base + "attempts = 2000000000\ndelay = \"0s\"\n}")),
      ElementsAre(HasSubstr("delay must be at least 5s")));
}

TEST(Validate, WantsPortsToExist) {
  EXPECT_THAT(errors_of(task_job("", "service {\nprovider = \"nomad\"\nport = \"x\"\n}")),
              ElementsAre(HasSubstr("no port of that label")));
  EXPECT_THAT(errors_of(task_job("", "service {\nprovider = \"nomad\"\nport = \"8080\"\n}")),
              IsEmpty());
}

TEST(Validate, WantsServiceNamesThatAreHostNames) {
  EXPECT_THAT(errors_of(service_with("name = \"a_b\"")), ElementsAre(HasSubstr("letters, digits")));
  EXPECT_THAT(errors_of(service_with("name = \"" + std::string(64, 'a') + "\"")),
              ElementsAre(HasSubstr("1 to 63")));
  EXPECT_THAT(errors_of(service_with("name = \"a-${NOMAD_DC}\"")), IsEmpty());
}

TEST(Validate, ChecksChecks) {
  EXPECT_THAT(
      errors_of(service_with("check {\ntype = \"http\"\npath = \"x\"\ninterval = "
                             "\"1ms\"\ntimeout = \"1s\"\n}")),
      ElementsAre(HasSubstr("must begin with /"), HasSubstr("interval must be at least 1s")));
  EXPECT_THAT(errors_of(service_with("check {\ntype = \"script\"\n}")),
              ElementsAre(HasSubstr("needs a command"), HasSubstr("interval must be"),
                          HasSubstr("timeout must be")));
  EXPECT_THAT(errors_of(service_with("check {\ntype = \"script\"\ncommand = \"/bin/true\"\ntask = "
                                     "\"other\"\ninterval = \"1s\"\ntimeout = \"1s\"\n}")),
              ElementsAre(HasSubstr("no task \"other\"")));
  EXPECT_THAT(errors_of(service_with("check {\ntype = \"carrier-pigeon\"\n}")),
              ElementsAre(HasSubstr("script")));
}

TEST(Validate, TreatsConsulAsItsOwnRegistryAndSaysSoOnce) {
  EXPECT_THAT(warnings_of(task_job("service { name = \"a\" }\nservice { name = \"b\" }")),
              ElementsAre(HasSubstr("treated as \"nomad\"")));
  EXPECT_THAT(errors_of(task_job("service { name = \"a\" }\nservice {\nname = \"b\"\nprovider = "
                                 "\"nomad\"\n}")),
              ElementsAre(HasSubstr("same provider")));
}

TEST(Validate, WarnsOfWhatHasNoEffect) {
  EXPECT_THAT(warnings_of(task_job("", "max_client_disconnect = \"1m\"")),
              ElementsAre(HasSubstr("\"max_client_disconnect\" has no effect")));
  EXPECT_THAT(warnings_of(task_job("", "update { stagger = \"1m\" }")),
              ElementsAre(HasSubstr("deprecated")));
}

TEST(Validate, UnderstandsConstraints) {
  const auto with = [](const std::string& content) {
    return errors_of(task_job("", "constraint {\n" + content + "\n}"));
  };
  EXPECT_THAT(with("attribute = \"${attr.x}\"\noperator = \"~=\""),
              ElementsAre(HasSubstr("no constraint operator")));
  EXPECT_THAT(with("attribute = \"${node.region}\"\nvalue = \"x\""),
              ElementsAre(HasSubstr("nothing a node has")));
  EXPECT_THAT(with("attribute = \"${attr.x}\"\nregexp = \"(\""),
              ElementsAre(HasSubstr("no regular expression")));
  EXPECT_THAT(with("attribute = \"${attr.x}\"\nversion = \"new\""),
              ElementsAre(HasSubstr("no version constraint")));
  EXPECT_THAT(with("attribute = \"${attr.x}\"\nversion = \"~> 1.2, != 1.2.3-beta\""), IsEmpty());
  EXPECT_THAT(with("distinct_property = \"${meta.rack}\"\nvalue = \"0\""),
              ElementsAre(HasSubstr("number of allocations")));
  EXPECT_THAT(errors_of(task_job("constraint { distinct_hosts = true }")),
              ElementsAre(HasSubstr("not possible in a task")));
}

TEST(Validate, ReadsTemplatesWhenTheJobIsRegistered) {
  EXPECT_THAT(errors_of(task_job("template {\ndata = \"{{ frob 1 }}\"\ndestination = \"a\"\n}")),
              Contains(HasSubstr("the function \"frob\" is not known")));
  EXPECT_THAT(errors_of(task_job("template {\ndata = \"{{ if }}\"\ndestination = \"a\"\n}")),
              ElementsAre(HasSubstr("line:1:")));
  EXPECT_THAT(errors_of(task_job("template {\ndata = \"<<env 1>>\"\nleft_delimiter = \"<<\"\n"
                                 "right_delimiter = \">>\"\ndestination = \"a\"\n}")),
              IsEmpty());
  EXPECT_THAT(errors_of(task_job("template {\ndata = \"x\"\ndestination = \"a\"\nrolling = true\n"
                                 "change_mode = \"noop\"\n}")),
              Contains(HasSubstr("rolling is for change_mode")));
}

TEST(Validate, KeepsFilesInsideTheAllocation) {
  EXPECT_THAT(errors_of(task_job("template {\ndata = \"x\"\ndestination = \"a/../../b\"\n}")),
              ElementsAre(HasSubstr("leaves the allocation's folder")));
  EXPECT_THAT(errors_of(task_job("template {\ndata = \"x\"\ndestination = \"a/../b\"\n}")),
              IsEmpty());
  EXPECT_THAT(errors_of(task_job("artifact {\nsource = \"x\"\ndestination = \"..\"\n}")),
              ElementsAre(HasSubstr("leaves the allocation's folder")));
}

TEST(Validate, KeepsLogsSmallerThanTheDisk) {
  EXPECT_THAT(errors_of(task_job("", "ephemeral_disk { size = 100 }")),
              ElementsAre(HasSubstr("10 × 10 = 100 MB")));
}

}  // namespace
}  // namespace yurt::jobspec
