#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job_text.h"
#include "jobspec/validate/validate.h"

namespace yurt::jobspec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> batch_errors(const std::string& job, const std::string& task = "",
                                      const std::string& type = "batch") {
  const model::Job parsed =
      job_with_defaults(task_job(task, "", "type = \"" + type + "\"\n" + job));
  return error_messages(validate(parsed), parsed);
}

TEST(ValidateBatch, LanesAndOverrides) {
  EXPECT_THAT(batch_errors("parameterized {\nmax_running = 20\nallow_override = [\"cpu\", "
                           "\"memory\", \"device\", \"count\", \"constraint\"]\n}"),
              IsEmpty());
  EXPECT_THAT(batch_errors("parameterized {\nmax_running = -1\nallow_override = [\"disk\"]\n}"),
              ElementsAre(HasSubstr("max_running must not be negative"),
                          HasSubstr("each of allow_override must be one of")));
}

TEST(ValidateBatch, SchedulesThatHaveNoLaunchLeft) {
  const auto errors = [](const std::string& crons, std::int64_t now_ns) {
    const model::Job job = job_with_defaults(
        task_job("", "", "type = \"batch\"\nperiodic {\ncrons = [" + crons + "]\n}"));
    ValidateOptions options;
    options.now_ns = now_ns;
    return error_messages(validate(job, options), job);
  };
  const std::int64_t in_2026 = 1'780'000'000'000'000'000;
  EXPECT_THAT(errors("\"0 0 30 2 *\"", in_2026), ElementsAre(HasSubstr("no launch left")));
  EXPECT_THAT(errors("\"0 0 * * * 2025\"", in_2026), ElementsAre(HasSubstr("no launch left")));
  EXPECT_THAT(errors("\"0 0 * * * 2025\", \"@daily\"", in_2026), IsEmpty());
  EXPECT_THAT(batch_errors("periodic {\ncrons = [\"@daily\"]\njitter = \"-1s\"\n}"),
              ElementsAre(HasSubstr("jitter must not be negative")));
}

TEST(ValidateBatch, Dependencies) {
  EXPECT_THAT(batch_errors("after {\njob = \"features\"\n}"), IsEmpty());
  EXPECT_EQ(job_with_defaults(task_job("", "", "after {\njob = \"a\"\n}")).after(0).status(),
            "complete");
  EXPECT_THAT(batch_errors("after {\njob = \"j\"\n}"), ElementsAre(HasSubstr("wait for itself")));
  EXPECT_THAT(batch_errors("after {\n}"), ElementsAre("\"job\" is required"));
  EXPECT_THAT(batch_errors("after {\njob = \"a\"\nstatus = \"started\"\n}"),
              ElementsAre(HasSubstr("\"complete\", \"failed\", \"dead\"")));
  EXPECT_THAT(batch_errors("after {\njob = \"a\"\n}\nafter {\njob = \"a\"\n}"),
              ElementsAre(HasSubstr("twice")));
  EXPECT_THAT(batch_errors("after {\njob = \"a\"\n}", "", "service"),
              ElementsAre(HasSubstr("only batch and sysbatch")));
}

TEST(ValidateBatch, SweepsNeedAParameterizedJobThatKnowsTheirParameters) {
  const std::string sweep = "sweep {\nparameter \"lr\" {\nvalues = [1, 2]\n}\n}";
  EXPECT_THAT(batch_errors(sweep), ElementsAre(HasSubstr("needs a parameterized job")));
  EXPECT_THAT(batch_errors("parameterized {\n}\n" + sweep),
              ElementsAre(HasSubstr("\"lr\" reaches trials as meta")));
  EXPECT_THAT(batch_errors("parameterized {\nmeta_required = [\"lr\"]\n}\n" + sweep), IsEmpty());
  EXPECT_THAT(batch_errors("parameterized {\nmeta_required = [\"lr\"]\n}\nsweep {\n}"),
              ElementsAre(HasSubstr("at least one parameter")));
}

TEST(ValidateBatch, RetriesWithMoreMemory) {
  EXPECT_THAT(batch_errors("", "on_failure \"oom\" {\nmemory_factor = 1.5\nattempts = 2\n}"),
              IsEmpty());
  const model::Job job = job_with_defaults(task_job("on_failure \"oom\" {\n}"));
  EXPECT_EQ(job.group(0).task(0).on_failure(0).memory_factor(), 1.5);
  EXPECT_EQ(job.group(0).task(0).on_failure(0).attempts(), 1);
  EXPECT_THAT(batch_errors("", "on_failure \"crash\" {\nmemory_factor = 1\nattempts = 0\n}"),
              ElementsAre(HasSubstr("label must be one of \"oom\""), HasSubstr("memory_factor"),
                          HasSubstr("attempts must be at least 1")));
  EXPECT_THAT(batch_errors("", "on_failure \"oom\" {\n}", "service"),
              ElementsAre(HasSubstr("batch jobs only")));
}

TEST(ValidateBatch, CachedOutputs) {
  EXPECT_THAT(batch_errors("cache_key = \"v1-${NOMAD_META_lr}\"\n"
                           "outputs = [\"/models/${YURT_CACHE_KEY}\", \"https://store/m\"]"),
              IsEmpty());
  EXPECT_THAT(batch_errors("cache_key = \"v1\"\noutputs = [\"model.bin\"]"),
              ElementsAre(HasSubstr("absolute path")));
  EXPECT_THAT(batch_errors("cache_key = \"${node.unique.id}\"\noutputs = [\"/m\"]"),
              ElementsAre(HasSubstr("NOMAD_META_")));
  EXPECT_THAT(batch_errors("cache_key = \"v1\""), ElementsAre(HasSubstr("go together")));
  EXPECT_THAT(batch_errors("outputs = [\"/model.bin\"]"), ElementsAre(HasSubstr("go together")));
  EXPECT_THAT(batch_errors("cache_key = \"v1\"\noutputs = [\"/m\"]", "", "service"),
              ElementsAre(HasSubstr("only batch and sysbatch")));
}

}  // namespace
}  // namespace yurt::jobspec
