// Replication: what followers accept and acknowledge, how logs are brought into line, flow control
// (thesis §3.5, §10.2.1).
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/raft/cluster.h"

namespace yurt::raft {
namespace {

Entry command(Index index, Term term, const std::string& text = "x") {
  return {index, term, EntryKind::command, std::make_shared<const std::string>(text)};
}

template <typename Body>
std::vector<Body> all_sent(Cluster& cluster, PeerId id) {
  std::vector<Body> found;
  for (const auto& message : cluster[id].sent) {
    if (const auto* body = std::get_if<Body>(&message.body)) found.push_back(*body);
  }
  return found;
}

TEST(RaftReplication, a_command_is_applied_everywhere_in_order) {
  Cluster cluster(3);
  cluster.elect(2);
  cluster.propose(2, "a");
  cluster.propose(2, "b");
  cluster.pump();
  for (PeerId id = 1; id <= 3; ++id) {
    EXPECT_EQ(cluster[id].commands, (std::vector<std::string>{"a", "b"})) << id;
  }
}

TEST(RaftReplication, only_the_leader_takes_commands) {
  Cluster cluster(3);
  cluster.elect(2);
  EXPECT_EQ(cluster.propose(1, "no").refusal, Refusal::not_leader);
  EXPECT_EQ(cluster.propose(2, "yes").refusal, Refusal::none);
}

TEST(RaftReplication, a_batch_of_commands_is_one_message_and_one_write) {
  Cluster cluster(3);
  cluster.elect(1);
  const std::size_t before = all_sent<AppendRequest>(cluster, 1).size();
  Propose batch;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    batch.proposals.push_back({100 + i, std::make_shared<const std::string>("command")});
  }
  cluster.step(1, std::move(batch));
  EXPECT_EQ(cluster[1].disk.waiting(), 1U);
  EXPECT_EQ(all_sent<AppendRequest>(cluster, 1).size() - before, 2U);
  cluster.pump();
  EXPECT_EQ(cluster[3].commands.size(), 1000U);
}

TEST(RaftReplication, payloads_are_shared_not_copied) {
  Cluster cluster(3);
  cluster.elect(1);
  const auto payload = std::make_shared<const std::string>("one copy");
  cluster.step(1, Propose{{{7, payload}}});
  std::size_t found = 0;
  for (const auto& append : all_sent<AppendRequest>(cluster, 1)) {
    for (const auto& entry : append.entries) found += entry.payload == payload;
  }
  EXPECT_EQ(found, 2U);
}

// A follower whose log goes on behind what the leader's has: the fault of the library that was
// tried first was to acknowledge all of it.
Index acknowledged_by_follower_with_stale_tail(Mutations mutations) {
  Cluster cluster(3, {}, mutations);
  AppendRequest of_term_2{1, 1, 1, {command(2, 2), command(3, 2), command(4, 2), command(5, 2)}};
  cluster.step(3, Received{{1, 3, 2, of_term_2}});
  cluster.sync(3);
  // The leader of term 3 knows only entry 2 of those.
  cluster.step(3, Received{{2, 3, 3, AppendRequest{2, 2, 1, {}}}});
  cluster.sync(3);
  return all_sent<AppendReply>(cluster, 3).back().match;
}

TEST(RaftReplication, a_rejoined_follower_acknowledges_only_what_was_compared) {
  EXPECT_EQ(acknowledged_by_follower_with_stale_tail({}), 2U);
}

TEST(RaftReplication, acknowledging_the_whole_log_would_show) {
  Mutations mutations;
  mutations.ack_stale_tail = true;
  EXPECT_EQ(acknowledged_by_follower_with_stale_tail(mutations), 5U);
}

Index committed_by_follower_with_stale_tail(Mutations mutations) {
  Cluster cluster(3, {}, mutations);
  AppendRequest of_term_2{1, 1, 1, {command(2, 2), command(3, 2), command(4, 2)}};
  cluster.step(3, Received{{1, 3, 2, of_term_2}});
  cluster.step(3, Received{{2, 3, 3, AppendRequest{2, 2, 4, {}}}});
  return cluster.core(3).commit_index();
}

TEST(RaftReplication, a_rejoined_follower_commits_only_what_was_compared) {
  EXPECT_EQ(committed_by_follower_with_stale_tail({}), 2U);
}

TEST(RaftReplication, committing_the_whole_log_would_show) {
  Mutations mutations;
  mutations.commit_unverified = true;
  EXPECT_EQ(committed_by_follower_with_stale_tail(mutations), 4U);
}

TEST(RaftReplication, a_heartbeat_commits_only_what_this_leader_compared) {
  Cluster cluster(3);
  cluster.step(3, Received{{1, 3, 2, AppendRequest{1, 1, 1, {command(2, 2), command(3, 2)}}}});
  cluster.step(3, Received{{2, 3, 3, Heartbeat{1, 3}}});
  EXPECT_EQ(cluster.core(3).commit_index(), 1U);
  cluster.step(3, Received{{2, 3, 3, AppendRequest{3, 2, 3, {}}}});
  EXPECT_EQ(cluster.core(3).commit_index(), 3U);
}

TEST(RaftReplication, an_acknowledgement_waits_for_the_disk_and_a_heartbeat_does_not) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster[3].disk_held = true;
  cluster[3].sent.clear();
  cluster.propose(1, "slow at 3");
  cluster.pump();
  EXPECT_TRUE(all_sent<AppendReply>(cluster, 3).empty());
  EXPECT_EQ(cluster[1].commands.size(), 1U);  // 1 and 2 are a majority
  cluster.pass(60);
  cluster.step(1, Tick{0});
  cluster.pump();
  EXPECT_FALSE(all_sent<HeartbeatReply>(cluster, 3).empty());
  cluster.sync(3);
  EXPECT_EQ(all_sent<AppendReply>(cluster, 3).back().match, 3U);
}

TEST(RaftReplication, the_leader_counts_itself_only_once_its_disk_is_done) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.isolate(3);
  cluster[1].disk_held = true;
  cluster.propose(1, "on disk at 2 only");
  cluster.pump();
  EXPECT_EQ(cluster.core(2).last_index(), 3U);
  EXPECT_EQ(cluster.core(1).commit_index(), 2U);
  cluster.sync(1);
  EXPECT_EQ(cluster.core(1).commit_index(), 3U);
}

TEST(RaftReplication, followers_may_commit_before_the_leaders_own_disk_is_done) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster[1].disk_held = true;
  cluster.propose(1, "a");
  cluster.pump();
  EXPECT_EQ(cluster.core(1).commit_index(), 3U);
  EXPECT_TRUE(cluster[1].commands.empty()) << "applied only what a crash cannot take back";
  cluster.sync(1);
  cluster.pump();
  EXPECT_EQ(cluster[1].commands.size(), 1U);
}

TEST(RaftReplication, a_late_append_takes_nothing_away) {
  Cluster cluster(3);
  const AppendRequest first{1, 1, 1, {command(2, 2)}};
  const AppendRequest second{2, 2, 1, {command(3, 2)}};
  cluster.step(3, Received{{1, 3, 2, first}});
  cluster.step(3, Received{{1, 3, 2, second}});
  cluster.step(3, Received{{1, 3, 2, first}});
  EXPECT_EQ(cluster.core(3).last_index(), 3U);
}

TEST(RaftReplication, a_diverged_log_is_found_and_replaced_in_a_few_questions) {
  Cluster cluster(3);
  // Terms 2 to 6 each left ten entries at server 3 that nobody else has.
  Index last = 1;
  for (Term term = 2; term <= 6; ++term) {
    AppendRequest append{last, last == 1 ? 1 : term - 1, 1, {}};
    for (int i = 0; i < 10; ++i) append.entries.push_back(command(++last, term));
    cluster.step(3, Received{{2, 3, term, append}});
  }
  cluster.pump();
  cluster.isolate(3);
  cluster.pass(1000);
  // 1 and 2 went on in terms above.
  cluster.step(1, Received{{2, 1, 7, TimeoutNow{}}});
  cluster.elapse(1000);
  for (int i = 0; i < 30; ++i) cluster.propose(1, "good");
  cluster.pump();
  ASSERT_EQ(cluster.leader(), 1U);
  cluster.heal();
  cluster[3].sent.clear();
  cluster.elapse(300);
  EXPECT_EQ(cluster.terms(3), cluster.terms(1));
  const auto replies = all_sent<AppendReply>(cluster, 3);
  EXPECT_LE(std::count_if(replies.begin(), replies.end(),
                          [](const AppendReply& reply) { return !reply.accepted; }),
            3);
}

TEST(RaftReplication, a_lost_append_is_noticed_at_the_next_heartbeat) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.propose(1, "lost on the way to 3");
  cluster.deliver([](const Message& message) { return is<AppendRequest>(message, 1, 2); });
  cluster.drop_all();
  cluster.pump();
  cluster.elapse(110);
  EXPECT_EQ(cluster.core(3).last_index(), 3U);
}

TEST(RaftReplication, a_lost_answer_is_made_good_by_the_next_heartbeat) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.cut(2, 1);
  cluster.cut(3, 1);
  cluster.propose(1, "answers lost");
  cluster.pump();
  EXPECT_EQ(cluster.core(1).commit_index(), 2U);
  cluster.heal();
  cluster.elapse(60);
  EXPECT_EQ(cluster.core(1).commit_index(), 3U);
}

TEST(RaftReplication, messages_stay_within_their_limits) {
  CoreOptions options;
  options.max_append_bytes = 1000;
  options.max_inflight_appends = 4;
  Cluster cluster(3, options);
  cluster.elect(1);
  cluster.pump();
  cluster[1].sent.clear();
  for (int i = 0; i < 100; ++i) cluster.propose(1, std::string(300, 'x'));
  std::map<PeerId, int> appends;
  for (const auto& message : cluster[1].sent) {
    const auto* append = std::get_if<AppendRequest>(&message.body);
    if (append == nullptr) continue;
    ++appends[message.to];
    std::size_t bytes = 0;
    for (const auto& entry : append->entries) bytes += size_bytes(entry);
    EXPECT_LE(bytes, 1000U);
  }
  EXPECT_EQ(appends[2], 4);
  EXPECT_EQ(appends[3], 4);
  cluster.pump();
  EXPECT_EQ(cluster[3].commands.size(), 100U);
}

TEST(RaftReplication, bytes_in_flight_are_limited_too) {
  CoreOptions options;
  options.max_inflight_bytes = 2000;
  Cluster cluster(3, options);
  cluster.elect(1);
  for (int i = 0; i < 100; ++i) cluster.propose(1, std::string(300, 'x'));
  for (const auto& peer : cluster.core(1).peers()) {
    EXPECT_LE(peer.inflight_bytes, 2000U + 400U);
    EXPECT_EQ(peer.mode, PeerMode::replicate);
  }
  cluster.pump();
  EXPECT_EQ(cluster[2].commands.size(), 100U);
}

TEST(RaftReplication, too_much_waiting_is_refused_and_passes) {
  CoreOptions options;
  options.max_uncommitted_bytes = 1000;
  Cluster cluster(3, options);
  cluster.elect(1);
  Answer answer;
  int taken = 0;
  for (; taken < 100; ++taken) {
    answer = cluster.propose(1, std::string(100, 'x'));
    if (answer.refusal != Refusal::none) break;
  }
  EXPECT_EQ(answer.refusal, Refusal::too_much_waiting);
  EXPECT_GE(taken, 1);
  EXPECT_LE(taken, 10);
  cluster.pump();
  EXPECT_EQ(cluster.propose(1, "again").refusal, Refusal::none);
}

TEST(RaftReplication, entries_that_left_memory_are_read_back_for_a_slow_peer) {
  CoreOptions options;
  options.log_cache_bytes = 0;
  options.max_append_bytes = 500;
  Cluster cluster(3, options);
  cluster.elect(1);
  cluster.isolate(3);
  for (int i = 0; i < 200; ++i) cluster.propose(1, std::to_string(i));
  cluster.pump();
  cluster.heal();
  cluster.elapse(500);
  ASSERT_EQ(cluster[3].commands.size(), 200U);
  EXPECT_EQ(cluster[3].commands, cluster[1].commands);
}

TEST(RaftReplication, applying_does_not_run_ahead_of_its_limit) {
  CoreOptions options;
  options.max_apply_bytes = 500;
  Cluster cluster(1, options);
  cluster.elect(1);
  cluster[1].apply_held = true;
  for (int i = 0; i < 100; ++i) cluster.propose(1, std::string(100, 'x'));
  cluster.pump();
  EXPECT_EQ(cluster.core(1).commit_index(), 102U);
  cluster[1].apply_held = false;
  cluster.pump();
  EXPECT_EQ(cluster[1].commands.size(), 100U);
}

TEST(RaftReplication, an_unreachable_peer_is_not_flooded) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.isolate(3);
  cluster.step(1, PeerUnreachable{3});
  cluster[1].sent.clear();
  for (int i = 0; i < 100; ++i) {
    cluster.propose(1, "x");
    cluster.pump();
    cluster.step(1, PeerUnreachable{3});
  }
  for (const auto& message : cluster[1].sent) EXPECT_FALSE((is<AppendRequest>(message, 1, 3)));
  cluster.heal();
  cluster.elapse(200);
  EXPECT_EQ(cluster[3].commands.size(), 100U);
}

}  // namespace
}  // namespace yurt::raft
