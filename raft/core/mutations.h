// Mutations: deliberate faults, for tests of the tests.
//
// Each flag breaks one rule of the protocol. The simulator and the directed tests must catch every
// one of them (tests/unit/raft/mutation_test.cc); that is what makes their silence about the
// unbroken core worth something. Nothing outside tests/ sets one.
#pragma once

namespace yurt::raft {

struct Mutations {
  // Elections
  bool vote_without_log_check = false;  // §3.6.1: vote for candidates whose log is behind
  bool vote_twice = false;              // §3.4: forget who was voted for in this term
  bool vote_before_durable = false;     // answer before term and vote are on disk
  bool skip_pre_vote = false;           // §9.6
  bool vote_despite_leader = false;     // §4.2.3: let a disruptive server depose a live leader
  bool keep_leading_alone = false;      // §6.2: no check-quorum
  bool pre_vote_adopts_term = false;    // adopt the term a pre-vote merely asks about
  // Replication
  bool commit_old_terms = false;    // §3.6.2, figure 3.7: count copies of older terms' entries
  bool ack_before_durable = false;  // follower acknowledges what is not on disk
  bool count_self_before_durable = false;  // leader counts its own copy before it is on disk
  bool ack_stale_tail = false;             // acknowledge the whole log, not what was compared
  bool commit_unverified = false;          // follower commits its whole log, not what was compared
  bool truncate_always = false;            // cut the log after every append, conflict or not
  bool trust_stale_persisted = false;      // a write's notice counts although its entries are gone
  bool count_learners = false;             // learners count toward commitment
  bool apply_before_durable = false;       // hand out committed entries not yet on the local disk
  bool accept_old_snapshot = false;        // restore a snapshot older than what is committed
  // Membership
  bool change_before_noop = false;   // thesis §4.1's erratum: change before the no-op commits
  bool overlapping_changes = false;  // start a change while another is not committed
  bool keep_truncated_configuration = false;  // do not revert on truncation
  bool promote_unready = false;               // promote a learner that has not caught up
  // Reads
  bool read_without_round = false;      // §6.4 step 3: do not confirm leadership
  bool read_before_noop = false;        // §6.4 step 1: read before an own entry is committed
  bool lease_from_answer = false;       // §6.4.1: lease from the answer's time, not the question's
  bool lease_without_drift = false;     // no allowance for clocks that run apart
  bool lease_through_transfer = false;  // keep the lease when leadership is handed over
  bool vote_soon_after_restart = false;  // forget the lease given before a crash
};

}  // namespace yurt::raft
