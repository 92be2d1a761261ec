#include "server/leader/restart_turns.h"

#include <gtest/gtest.h>

#include "proto/allocation.h"
#include "tests/unit/server/state_fixture.h"

namespace yurt::server {
namespace {

constexpr std::int64_t turn_second = 1'000'000'000;

class RestartTurnsTest : public testing::Test {
 protected:
  RestartTurnsTest() {
    job = a_job("web");
    job.mutable_group(0)->set_count(3);
    job.mutable_group(0)->mutable_update()->set_min_healthy_time(10 * turn_second);
    EXPECT_TRUE(state.register_job(job).ok());
    for (std::uint32_t i = 0; i < 3; ++i) {
      nodes.push_back(a_node("n" + std::to_string(i), random));
      EXPECT_TRUE(state.register_node(nodes.back()).ok());
      allocs.push_back(state.place(job, nodes.back(), random, i));
      running_since(i, 0);
    }
  }

  void running_since(std::size_t i, std::int64_t at, const std::string& task_state = "running",
                     const std::string& client = "running") {
    model::Command command;
    auto* update = command.mutable_update_allocs_from_client()->add_updates();
    update->set_id(allocs[i].to_bytes());
    update->set_client_status(client);
    auto& task = (*update->mutable_task_states())["t"];
    task.set_state(task_state);
    task.set_started_at(at);
    task.set_failed(client == "failed");
    EXPECT_TRUE(state.apply(command).ok());
  }

  void tell(std::size_t i, model::RestartTurn::Kind kind, std::uint64_t index = 1,
            bool granted = false) {
    model::RestartTurn turn;
    turn.set_alloc_id(allocs[i].to_bytes());
    turn.set_task("t");
    turn.set_kind(kind);
    turn.set_index(index);
    turn.set_granted(granted);
    turns.take(NodeId::parse_or_nil(nodes[i].id()), turn, state.snapshot());
  }

  // Which instances are granted, or refused, now.
  std::vector<std::string> decide() {
    std::vector<std::string> out;
    for (const auto& answer : turns.decide(state.snapshot(), now,
                                           [this](const NodeId& node) { return node != absent; })) {
      for (std::size_t i = 0; i < allocs.size(); ++i) {
        if (answer.grant.alloc_id() != allocs[i].to_bytes()) continue;
        out.push_back(std::to_string(i) + (answer.grant.refused().empty() ? "" : " refused"));
      }
    }
    return out;
  }
  using Answers = std::vector<std::string>;

  SeededRandom random{1};
  TestState state;
  model::Job job;
  std::vector<model::Node> nodes;
  std::vector<AllocId> allocs;
  NodeId absent;
  RestartTurns turns;
  std::int64_t now = 100 * turn_second;
};

TEST_F(RestartTurnsTest, one_instance_at_a_time_each_when_the_last_is_healthy) {
  for (std::size_t i = 0; i < 3; ++i) tell(i, model::RestartTurn::ASK);
  const auto first = decide();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(decide(), Answers{});
  const std::size_t one = first[0][0] - '0';
  running_since(one, now);
  tell(one, model::RestartTurn::DONE);
  EXPECT_EQ(decide(), Answers{}) << "it has not run for min_healthy_time, as the state tells";
  now += 10 * turn_second;
  EXPECT_EQ(decide().size(), 1U);
}

TEST_F(RestartTurnsTest, an_instance_that_is_down_holds_the_others_back) {
  running_since(2, 0, "pending", "pending");
  tell(0, model::RestartTurn::ASK);
  EXPECT_EQ(decide(), Answers{});
  tell(2, model::RestartTurn::ASK);
  EXPECT_EQ(decide(), Answers{"2"}) << "it serves nobody: it may go at once";
}

TEST_F(RestartTurnsTest, a_failed_instance_stops_the_roll_until_something_newer_comes) {
  tell(0, model::RestartTurn::ASK, 7);
  tell(1, model::RestartTurn::ASK, 7);
  const auto first = decide();
  ASSERT_EQ(first.size(), 1U);
  const std::size_t one = first[0][0] - '0', other = 1 - one;
  tell(one, model::RestartTurn::FAILED, 7);
  EXPECT_EQ(decide(), Answers{std::to_string(other) + " refused"});
  tell(2, model::RestartTurn::ASK, 7);
  EXPECT_EQ(decide(), Answers{"2 refused"});
  tell(2, model::RestartTurn::ASK, 8);
  EXPECT_EQ(decide(), Answers{"2"});
}

TEST_F(RestartTurnsTest, an_instance_that_fails_for_good_at_its_turn_stops_the_roll) {
  tell(0, model::RestartTurn::ASK, 7);
  ASSERT_EQ(decide(), Answers{"0"});
  tell(1, model::RestartTurn::ASK, 7);
  running_since(0, 0, "dead", "failed");
  EXPECT_EQ(decide(), Answers{"1 refused"});
}

TEST_F(RestartTurnsTest, a_new_leader_grants_nothing_before_all_have_spoken) {
  absent = NodeId::parse_or_nil(nodes[2].id());
  tell(0, model::RestartTurn::ASK);
  EXPECT_EQ(decide(), Answers{});
  tell(2, model::RestartTurn::ASK, 1, true);  // granted by the old leader
  absent = {};
  EXPECT_EQ(decide(), Answers{});
  tell(2, model::RestartTurn::DONE);
  EXPECT_EQ(decide(), Answers{"0"});
}

TEST_F(RestartTurnsTest, the_turn_of_what_has_gone_passes_on) {
  tell(0, model::RestartTurn::ASK);
  ASSERT_EQ(decide(), Answers{"0"});
  tell(1, model::RestartTurn::ASK);
  model::Command stop;
  auto* plan = stop.mutable_apply_plans()->add_plans();
  plan->set_namespace_("default");
  plan->set_job_id("web");
  auto* stopped = plan->add_stopped();
  stopped->set_id(allocs[0].to_bytes());
  stopped->set_client_status("lost");
  ASSERT_TRUE(state.apply(stop).ok());
  model::Command wait;
  *wait.mutable_upsert_evaluations()->add_evaluations() = an_eval(job, random);
  model::Evaluation& eval = *wait.mutable_upsert_evaluations()->mutable_evaluations(0);
  ASSERT_TRUE(state.apply(wait).ok());
  EXPECT_EQ(decide(), Answers{}) << "two are left of three, and the third is to come";
  eval.set_status("complete");
  ASSERT_TRUE(state.apply(wait).ok());
  allocs[0] = state.place(job, nodes[0], random, 0);
  EXPECT_EQ(decide(), Answers{}) << "it has come and does not run";
  running_since(0, 0);
  EXPECT_EQ(decide(), Answers{"1"});
  tell(1, model::RestartTurn::CANCEL);
  tell(2, model::RestartTurn::ASK);
  EXPECT_EQ(decide(), Answers{"2"});
}

TEST_F(RestartTurnsTest, only_an_instances_own_agent_speaks_for_it) {
  model::RestartTurn turn;
  turn.set_alloc_id(allocs[0].to_bytes());
  turn.set_task("t");
  turns.take(NodeId::parse_or_nil(nodes[1].id()), turn, state.snapshot());
  EXPECT_TRUE(turns.idle());
}

}  // namespace
}  // namespace yurt::server
