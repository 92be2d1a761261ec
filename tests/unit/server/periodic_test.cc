#include "server/leader/periodic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/clock.h"
#include "tests/unit/server/batch_fixture.h"

namespace yurt::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t second = nanoseconds_per_second;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
// 2026-01-01T00:00:00Z
constexpr std::int64_t new_year = 1'767'225'600 * second;

// One leader's periodic duty on a state, with a clock that is set by hand.
class Periodic : public testing::Test {
 protected:
  static model::Job nightly(const std::string& cron = "0 * * * *") {
    model::Job job = a_job("nightly", "batch");
    job.mutable_periodic()->set_enabled(true);
    job.mutable_periodic()->add_crons(cron);
    job.mutable_periodic()->set_spec_type("cron");
    job.mutable_periodic()->set_time_zone("UTC");
    return job;
  }
  void use(model::Job job) {
    model::Command command;
    command.set_time(now);
    *command.mutable_register_job()->mutable_job() = std::move(job);
    ASSERT_TRUE(state.apply(command).ok());
  }
  // A round of the duty at `time`; the children that it launched.
  std::vector<std::string> at(std::int64_t time) {
    now = time;
    const auto before = state.started("nightly");
    launches.look_at(state.snapshot(), periodic_jobs(state.snapshot()));
    for (auto& command : launches.take_due(state.snapshot(), now, state.random())) {
      command.set_time(now);
      EXPECT_TRUE(state.apply(command).ok());
    }
    auto after = state.started("nightly");
    after.erase(after.begin(), after.begin() + static_cast<std::ptrdiff_t>(before.size()));
    return after;
  }
  Result<Applied> force() {
    model::Command command;
    command.set_time(now);
    auto* launch = command.mutable_launch_periodic();
    launch->set_namespace_("default");
    launch->set_job_id("nightly");
    launch->set_launch_time(now / second * second);
    launch->set_forced(true);
    *launch->mutable_evaluation() = an_eval(a_job("x", "batch"), state.random());
    return state.apply(command);
  }
  static std::string launch(std::int64_t time) { return std::to_string(time / second); }
  static std::string child(std::int64_t time) { return "nightly/periodic-" + launch(time); }

  BatchState state;
  std::int64_t now = new_year + minute;
  PeriodicLaunches launches;
};

TEST_F(Periodic, launches_a_child_at_each_time_of_the_schedule) {
  use(nightly());
  EXPECT_THAT(at(new_year + 59 * minute), IsEmpty());
  EXPECT_THAT(at(new_year + hour), ElementsAre(launch(new_year + hour)));
  EXPECT_THAT(at(new_year + hour + minute), IsEmpty());
  EXPECT_THAT(at(new_year + 2 * hour + second), ElementsAre(launch(new_year + 2 * hour)));
  const JobRef job = state.record(child(new_year + hour))->job;
  EXPECT_EQ(job->parent_id(), "nightly");
  EXPECT_FALSE(job->has_periodic());
  EXPECT_EQ(job->name(), job->id());
  const auto evals = state.snapshot().evals_of_job(state.key(job->id()));
  ASSERT_EQ(evals.size(), 1U);
  EXPECT_EQ(evals[0]->triggered_by(), "periodic-job");
}

TEST_F(Periodic, launches_once_for_all_the_times_that_were_missed) {
  use(nightly());
  at(new_year + hour);
  launches = PeriodicLaunches();  // another server leads, seven hours later
  EXPECT_THAT(at(new_year + 8 * hour + 10 * minute), ElementsAre(launch(new_year + 8 * hour)));
  EXPECT_THAT(at(new_year + 8 * hour + 11 * minute), IsEmpty());
  EXPECT_THAT(at(new_year + 9 * hour), ElementsAre(launch(new_year + 9 * hour)));
}

TEST_F(Periodic, launches_what_fell_between_two_leaders) {
  use(nightly());
  at(new_year + 59 * minute);
  launches = PeriodicLaunches();
  EXPECT_THAT(at(new_year + hour + minute), ElementsAre(launch(new_year + hour)));
}

TEST_F(Periodic, does_nothing_twice_when_two_leaders_propose_the_same) {
  use(nightly());
  launches.look_at(state.snapshot(), periodic_jobs(state.snapshot()));
  auto one = launches.take_due(state.snapshot(), new_year + hour, state.random());
  PeriodicLaunches other;
  other.look_at(state.snapshot(), periodic_jobs(state.snapshot()));
  auto two = other.take_due(state.snapshot(), new_year + hour + second, state.random());
  ASSERT_EQ(one.size(), 1U);
  ASSERT_EQ(two.size(), 1U);
  ASSERT_TRUE(state.apply(one[0]).ok());
  ASSERT_TRUE(state.apply(two[0]).ok());
  EXPECT_EQ(state.started("nightly").size(), 1U);
}

TEST_F(Periodic, proposes_again_what_was_lost_on_the_way) {
  use(nightly());
  launches.look_at(state.snapshot(), periodic_jobs(state.snapshot()));
  EXPECT_EQ(launches.take_due(state.snapshot(), new_year + hour, state.random()).size(), 1U);
  EXPECT_TRUE(launches.take_due(state.snapshot(), new_year + hour, state.random()).empty());
  EXPECT_THAT(at(new_year + hour + minute), ElementsAre(launch(new_year + hour)));
}

TEST_F(Periodic, launches_nothing_for_times_before_the_job_was_registered) {
  now = new_year + 90 * minute;
  use(nightly());
  EXPECT_THAT(at(new_year + 119 * minute), IsEmpty());
  EXPECT_THAT(at(new_year + 2 * hour), ElementsAre(launch(new_year + 2 * hour)));
}

TEST_F(Periodic, skips_a_launch_that_would_overlap_when_told_so) {
  model::Job job = nightly();
  job.mutable_periodic()->set_prohibit_overlap(true);
  use(job);
  EXPECT_EQ(at(new_year + hour).size(), 1U);
  state.run(child(new_year + hour));
  EXPECT_THAT(at(new_year + 2 * hour), IsEmpty());
  state.end(child(new_year + hour));
  EXPECT_THAT(at(new_year + 2 * hour + minute), IsEmpty()) << "skipped, not queued";
  EXPECT_EQ(at(new_year + 3 * hour).size(), 1U);
}

TEST_F(Periodic, is_forced_beside_its_schedule_as_often_as_asked) {
  model::Job job = nightly();
  job.mutable_periodic()->set_prohibit_overlap(true);
  use(job);
  ASSERT_TRUE(force().ok());
  ASSERT_TRUE(force().ok());
  EXPECT_EQ(state.started("nightly").size(), 2U);
  EXPECT_THAT(at(new_year + hour), IsEmpty()) << "they still run";
}

TEST_F(Periodic, that_is_disabled_or_stopped_is_launched_by_hand_at_most) {
  model::Job job = nightly();
  job.mutable_periodic()->set_enabled(false);
  use(job);
  EXPECT_THAT(at(new_year + 5 * hour), IsEmpty());
  ASSERT_TRUE(force().ok());
  job.mutable_periodic()->set_enabled(true);
  use(job);
  EXPECT_THAT(at(new_year + 5 * hour + minute), IsEmpty()) << "what was disabled was not missed";
  EXPECT_EQ(at(new_year + 6 * hour).size(), 1U);
  ASSERT_TRUE(state.stop("nightly").ok());
  EXPECT_THAT(at(new_year + 7 * hour), IsEmpty());
  EXPECT_FALSE(launches.next_due().has_value());
}

TEST_F(Periodic, follows_a_changed_schedule) {
  use(nightly());
  at(new_year + hour);
  use(nightly("30 * * * *"));
  EXPECT_THAT(at(new_year + 90 * minute), ElementsAre(launch(new_year + 90 * minute)));
  EXPECT_THAT(at(new_year + 2 * hour), IsEmpty());
}

TEST_F(Periodic, puts_launches_off_by_a_fixed_part_of_the_jitter) {
  model::Job job = nightly();
  job.mutable_periodic()->set_jitter(30 * minute);
  use(job);
  const std::int64_t delay = launch_delay_ns(job);
  ASSERT_GT(delay, 0);
  ASSERT_LT(delay, 30 * minute);
  EXPECT_THAT(at(new_year + hour + delay - 1), IsEmpty());
  EXPECT_THAT(at(new_year + hour + delay), ElementsAre(launch(new_year + hour)));
  job.set_id("weekly");
  EXPECT_NE(launch_delay_ns(job), delay);
}

TEST_F(Periodic, does_not_lose_a_launch_that_is_put_off_when_the_job_changes_meanwhile) {
  model::Job job = nightly();
  job.mutable_periodic()->set_jitter(30 * minute);
  use(job);
  const std::int64_t delay = launch_delay_ns(job);
  EXPECT_THAT(at(new_year + hour), IsEmpty());
  job.set_priority(60);
  use(job);
  EXPECT_THAT(at(new_year + hour + delay), ElementsAre(launch(new_year + hour)));
}

TEST_F(Periodic, waits_through_a_clock_that_is_set_back) {
  use(nightly());
  EXPECT_EQ(at(new_year + 5 * hour).size(), 1U);
  EXPECT_THAT(at(new_year + 2 * hour), IsEmpty());
  EXPECT_THAT(at(new_year + 4 * hour), IsEmpty());
  EXPECT_EQ(at(new_year + 6 * hour).size(), 1U);
}

TEST_F(Periodic, launches_in_time_order_at_most_once_each_whenever_it_is_looked_at) {
  EXPECT_TRUE(rc::check([this] {
    RC_ASSERT(state.stop("nightly", true).ok());
    launches = PeriodicLaunches();
    now = new_year;
    use(nightly("*/10 * * * *"));
    std::int64_t time = new_year;
    std::int64_t last = 0;
    for (int i = 0; i < 20; ++i) {
      time += *rc::gen::inRange<std::int64_t>(1, 45 * 60) * second;
      if (*rc::gen::inRange(0, 4) == 0) launches = PeriodicLaunches();
      const auto launched = at(time);
      const std::int64_t due = time / (10 * minute) * 10 * minute;
      if (due > std::max(last, new_year)) {
        RC_ASSERT(launched == std::vector<std::string>{launch(due)});
        last = due;
      } else {
        RC_ASSERT(launched.empty());
      }
    }
    for (const std::string& name : state.started("nightly")) {
      RC_ASSERT(state.stop("nightly/periodic-" + name, true).ok());
    }
  }));
}

}  // namespace
}  // namespace yurt::server
