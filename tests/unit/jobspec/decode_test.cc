#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job_text.h"
#include "jobspec/json/write.h"

namespace yurt::jobspec {
namespace {

using testing::HasSubstr;

std::string errors_of(const std::string& text, ParseOptions options = {}) {
  const ParsedJob parsed = parse_text(text, std::move(options));
  EXPECT_FALSE(parsed.job.has_value());
  std::string all;
  for (const auto& diagnostic : parsed.diagnostics.list()) all += hcl::one_line(diagnostic) + "\n";
  return all;
}

TEST(Decode, PointsAtAnUnknownArgumentAndNamesTheClosest) {
  const std::string errors = errors_of("job \"j\" {\n  group \"g\" {\n    cuont = 3\n  }\n}\n");
  EXPECT_THAT(errors, HasSubstr("test.nomad.hcl:3:5"));
  EXPECT_THAT(errors, HasSubstr("\"count\""));
}

TEST(Decode, PointsAtAnUnknownBlockAndNamesTheClosest) {
  const std::string errors = errors_of("job \"j\" {\n  gruop \"g\" {}\n}\n");
  EXPECT_THAT(errors, HasSubstr("test.nomad.hcl:2:3"));
  EXPECT_THAT(errors, HasSubstr("\"group\""));
}

TEST(Decode, ReportsAllMistakesAtOnce) {
  const std::string errors = errors_of(
      "job \"j\" {\n  priority = \"high\"\n  group \"g\" {\n    count = 1.5\n    task \"t\" {\n"
      "      kill_timeout = \"soon\"\n      leader = []\n    }\n  }\n}\n");
  EXPECT_THAT(errors, HasSubstr(":2:14"));
  EXPECT_THAT(errors, HasSubstr(":4:13"));
  EXPECT_THAT(errors, HasSubstr("a whole number is required"));
  EXPECT_THAT(errors, HasSubstr(":6:22"));
  EXPECT_THAT(errors, HasSubstr("is not a duration"));
  EXPECT_THAT(errors, HasSubstr(":7:16"));
}

TEST(Decode, RefusesNumbersThatDoNotFit) {
  EXPECT_THAT(errors_of(task_job("", "count = 3000000000")), HasSubstr("does not fit"));
  EXPECT_THAT(
      errors_of(task_job("", "spread {\nattribute = \"a\"\ntarget \"x\" { percent = -1 }\n}")),
      HasSubstr("from 0"));
}

TEST(Decode, RefusesTheSameNameAsArgumentAndBlock) {
  EXPECT_THAT(errors_of(task_job("meta = { a = 1 }\nmeta { b = 2 }")),
              HasSubstr("use one or the other"));
  EXPECT_THAT(errors_of(task_job("env { a = 1 }\nenv { b = 2 }")),
              HasSubstr("only one is allowed"));
}

TEST(Decode, RefusesASecondBlockWhereThereIsOne) {
  EXPECT_THAT(errors_of(task_job("resources {}\nresources {}")), HasSubstr("only one is allowed"));
}

TEST(Decode, WantsLabelsWhereTheyBelong) {
  EXPECT_THAT(errors_of("job \"j\" {\n group {}\n}"), HasSubstr("name"));
  EXPECT_THAT(errors_of("job {}"), HasSubstr("label"));
  EXPECT_THAT(errors_of(task_job("", "service \"x\" {}")), HasSubstr("take no label"));
}

TEST(Decode, WantsExactlyOneJob) {
  EXPECT_THAT(errors_of(""), HasSubstr("needs one block: job"));
  EXPECT_THAT(errors_of("job \"a\" {}\njob \"b\" {}"), HasSubstr("the first is at"));
}

TEST(Decode, RecognisesApiJsonGivenAsAJobFile) {
  EXPECT_THAT(errors_of(R"({"Job":{"ID":"a","TaskGroups":[{"Name":"g"}]}})"), HasSubstr("-json"));
}

TEST(Decode, RefusesTwoOperatorsInOneConstraint) {
  EXPECT_THAT(
      errors_of(
          "job \"j\" {\nconstraint {\nattribute = \"a\"\nversion = \"1\"\nregexp = \"x\"\n}\n}"),
      HasSubstr("one operator"));
}

TEST(Decode, RefusesConfigNestedTooDeeply) {
  std::string nested;
  for (int i = 0; i < 30; ++i) nested += "[";
  nested.append(30, ']');
  EXPECT_THAT(errors_of(task_job("config {\nx = " + nested + "\n}")), HasSubstr("levels deep"));
}

TEST(Decode, RefusesASecondDefaultIdentity) {
  EXPECT_THAT(errors_of(task_job("identity {}\nidentity { name = \"default\" }")),
              HasSubstr("give this one a name"));
}

TEST(Decode, RefusesAnUnknownKindOfTaskScaling) {
  EXPECT_THAT(errors_of(task_job("scaling \"disk\" { max = 1 }")), HasSubstr("\"cpu\" or \"mem\""));
}

TEST(Decode, TakesNullAsNotWritten) {
  const auto job = job_from(task_job("kill_timeout = null\nuser = null", "count = null"));
  EXPECT_FALSE(job.group(0).has_count());
  EXPECT_FALSE(job.group(0).task(0).has_kill_timeout());
}

TEST(Decode, LeavesOutDefaults) {
  const auto job = job_from("job \"j\" {\n group \"g\" {}\n}");
  EXPECT_EQ(job.id(), "j");
  EXPECT_EQ(job.name(), "j");
  EXPECT_FALSE(job.has_type());
  EXPECT_FALSE(job.group(0).has_count());
}

TEST(Decode, KnowsWhereEachFieldWasWritten) {
  const ParsedJob parsed = parse_text(
      "job \"j\" {\n  task \"a\" {\n    driver = \"x\"\n  }\n  group \"g\" {\n    task \"b\" "
      "{\n      resources {\n        memory = 1\n      }\n    }\n  }\n}\n");
  EXPECT_EQ(parsed.places.find("group[0].task[0].driver").to_string(), "test.nomad.hcl:3:14");
  EXPECT_EQ(parsed.places.find("group[1].task[0].resources.memory").to_string(),
            "test.nomad.hcl:8:18");
  EXPECT_EQ(parsed.places.find("group[1].task[0].resources.cpu").to_string(), "test.nomad.hcl:7:7");
  EXPECT_EQ(parsed.places.find("group[1].count").to_string(), "test.nomad.hcl:5:3");
  EXPECT_EQ(parsed.places.find("type").to_string(), "test.nomad.hcl:1:1");
}

TEST(Decode, KeepsPlacesOfPortsThroughSorting) {
  const ParsedJob parsed = parse_text(task_job(
      "", "network {\nport \"a\" {}\nport \"b\" { static = 1 }\nport \"c\" {\nto = 2\n}\n}"));
  EXPECT_EQ(parsed.places.find("group[0].network[0].reserved_ports[0].static").start().line, 6U);
  EXPECT_EQ(parsed.places.find("group[0].network[0].dynamic_ports[1].to").start().line, 8U);
}

TEST(Decode, RecordsTheSubmission) {
  ParseOptions options;
  options.variables = {{"n", "2"}};
  options.variable_files = {hcl::make_source("a.vars", "m = 1")};
  const std::string text =
      "variable \"n\" { type = number }\nvariable \"m\" { type = number }\njob \"j\" {\n"
      "group \"g\" { count = var.n }\n}";
  const ParsedJob parsed = parse_text(text, options);
  ASSERT_TRUE(parsed.job) << hcl::render(parsed.diagnostics);
  EXPECT_EQ(parsed.submission.source(), text);
  EXPECT_EQ(parsed.submission.format(), "hcl2");
  EXPECT_EQ(parsed.submission.variable_flags().at("n"), "2");
  EXPECT_EQ(parsed.submission.variables(), "m = 1\n");
}

TEST(Decode, MindsUndeclaredVariablesOnlyWhenStrict) {
  ParseOptions options;
  options.variables = {{"x", "2"}};
  EXPECT_THAT(errors_of("job \"j\" {}", options), HasSubstr("x"));
  options.strict = false;
  EXPECT_TRUE(parse_text("job \"j\" {}", options).job.has_value());
}

TEST(Decode, RefusesFileFunctionsWithoutAFolder) {
  EXPECT_THAT(errors_of("job \"j\" {\nname = file(\"/etc/hostname\")\n}"), HasSubstr("file"));
}

TEST(ParseJsonJob, TakesAWrappedAndABareJob) {
  EXPECT_EQ(parse_json_job(R"({"Job":{"ID":"a"}})")->id(), "a");
  EXPECT_EQ(parse_json_job(R"({"ID":"b"})")->id(), "b");
  EXPECT_FALSE(parse_json_job("[]").ok());
}

}  // namespace
}  // namespace yurt::jobspec
