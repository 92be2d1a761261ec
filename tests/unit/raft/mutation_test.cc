// Tests of the tests: every deliberate fault (raft/core/mutations.h) is caught, by simulated
// clusters within a few seeds or by a directed test.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "raft/sim/mutation_names.h"
#include "raft/sim/simulator.h"

namespace yurt::raft::sim {
namespace {

// Where the simulator is sure to meet the fault soon; it looks at the seeds from there on.
struct Planted {
  std::string name;
  int nodes;
  std::uint64_t first_seed;
};
constexpr std::uint64_t seeds = 40;

const std::vector<Planted>& found_by_simulator() {
  static const std::vector<Planted> all = {
      {"vote_without_log_check", 3, 1},
      {"vote_twice", 3, 1},
      {"vote_before_durable", 3, 1},
      {"pre_vote_adopts_term", 3, 1},
      {"commit_old_terms", 3, 80},
      {"ack_before_durable", 3, 1},
      {"truncate_always", 3, 1},
      {"trust_stale_persisted", 3, 30},
      {"count_self_before_durable", 3, 1},
      {"count_learners", 3, 1},
      {"apply_before_durable", 3, 1},
      {"accept_old_snapshot", 3, 1},
      {"change_before_noop", 3, 1},
      {"overlapping_changes", 3, 1},
      {"keep_truncated_configuration", 3, 1},
      {"read_without_round", 3, 1},
      {"read_before_noop", 3, 1},
      {"lease_from_answer", 3, 130},
      {"lease_through_transfer", 3, 1},
  };
  return all;
}

// Those that harm availability rather than safety, or need a coincidence that seeds seldom bring;
// beside each, the test that shows it.
const std::vector<std::string>& found_by_directed_tests() {
  static const std::vector<std::string> all = {
      "skip_pre_vote",            // RaftElection.without_pre_vote_it_would
      "vote_despite_leader",      // RaftElection.if_voters_disregarded_the_leader_it_would
      "keep_leading_alone",       // RaftElection.without_check_quorum_it_would_stay
      "ack_stale_tail",           // RaftReplication.acknowledging_the_whole_log_would_show
      "commit_unverified",        // RaftReplication.committing_the_whole_log_would_show
      "promote_unready",          // RaftMembership.promoting_it_all_the_same_would_show
      "lease_without_drift",      // RaftLease.without_the_allowance_it_would_answer_wrongly
      "vote_soon_after_restart",  // RaftLease.forgetting_it_would_elect_another_leader...
  };
  return all;
}

bool Mutations::*flag_of(const std::string& name) {
  for (const auto& each : all_mutations()) {
    if (name == each.name) return each.flag;
  }
  return nullptr;
}

TEST(RaftMutations, each_is_accounted_for) {
  std::vector<std::string> known = found_by_directed_tests();
  for (const auto& each : found_by_simulator()) known.push_back(each.name);
  std::vector<std::string> all;
  for (const auto& each : all_mutations()) all.emplace_back(each.name);
  std::sort(known.begin(), known.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(known, all);
  // One flag a byte: none was forgotten in all_mutations().
  EXPECT_EQ(all.size(), sizeof(Mutations));
}

class RaftMutation : public testing::TestWithParam<Planted> {};

// In a child process, since a fault may also be caught by an assertion of the core.
TEST_P(RaftMutation, is_caught_by_the_simulator) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    for (std::uint64_t seed = GetParam().first_seed; seed < GetParam().first_seed + seeds; ++seed) {
      SimOptions options = random_options(seed, GetParam().nodes);
      options.mutations.*flag_of(GetParam().name) = true;
      if (Simulator(options).run().violation) _exit(1);
    }
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  const bool silent = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  EXPECT_FALSE(silent) << seeds << " seeds found nothing wrong";
}

INSTANTIATE_TEST_SUITE_P(Faults, RaftMutation, testing::ValuesIn(found_by_simulator()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace yurt::raft::sim
