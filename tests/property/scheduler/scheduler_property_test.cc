// What holds of every plan, over random histories of a cluster.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/property/scheduler/story.h"
#include "tests/support/cluster/invariants.h"

namespace yurt::test {
namespace {

using scheduler::Outcome;
using scheduler::Plan;

void nothing(ClusterModel&, const std::string&, const Outcome&) {}

// Histories long enough for jobs to meet each other's leftovers.
rc::Gen<std::vector<Step>> histories() {
  return rc::gen::scale(1.5, rc::gen::arbitrary<std::vector<Step>>());
}

void expect_none(const std::string& error) {
  if (!error.empty()) RC_FAIL(error);
}

TEST(EveryPlan, overcommits_no_dimension_of_any_node) {
  EXPECT_TRUE(rc::check([] {
    tell(*histories(), nothing, [](ClusterModel& cluster, const std::string&, const Outcome&) {
      expect_none(overcommit_error(cluster.nodes(), cluster.allocs()));
    });
  }));
}

TEST(EveryPlan, places_only_where_every_constraint_holds) {
  EXPECT_TRUE(rc::check([] {
    tell(*histories(), nothing,
         [](ClusterModel& cluster, const std::string& job, const Outcome& outcome) {
           expect_none(constraint_error(outcome.plan, cluster, cluster.all(job)));
         });
  }));
}

TEST(EveryPlan, once_applied_leaves_nothing_to_do) {
  EXPECT_TRUE(rc::check([] {
    tell(*histories(), nothing,
         [](ClusterModel& cluster, const std::string& job, const Outcome& outcome) {
           Plan next = cluster.schedule(job).plan;
           // That a deployment is over is noticed by the evaluation after the one that ended it.
           next.deployment_updates.clear();
           const std::string again = describe(next);
           if (again.empty()) return;
           RC_FAIL("the first run did: " + describe(outcome.plan) +
                   "\na second run wants: " + again);
         });
  }));
}

TEST(EveryPlan, stops_nothing_that_is_fine) {
  EXPECT_TRUE(rc::check([] {
    tell(
        *histories(),
        [](ClusterModel& cluster, const std::string&, const Outcome& outcome) {
          expect_none(needless_stop_error(outcome.plan, cluster));
        },
        nothing);
  }));
}

TEST(EveryPlan, preempts_nobody_within_ten_priorities) {
  EXPECT_TRUE(rc::check([] {
    tell(
        *histories(),
        [](ClusterModel&, const std::string&, const Outcome& outcome) {
          expect_none(preemption_error(outcome.plan));
        },
        nothing);
  }));
}

TEST(EveryPlan, is_the_same_for_the_same_input_whatever_order_the_view_was_built_in) {
  EXPECT_TRUE(rc::check([] {
    tell(
        *histories(),
        [](ClusterModel& cluster, const std::string& job, const Outcome&) {
          const auto evaluation = cluster.evaluation(job);
          const std::string first = describe(cluster.schedule(evaluation).plan);
          auto nodes = cluster.nodes();
          std::reverse(nodes.begin(), nodes.end());
          scheduler::ClusterView rebuilt(scheduler::Counting::until_client_terminal);
          rebuilt.rebuild(nodes, cluster.allocs());
          SeededRandom random(std::hash<EvalId>()(EvalId::parse_or_nil(evaluation.id())));
          const Outcome second =
              scheduler::schedule({evaluation, cluster, rebuilt, cluster.now_ns(), random});
          RC_ASSERT(first == describe(second.plan));
        },
        nothing);
  }));
}

TEST(EveryPlan, is_accepted_whole_while_nothing_else_changes) {
  EXPECT_TRUE(rc::check([] {
    tell(
        *histories(),
        [](ClusterModel& cluster, const std::string&, const Outcome& outcome) {
          const auto verdict =
              scheduler::PlanVerifier(cluster.verifier_view()).verify(outcome.plan, cluster);
          for (const auto& [node, reason] : verdict.reasons) RC_FAIL(reason);
        },
        nothing);
  }));
}

TEST(ClusterView, kept_change_by_change_equals_a_recount) {
  EXPECT_TRUE(rc::check([] {
    tell(*histories(), nothing, [](ClusterModel& cluster, const std::string&, const Outcome&) {
      expect_none(cluster.view_error());
    });
  }));
}

}  // namespace
}  // namespace yurt::test
