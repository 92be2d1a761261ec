// Lanes: children beyond max_running wait, in order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "tests/unit/server/batch_fixture.h"

namespace yurt::server {
namespace {

using testing::ElementsAre;

class Lane : public testing::Test {
 protected:
  void use(int max_running) {
    ASSERT_TRUE(state.register_job(a_parameterized_job("train", max_running)).ok());
  }
  BatchState state;
};

TEST_F(Lane, that_is_full_makes_children_wait_without_an_evaluation) {
  use(1);
  EXPECT_FALSE(state.dispatch("a")->waiting);
  EXPECT_TRUE(state.dispatch("b")->waiting);
  EXPECT_EQ(state.record(state.child("b")), nullptr);
  EXPECT_TRUE(state.snapshot().evals_of_job(state.key(state.child("b"))).empty());
  EXPECT_EQ(state.counts().waiting, 1);
  state.admit();
  EXPECT_EQ(state.counts().waiting, 1) << "there is no room yet";
  state.end(state.child("a"));
  state.admit();
  EXPECT_EQ(state.counts().waiting, 0);
  EXPECT_EQ(state.status_of(state.child("b")), "pending");
  EXPECT_EQ(state.snapshot().evals_of_job(state.key(state.child("b"))).size(), 1U);
}

TEST_F(Lane, starts_children_by_priority_then_submission) {
  use(1);
  for (const auto& [name, priority] : std::initializer_list<std::pair<const char*, int>>{
           {"first", 50}, {"b", 50}, {"low", 10}, {"c", 50}, {"high", 90}}) {
    ASSERT_TRUE(state.dispatch(name, priority).ok());
  }
  for (int i = 0; i < 5; ++i) {
    state.end(state.child(state.started().back()));
    state.admit();
  }
  EXPECT_THAT(state.started(), ElementsAre("first", "high", "b", "c", "low"));
}

TEST_F(Lane, keeps_latecomers_behind_those_that_wait) {
  use(1);
  ASSERT_TRUE(state.dispatch("a").ok());
  ASSERT_TRUE(state.dispatch("b").ok());
  state.end(state.child("a"));
  EXPECT_TRUE(state.dispatch("c")->waiting) << "b is before it";
  state.admit();
  EXPECT_THAT(state.started(), ElementsAre("a", "b"));
}

TEST_F(Lane, gets_wider_and_narrower_with_its_job) {
  use(1);
  for (const char* name : {"a", "b", "c", "d"}) ASSERT_TRUE(state.dispatch(name).ok());
  use(3);
  state.admit();
  EXPECT_THAT(state.started(), ElementsAre("a", "b", "c"));
  use(2);
  state.end(state.child("a"));
  state.admit();
  EXPECT_EQ(state.counts().waiting, 1) << "two are running still";
  use(0);
  state.admit();
  EXPECT_EQ(state.counts().waiting, 0);
}

TEST_F(Lane, starts_children_as_the_version_they_were_dispatched_from) {
  use(1);
  ASSERT_TRUE(state.dispatch("a").ok());
  ASSERT_TRUE(state.dispatch("b").ok());
  model::Job changed = a_parameterized_job("train", 1);
  changed.mutable_group(0)->mutable_task(0)->set_user("somebody");
  ASSERT_TRUE(state.register_job(changed).ok());
  state.end(state.child("a"));
  state.admit();
  EXPECT_EQ(state.record(state.child("b"))->job->group(0).task(0).user(), "");
}

TEST_F(Lane, answers_a_token_with_the_child_that_waits) {
  use(1);
  ASSERT_TRUE(state.dispatch("a").ok());
  ASSERT_TRUE(state.dispatch("b", 0, "once").ok());
  EXPECT_EQ(state.dispatch("c", 0, "once")->existing, state.child("b"));
  EXPECT_EQ(state.counts().waiting, 1);
}

TEST_F(Lane, forgets_a_child_that_is_stopped_while_it_waits) {
  use(1);
  ASSERT_TRUE(state.dispatch("a").ok());
  ASSERT_TRUE(state.dispatch("b", 0, "once").ok());
  ASSERT_TRUE(state.stop(state.child("b")).ok());
  EXPECT_EQ(state.counts().waiting, 0);
  EXPECT_TRUE(state.dispatch("c", 0, "once")->existing.empty());
  state.end(state.child("a"));
  state.admit();
  EXPECT_THAT(state.started(), ElementsAre("a", "c"));
}

TEST_F(Lane, has_room_again_when_a_running_child_is_purged) {
  use(1);
  ASSERT_TRUE(state.dispatch("a").ok());
  ASSERT_TRUE(state.dispatch("b").ok());
  state.run(state.child("a"));
  ASSERT_TRUE(state.stop(state.child("a"), true).ok());
  state.admit();
  EXPECT_THAT(state.started(), ElementsAre("b"));
}

TEST_F(Lane, goes_with_its_job_when_that_is_purged) {
  use(1);
  ASSERT_TRUE(state.dispatch("a").ok());
  ASSERT_TRUE(state.dispatch("b", 0, "once").ok());
  ASSERT_TRUE(state.stop("train", true).ok());
  EXPECT_TRUE(state.snapshot().tables().waiting.empty());
  EXPECT_TRUE(state.snapshot().tables().lanes.empty());
  use(1);
  EXPECT_EQ(state.counts().waiting, 0);
  EXPECT_TRUE(state.dispatch("c", 0, "once")->existing.empty());
}

TEST_F(Lane, goes_on_when_its_job_is_only_stopped) {
  use(1);
  ASSERT_TRUE(state.dispatch("a").ok());
  ASSERT_TRUE(state.dispatch("b").ok());
  ASSERT_TRUE(state.stop("train").ok());
  state.end(state.child("a"));
  state.admit();
  EXPECT_THAT(state.started(), ElementsAre("a", "b"));
}

TEST_F(Lane, keeps_the_id_of_a_waiting_child_for_it) {
  use(1);
  ASSERT_TRUE(state.dispatch("a").ok());
  ASSERT_TRUE(state.dispatch("b").ok());
  EXPECT_EQ(state.register_job(a_job(state.child("b"), "batch")).error().code, ErrorCode::conflict);
}

TEST(Lanes, are_found_by_their_parents) {
  BatchState state;
  for (const char* id : {"one", "two", "three"}) {
    ASSERT_TRUE(state.register_job(a_parameterized_job(id, 1)).ok());
    for (const char* name : {"/a", "/b", "/c"}) {
      model::Command command = state.dispatch_command("");
      command.mutable_dispatch_job()->set_job_id(id);
      command.mutable_dispatch_job()->set_child_id(std::string(id) + name);
      if (std::string(id) != "two" || std::string(name) == "/a") {
        ASSERT_TRUE(state.apply(command).ok());
      }
    }
  }
  EXPECT_THAT(parents_with_waiting(state.snapshot()),
              ElementsAre(state.key("one"), state.key("three")));
}

// What is in the lane, as a plain list.
struct Model {
  struct Waiting {
    int priority;
    int order;
    std::string name;
    bool operator<(const Waiting& other) const {
      return std::pair(-priority, order) < std::pair(-other.priority, other.order);
    }
  };
  std::set<Waiting> waiting;
  std::set<std::string> live;
  int most = 0;
};

TEST(Lanes, never_exceed_max_running_and_start_in_order_whatever_happens) {
  EXPECT_TRUE(rc::check([] {
    BatchState state;
    Model model;
    int made = 0;
    model.most = *rc::gen::inRange(1, 4);
    RC_ASSERT(state.register_job(a_parameterized_job("train", model.most)).ok());
    const auto steps = *rc::gen::inRange(1, 60);
    for (int step = 0; step < steps; ++step) {
      switch (*rc::gen::inRange(0, 8)) {
        case 0:
        case 1:
        case 2: {
          const int priority = *rc::gen::inRange(1, 4) * 10;
          const std::string name = std::to_string(made);
          const auto applied = state.dispatch(name, priority);
          RC_ASSERT(applied.ok());
          const bool room =
              model.waiting.empty() && static_cast<int>(model.live.size()) < model.most;
          RC_ASSERT(applied->waiting == !room);
          if (room) {
            model.live.insert(name);
          } else {
            model.waiting.insert({priority, made, name});
          }
          ++made;
          break;
        }
        case 3:
        case 4: {
          if (model.live.empty()) break;
          const std::string name = *rc::gen::elementOf(model.live);
          state.end(state.child(name), *rc::gen::element<std::string>("complete", "failed"));
          model.live.erase(name);
          break;
        }
        case 5:
          model.most = *rc::gen::inRange(1, 5);
          RC_ASSERT(state.register_job(a_parameterized_job("train", model.most)).ok());
          break;
        default: {
          state.admit();
          while (!model.waiting.empty() && static_cast<int>(model.live.size()) < model.most) {
            model.live.insert(model.waiting.begin()->name);
            model.waiting.erase(model.waiting.begin());
          }
        }
      }
      const ChildCounts counts = state.counts();
      RC_ASSERT(counts.waiting == static_cast<std::int64_t>(model.waiting.size()));
      RC_ASSERT(counts.pending + counts.running == static_cast<std::int64_t>(model.live.size()));
      for (const std::string& name : model.live) {
        RC_ASSERT(state.record(state.child(name)) != nullptr);
        RC_ASSERT(state.status_of(state.child(name)) != "dead");
      }
    }
  }));
}

}  // namespace
}  // namespace yurt::server
