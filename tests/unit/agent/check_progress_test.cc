// A check's status as its results come in.
#include "agent/checks/check_progress.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace yurt::agent {
namespace {

constexpr Health pass = Health::passing, warn = Health::warning, fail = Health::critical;

// The status after each of `results`, one a second.
std::string statuses(const CheckRule& rule, const std::vector<Health>& results) {
  CheckProgress check(rule, 0);
  std::string out;
  for (std::size_t i = 0; i < results.size(); ++i) {
    (void)check.observe(results[i], static_cast<std::int64_t>(i));
    out += name_of(check.health())[0];
  }
  return out;
}

TEST(CheckProgress, is_critical_before_its_first_result_unless_told_otherwise) {
  EXPECT_EQ(CheckProgress({}, 0).health(), fail);
  EXPECT_EQ(CheckProgress({.initial = warn}, 0).health(), warn);
  EXPECT_FALSE(CheckProgress({}, 0).observed());
}

TEST(CheckProgress, follows_each_result_without_thresholds) {
  EXPECT_EQ(statuses({}, {pass, fail, warn, pass}), "pcwp");
}

TEST(CheckProgress, moves_only_after_as_many_results_in_a_row_as_asked_for) {
  EXPECT_EQ(statuses({.success_before_passing = 3}, {pass, pass, fail, pass, pass, pass}),
            "cccccp");
  EXPECT_EQ(statuses({.initial = pass, .failures_before_critical = 3},
                     {fail, fail, pass, fail, fail, fail}),
            "pppppc");
  EXPECT_EQ(statuses({.initial = pass, .failures_before_warning = 1, .failures_before_critical = 3},
                     {fail, fail, fail, pass}),
            "wwcp");
}

TEST(CheckProgress, asks_for_a_restart_after_the_limit_of_unhealthy_results_in_a_row) {
  CheckProgress check({.restart_limit = 3}, 0);
  EXPECT_FALSE(check.observe(fail, 1).restart);
  EXPECT_FALSE(check.observe(fail, 2).restart);
  EXPECT_FALSE(check.observe(pass, 3).restart);
  EXPECT_FALSE(check.observe(fail, 4).restart);
  EXPECT_FALSE(check.observe(warn, 5).restart);
  EXPECT_TRUE(check.observe(fail, 6).restart);
}

TEST(CheckProgress, counts_no_warnings_and_nothing_within_the_grace_when_told_so) {
  CheckProgress lenient({.restart_limit = 1, .restart_ignores_warnings = true}, 0);
  EXPECT_FALSE(lenient.observe(warn, 1).restart);
  EXPECT_TRUE(lenient.observe(fail, 2).restart);
  CheckProgress patient({.restart_limit = 2, .restart_grace_ns = 10}, 100);
  EXPECT_FALSE(patient.observe(fail, 101).restart);
  EXPECT_FALSE(patient.observe(fail, 109).restart);
  EXPECT_FALSE(patient.observe(fail, 110).restart);
  EXPECT_TRUE(patient.observe(fail, 111).restart);
}

TEST(CheckProgress, never_restarts_without_a_limit) {
  CheckProgress check({}, 0);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(check.observe(fail, i).restart);
}

TEST(CheckProgress, counts_for_deployments_as_on_update_says) {
  const auto satisfied = [](OnUpdate rule, Health health) {
    CheckProgress check({.on_update = rule}, 0);
    (void)check.observe(health, 1);
    return check.satisfies_update();
  };
  EXPECT_TRUE(satisfied(OnUpdate::require_healthy, pass));
  EXPECT_FALSE(satisfied(OnUpdate::require_healthy, warn));
  EXPECT_TRUE(satisfied(OnUpdate::ignore_warnings, warn));
  EXPECT_FALSE(satisfied(OnUpdate::ignore_warnings, fail));
  EXPECT_TRUE(satisfied(OnUpdate::ignore, fail));
}

// The status is what the newest run of equal results that was long enough says.
TEST(CheckProgress, has_the_status_of_the_last_run_that_was_long_enough) {
  rc::check([] {
    const CheckRule rule{.success_before_passing = *rc::gen::inRange(0, 4),
                         .failures_before_critical = *rc::gen::inRange(0, 4)};
    const auto results = *rc::gen::resize(
        rc::kNominalSize, rc::gen::container<std::vector<bool>>(rc::gen::arbitrary<bool>()));
    CheckProgress check(rule, 0);
    Health expected = rule.initial;
    int run = 0;
    for (std::size_t i = 0; i < results.size(); ++i) {
      run = i > 0 && results[i] == results[i - 1] ? run + 1 : 1;
      const int needed = results[i] ? rule.success_before_passing : rule.failures_before_critical;
      if (run >= needed) expected = results[i] ? pass : fail;
      (void)check.observe(results[i] ? pass : fail, static_cast<std::int64_t>(i));
      RC_ASSERT(check.health() == expected);
    }
  });
}

}  // namespace
}  // namespace yurt::agent
