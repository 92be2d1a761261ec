#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job_text.h"
#include "jobspec/validate/validate.h"

namespace yurt::jobspec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> worker_errors(const std::string& workers, const std::string& task = "") {
  const model::Job parsed =
      job_with_defaults(task_job("workers {\n" + workers + "\n}\n" + task, "", ""));
  return error_messages(validate(parsed), parsed);
}

TEST(ValidateWorkers, TakesANumberOfThemOrSoManyPerGpu) {
  const std::string gpu = "resources {\ndevice \"nvidia/gpu\" {\n}\n}";
  EXPECT_THAT(worker_errors("count = 4\nstart = \"serial\"\nready = \"check\""), IsEmpty());
  EXPECT_THAT(worker_errors("per_gpu = 4\nstart = \"parallel\"\nready = \"started\"", gpu),
              IsEmpty());
  EXPECT_THAT(worker_errors(""), ElementsAre(HasSubstr("needs count")));
  EXPECT_THAT(worker_errors("count = 4\nper_gpu = 4", gpu), ElementsAre(HasSubstr("not both")));
  EXPECT_THAT(worker_errors("count = 0"), ElementsAre(HasSubstr("1 to 64, it is 0")));
  EXPECT_THAT(worker_errors("count = 65"), ElementsAre(HasSubstr("1 to 64, it is 65")));
  EXPECT_THAT(worker_errors("per_gpu = 2"), ElementsAre(HasSubstr("per_gpu needs a GPU")));
}

TEST(ValidateWorkers, KnowsItsWords) {
  EXPECT_THAT(worker_errors("count = 2\nstart = \"slow\""),
              ElementsAre(HasSubstr("\"serial\", \"parallel\"")));
  EXPECT_THAT(worker_errors("count = 2\nready = \"soon\""),
              ElementsAre(HasSubstr("\"started\", \"check\"")));
}

TEST(ValidateWorkers, AreNoHooks) {
  // Beside the task that the hook is for.
  const auto errors = [](const std::string& sidecar) {
    const model::Job parsed = job_with_defaults(task_job(
        "",
        "task \"h\" {\ndriver = \"raw_exec\"\nworkers {\ncount = 2\n}\nlifecycle {\nhook = "
        "\"prestart\"\n" +
            sidecar + "}\n}\n"));
    return error_messages(validate(parsed), parsed);
  };
  EXPECT_THAT(errors(""), ElementsAre(HasSubstr("no sidecar cannot have workers")));
  EXPECT_THAT(errors("sidecar = true\n"), IsEmpty());
}

TEST(ValidateWorkers, AreNotCalledLikeAnotherTask) {
  const model::Job parsed = job_with_defaults(
      task_job("workers {\ncount = 2\n}\n", "task \"t.1\" {\ndriver = \"raw_exec\"\n}\n"));
  EXPECT_THAT(error_messages(validate(parsed), parsed),
              ElementsAre(HasSubstr("called like a worker")));
}

}  // namespace
}  // namespace yurt::jobspec
