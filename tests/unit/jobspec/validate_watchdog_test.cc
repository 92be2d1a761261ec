#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job_text.h"
#include "jobspec/validate/validate.h"

namespace yurt::jobspec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> watchdog_errors(const std::string& watchdog,
                                         const std::string& more = "") {
  const model::Job job =
      job_with_defaults(task_job("watchdog {\n" + watchdog + "\n}\n" + more, ""));
  return error_messages(validate(job), job);
}

constexpr const char* with_a_gpu = "resources {\ndevice \"nvidia/gpu\" {\n}\n}";

TEST(ValidateWatchdog, LooksAtOutputAtGpusOrBoth) {
  EXPECT_THAT(watchdog_errors("no_output = \"15m\""), IsEmpty());
  EXPECT_THAT(watchdog_errors("gpu_util_below = 2", with_a_gpu), IsEmpty());
  EXPECT_THAT(
      watchdog_errors("gpu_util_below = 2\nno_output = \"1m\"\naction = \"stop\"", with_a_gpu),
      IsEmpty());
  EXPECT_THAT(watchdog_errors("action = \"stop\""), ElementsAre(HasSubstr("a watchdog needs")));
}

TEST(ValidateWatchdog, WhatItLooksAtIsThere) {
  EXPECT_THAT(watchdog_errors("gpu_util_below = 2"), ElementsAre(HasSubstr("needs a GPU")));
  EXPECT_THAT(watchdog_errors("no_output = \"1m\"", "logs {\ndisabled = true\n}"),
              ElementsAre(HasSubstr("logs.disabled")));
}

TEST(ValidateWatchdog, ItsNumbersAndActionMakeSense) {
  EXPECT_THAT(watchdog_errors("gpu_util_below = 0", with_a_gpu),
              ElementsAre(HasSubstr("percentage")));
  EXPECT_THAT(watchdog_errors("gpu_util_below = 101", with_a_gpu),
              ElementsAre(HasSubstr("percentage")));
  EXPECT_THAT(watchdog_errors("no_output = \"0s\""), ElementsAre(HasSubstr("more than nothing")));
  EXPECT_THAT(watchdog_errors("no_output = \"1m\"\naction = \"reboot\""),
              ElementsAre(HasSubstr("action must be one of")));
}

}  // namespace
}  // namespace yurt::jobspec
