#include "raft/sim/mutation_names.h"

namespace yurt::raft::sim {

const std::vector<NamedMutation>& all_mutations() {
  static const std::vector<NamedMutation> all = {
      {"vote_without_log_check", &Mutations::vote_without_log_check},
      {"vote_twice", &Mutations::vote_twice},
      {"vote_before_durable", &Mutations::vote_before_durable},
      {"skip_pre_vote", &Mutations::skip_pre_vote},
      {"vote_despite_leader", &Mutations::vote_despite_leader},
      {"keep_leading_alone", &Mutations::keep_leading_alone},
      {"pre_vote_adopts_term", &Mutations::pre_vote_adopts_term},
      {"commit_old_terms", &Mutations::commit_old_terms},
      {"ack_before_durable", &Mutations::ack_before_durable},
      {"count_self_before_durable", &Mutations::count_self_before_durable},
      {"ack_stale_tail", &Mutations::ack_stale_tail},
      {"commit_unverified", &Mutations::commit_unverified},
      {"truncate_always", &Mutations::truncate_always},
      {"trust_stale_persisted", &Mutations::trust_stale_persisted},
      {"count_learners", &Mutations::count_learners},
      {"apply_before_durable", &Mutations::apply_before_durable},
      {"accept_old_snapshot", &Mutations::accept_old_snapshot},
      {"change_before_noop", &Mutations::change_before_noop},
      {"overlapping_changes", &Mutations::overlapping_changes},
      {"keep_truncated_configuration", &Mutations::keep_truncated_configuration},
      {"promote_unready", &Mutations::promote_unready},
      {"read_without_round", &Mutations::read_without_round},
      {"read_before_noop", &Mutations::read_before_noop},
      {"lease_from_answer", &Mutations::lease_from_answer},
      {"lease_without_drift", &Mutations::lease_without_drift},
      {"lease_through_transfer", &Mutations::lease_through_transfer},
      {"vote_soon_after_restart", &Mutations::vote_soon_after_restart},
  };
  return all;
}

}  // namespace yurt::raft::sim
