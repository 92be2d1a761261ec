#include <gtest/gtest.h>

#include "server/broker/blocked_evals.h"
#include "server/broker/eval_broker.h"
#include "tests/unit/server/state_fixture.h"

namespace yurt::server {
namespace {

class ManualClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t wall_ns() const override { return now; }
  [[nodiscard]] std::int64_t steady_ns() const override { return now; }
  std::int64_t now = 1'000 * nanoseconds_per_second;
};

class Broker : public testing::Test {
 protected:
  EvalRef eval(const std::string& job, int priority, std::uint64_t create_index) {
    model::Evaluation eval = an_eval(a_job(job), random_);
    eval.set_priority(priority);
    eval.set_create_index(create_index);
    return std::make_shared<const model::Evaluation>(eval);
  }
  EvalBroker::Delivery take() {
    auto deliveries = broker_.dequeue(1);
    EXPECT_EQ(deliveries.size(), 1U);
    return deliveries.front();
  }
  static EvalId id_of(const EvalRef& eval) { return EvalId::parse_or_nil(eval->id()); }

  SeededRandom random_{1};
  ManualClock clock_;
  EvalBroker broker_{clock_};
};

TEST_F(Broker, hands_out_by_priority_and_then_by_age) {
  const auto low = eval("a", 10, 1), high = eval("b", 90, 2), older = eval("c", 50, 3),
             newer = eval("d", 50, 4);
  for (const auto& e : {newer, low, older, high}) broker_.enqueue(e);
  EXPECT_EQ(take().eval, high);
  EXPECT_EQ(take().eval, older);
  EXPECT_EQ(take().eval, newer);
  EXPECT_EQ(take().eval, low);
}

TEST_F(Broker, has_one_evaluation_of_a_job_out_and_keeps_only_the_newest_behind_it) {
  const auto first = eval("a", 50, 1), second = eval("a", 50, 2), third = eval("a", 50, 3);
  for (const auto& e : {first, second, third}) broker_.enqueue(e);
  const auto out = take();
  EXPECT_EQ(out.eval, first);
  EXPECT_EQ(broker_.figures().ready, 0U);
  broker_.ack(id_of(first), out.token);
  EXPECT_EQ(take().eval, third);
  const auto verdicts = broker_.take_verdicts();
  ASSERT_EQ(verdicts.superseded.size(), 1U);
  EXPECT_EQ(verdicts.superseded.front(), second);
}

TEST_F(Broker, delivers_again_what_was_given_back_and_fails_it_after_three_times) {
  const auto e = eval("a", 50, 1);
  broker_.enqueue(e);
  for (int attempt = 1; attempt <= 3; ++attempt) {
    const auto delivery = take();
    EXPECT_EQ(delivery.attempt, attempt);
    broker_.nack(id_of(e), delivery.token);
    clock_.now += 60 * nanoseconds_per_second;
    broker_.tick();
  }
  EXPECT_EQ(broker_.figures().ready, 0U);
  EXPECT_EQ(broker_.take_verdicts().failed.size(), 1U);
}

TEST_F(Broker, takes_back_what_nobody_answers_and_ignores_the_late_answer) {
  const auto e = eval("a", 50, 1);
  broker_.enqueue(e);
  const auto lost = take();
  clock_.now += EvalBroker::nack_timeout_ns;
  broker_.tick();
  clock_.now += nanoseconds_per_second;
  broker_.tick();
  const auto again = take();
  EXPECT_EQ(again.attempt, 2);
  broker_.ack(id_of(e), lost.token);
  EXPECT_EQ(broker_.figures().outstanding, 1U);
  broker_.ack(id_of(e), again.token);
  EXPECT_EQ(broker_.figures().outstanding, 0U);
}

TEST_F(Broker, holds_an_evaluation_until_its_time) {
  model::Evaluation later = an_eval(a_job("a"), random_);
  later.set_wait_until(clock_.now + 5 * nanoseconds_per_second);
  broker_.enqueue(std::make_shared<const model::Evaluation>(later));
  broker_.tick();
  EXPECT_EQ(broker_.figures().ready, 0U);
  clock_.now += 5 * nanoseconds_per_second;
  broker_.tick();
  EXPECT_EQ(broker_.figures().ready, 1U);
}

class Blocked : public Broker {
 protected:
  EvalRef blocked(const std::string& job, std::uint64_t index,
                  const std::string& ineligible_class = "") {
    model::Evaluation eval = an_eval(a_job(job), random_);
    eval.set_status("blocked");
    eval.set_create_index(index);
    eval.set_snapshot_index(index);
    if (!ineligible_class.empty()) (*eval.mutable_class_eligibility())[ineligible_class] = false;
    return std::make_shared<const model::Evaluation>(eval);
  }
  BlockedEvals evals_;
};

TEST_F(Blocked, wakes_for_classes_it_could_use_and_not_for_others) {
  const auto e = blocked("a", 5, "small");
  EXPECT_FALSE(evals_.block(e).ready);
  EXPECT_TRUE(evals_.unblock_class("small", 6).empty());
  EXPECT_EQ(evals_.unblock_class("never seen", 7), std::vector<EvalRef>{e});
  EXPECT_EQ(evals_.size(), 0U);
}

TEST_F(Blocked, does_not_sleep_through_what_happened_while_it_was_scheduled) {
  EXPECT_TRUE(evals_.unblock_class("big", 9).empty());
  EXPECT_TRUE(evals_.block(blocked("a", 8)).ready);
  EXPECT_FALSE(evals_.block(blocked("b", 9)).ready);
}

TEST_F(Blocked, keeps_the_newest_of_a_job_and_reports_the_other) {
  const auto old = blocked("a", 5), fresh = blocked("a", 6);
  EXPECT_EQ(evals_.block(old).superseded, nullptr);
  EXPECT_EQ(evals_.block(fresh).superseded, old);
  EXPECT_EQ(evals_.untrack({"default", "a"}), std::vector<EvalRef>{fresh});
}

}  // namespace
}  // namespace yurt::server
