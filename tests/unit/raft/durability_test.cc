// What the core believes to be on disk (core/write_queue.h).
#include <gtest/gtest.h>

#include "raft/core/write_queue.h"
#include "tests/unit/raft/cluster.h"

namespace yurt::raft {
namespace {

Entry entry(Index index, Term term) { return {index, term, EntryKind::command, nullptr}; }

std::uint64_t hand_out(WriteQueue& writes) { return writes.take().value().sequence; }

TEST(RaftWriteQueue, a_write_makes_its_entries_durable) {
  WriteQueue writes(0, false);
  writes.append(entry(1, 1));
  writes.append(entry(2, 1));
  const auto sequence = hand_out(writes);
  EXPECT_EQ(writes.durable_index(), 0U);
  writes.persisted(sequence);
  EXPECT_EQ(writes.durable_index(), 2U);
  EXPECT_FALSE(writes.take().has_value());
}

TEST(RaftWriteQueue, the_notice_of_a_truncated_write_does_not_count) {
  WriteQueue writes(0, false);
  for (Index index = 1; index <= 4; ++index) writes.append(entry(index, 1));
  const auto first = hand_out(writes);
  writes.truncate_from(3);
  writes.append(entry(3, 2));
  const auto second = hand_out(writes);
  writes.persisted(first);
  EXPECT_EQ(writes.durable_index(), 2U);
  writes.persisted(second);
  EXPECT_EQ(writes.durable_index(), 3U);
}

// Entry 3 of term 1 is written, replaced by term 2's, and comes back. The first write's notice
// speaks of an equal entry, and yet the disk is about to lose it again.
TEST(RaftWriteQueue, an_equal_entry_appended_again_is_not_made_durable_by_the_old_notice) {
  WriteQueue writes(2, false);
  writes.append(entry(3, 1));
  const auto first = hand_out(writes);
  writes.truncate_from(3);
  writes.append(entry(3, 2));
  const auto second = hand_out(writes);
  writes.truncate_from(3);
  writes.append(entry(3, 1));
  const auto third = hand_out(writes);
  writes.persisted(first);
  EXPECT_EQ(writes.durable_index(), 2U);
  writes.persisted(second);
  EXPECT_EQ(writes.durable_index(), 2U);
  writes.persisted(third);
  EXPECT_EQ(writes.durable_index(), 3U);
}

TEST(RaftWriteQueue, trusting_the_old_notice_would_show) {
  WriteQueue writes(2, true);
  writes.append(entry(3, 1));
  const auto first = hand_out(writes);
  writes.truncate_from(3);
  writes.append(entry(3, 2));
  (void)hand_out(writes);
  writes.persisted(first);
  EXPECT_EQ(writes.durable_index(), 3U);
}

TEST(RaftWriteQueue, entries_the_disk_never_heard_of_are_simply_left_out) {
  WriteQueue writes(0, false);
  writes.append(entry(1, 1));
  writes.append(entry(2, 1));
  writes.truncate_from(2);
  writes.append(entry(2, 2));
  const Write write = writes.take().value();
  EXPECT_EQ(write.truncate_from, 0U);
  ASSERT_EQ(write.entries.size(), 2U);
  EXPECT_EQ(write.entries[1].term, 2U);
}

TEST(RaftWriteQueue, a_reset_is_durable_up_to_the_snapshot_once_written) {
  WriteQueue writes(5, false);
  writes.reset_to({100, 7}, 1);
  const Write write = writes.take().value();
  EXPECT_EQ(write.truncate_from, 1U);
  EXPECT_TRUE(write.must_sync());
  EXPECT_EQ(writes.durable_index(), 0U);
  writes.persisted(write.sequence);
  EXPECT_EQ(writes.durable_index(), 100U);
}

TEST(RaftDurability, a_stale_notice_does_not_release_an_acknowledgement) {
  Cluster cluster(3);
  cluster[3].disk_held = true;
  const auto of_term = [](Term term) {
    return AppendRequest{1, 1, 1, {{2, term, EntryKind::command, nullptr}}};
  };
  cluster.step(3, Received{{1, 3, 2, of_term(2)}});
  sim::History registry;
  const std::uint64_t first = cluster[3].disk.sync(1, registry);
  cluster.step(3, Received{{2, 3, 3, of_term(3)}});
  cluster[3].sent.clear();
  cluster.step(3, Persisted{first});
  EXPECT_EQ(cluster.core(3).durable_index(), 1U);
  EXPECT_TRUE(cluster[3].sent.empty());
  cluster.sync(3);
  ASSERT_FALSE(cluster[3].sent.empty());
  EXPECT_EQ(cluster[3].sent.back().to, 2U);
  EXPECT_EQ(cluster.core(3).durable_index(), 2U);
}

TEST(RaftDurability, what_was_acknowledged_survives_the_crash_of_everybody) {
  Cluster cluster(3);
  cluster.elect(1);
  cluster.propose(1, "kept");
  cluster.pump();
  ASSERT_EQ(cluster[1].commands.size(), 1U);
  cluster[1].disk_held = true;
  cluster.propose(1, "not acknowledged");
  for (PeerId id = 1; id <= 3; ++id) cluster.crash(id);
  cluster.drop_all();
  cluster[1].disk_held = false;
  for (PeerId id = 1; id <= 3; ++id) cluster.restart(id);
  cluster.elapse(2000);
  ASSERT_NE(cluster.leader(), 0U);
  for (PeerId id = 1; id <= 3; ++id) {
    EXPECT_EQ(cluster[id].commands, std::vector<std::string>{"kept"}) << id;
  }
}

TEST(RaftDurability, a_restarted_server_knows_its_term_and_vote) {
  Cluster cluster(3);
  cluster.elect(2);
  cluster.restart(3);
  EXPECT_EQ(cluster.core(3).hard_state(), (HardState{2, 2}));
}

}  // namespace
}  // namespace yurt::raft
