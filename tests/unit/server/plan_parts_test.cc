#include "server/broker/plan_parts.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "proto/job.pb.h"

namespace yurt::server {
namespace {

class LongPlan : public testing::Test {
 protected:
  AllocRef alloc() {
    auto made = std::make_shared<Allocation>();
    made->id = AllocId::generate(random_);
    return made;
  }
  static std::size_t size_of(const scheduler::Plan& plan) {
    return plan.place.size() + plan.stop.size() + plan.update.size() + plan.preempt.size();
  }

  SeededRandom random_{1};
};

TEST_F(LongPlan, goes_in_parts_that_together_are_the_plan_and_none_of_which_is_long) {
  scheduler::Plan plan;
  plan.eval = EvalId::generate(random_);
  plan.deployment.emplace().set_id("new");
  plan.deployment_updates.push_back({DeploymentId::generate(random_), "successful", ""});
  for (std::size_t i = 0; i < 2 * max_plan_part; ++i) plan.place.push_back(alloc());
  for (std::size_t i = 0; i < max_plan_part + 1; ++i) plan.stop.push_back({alloc(), "", {}, {}});
  plan.preempt.push_back({alloc(), {}});
  ASSERT_TRUE(is_long(plan));

  scheduler::Plan together;
  std::size_t with_deployment = 0, with_status = 0;
  const auto parts = parts_of(plan);
  for (const scheduler::Plan& part : parts) {
    EXPECT_FALSE(is_long(part));
    EXPECT_EQ(part.eval, plan.eval);
    with_deployment += part.deployment ? 1 : 0;
    with_status += part.deployment_updates.size();
    // What makes room comes before what takes it.
    EXPECT_TRUE(part.stop.empty() || together.place.empty());
    for (const auto& one : part.place) together.place.push_back(one);
    for (const auto& one : part.stop) together.stop.push_back(one);
    for (const auto& one : part.preempt) together.preempt.push_back(one);
  }
  EXPECT_EQ(parts.size(), 4U);
  EXPECT_TRUE(parts.front().deployment.has_value());
  EXPECT_EQ(parts.back().deployment_updates.size(), 1U);
  EXPECT_EQ(with_deployment + with_status, 2U);
  EXPECT_EQ(together.place, plan.place);
  EXPECT_EQ(size_of(together), size_of(plan));
}

TEST_F(LongPlan, is_not_what_fits_into_one_command) {
  scheduler::Plan plan;
  for (std::size_t i = 0; i < max_plan_part; ++i) plan.place.push_back(alloc());
  EXPECT_FALSE(is_long(plan));
  EXPECT_EQ(parts_of(plan).size(), 1U);
}

}  // namespace
}  // namespace yurt::server
