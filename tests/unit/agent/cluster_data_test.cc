#include "agent/stream/cluster_data.h"

#include <gtest/gtest.h>

#include "agent/stream/restart_turns.h"

namespace yurt::agent {
namespace {

const WatchKey churn{model::Watch::VARIABLE, "default", "models/churn"};
const WatchKey other{model::Watch::VARIABLE, "default", "other"};

class ClusterDataTest : public testing::Test {
 protected:
  ClusterDataTest() {
    data.on_watches([this] { ++asked; });
  }

  void read(const void* reader, std::set<WatchKey> keys) {
    data.read(reader, std::move(keys), [this] { ++told; });
  }
  std::uint64_t id_of(const WatchKey& key) {
    const model::WatchSet asked_for = data.watches();
    for (const auto& watch : asked_for.watches()) {
      if (watch.name() == key.name) return watch.id();
    }
    return 0;
  }
  void answer(const WatchKey& key, std::uint64_t index, const std::string& value) {
    model::WatchResult result;
    result.set_id(id_of(key));
    result.set_index(index);
    (*result.mutable_variable()->mutable_items())["path"] = value;
    data.answered(std::move(result));
  }
  std::string value(const WatchKey& key) {
    const auto found = data.find(key);
    return found ? found->variable().items().at("path") : "(unknown)";
  }

  ClusterData data;
  int asked = 0, told = 0;
  const int reader_one = 0, reader_two = 0;
};

TEST_F(ClusterDataTest, what_several_read_is_asked_for_once) {
  read(&reader_one, {churn});
  EXPECT_EQ(asked, 1);
  read(&reader_two, {churn});
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(data.watches().watches_size(), 1);
  read(&reader_two, {churn, other});
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(data.watches().watches_size(), 2);
}

TEST_F(ClusterDataTest, everyone_who_reads_it_is_told_of_an_answer) {
  read(&reader_one, {churn});
  read(&reader_two, {churn, other});
  EXPECT_EQ(value(churn), "(unknown)");
  answer(churn, 10, "a");
  EXPECT_EQ(told, 2);
  answer(other, 11, "b");
  EXPECT_EQ(told, 3);
  EXPECT_EQ(value(churn), "a");
}

TEST_F(ClusterDataTest, an_older_answer_that_comes_late_is_dropped) {
  read(&reader_one, {churn});
  answer(churn, 10, "new");
  answer(churn, 9, "old");
  EXPECT_EQ(value(churn), "new");
  EXPECT_EQ(told, 1);
}

TEST_F(ClusterDataTest, what_nobody_reads_any_more_is_forgotten) {
  read(&reader_one, {churn});
  read(&reader_two, {churn});
  answer(churn, 10, "a");
  data.forget(&reader_one);
  EXPECT_EQ(value(churn), "a");
  read(&reader_two, {other});
  EXPECT_EQ(value(churn), "(unknown)");
  EXPECT_EQ(data.watches().watches_size(), 1);
  data.forget(&reader_two);
  EXPECT_EQ(data.watches().watches_size(), 0);
}

class TurnsTest : public testing::Test {
 protected:
  TurnsTest() {
    turns.on_send([this](const model::RestartTurn& turn) { sent.push_back(turn); });
  }
  void ask() {
    turns.ask(alloc, "t", 7, [this](const std::string& refused) { answers.push_back(refused); });
  }
  void answer(const std::string& refused) {
    model::RestartTurnGrant grant;
    grant.set_alloc_id(alloc.to_bytes());
    grant.set_task("t");
    grant.set_refused(refused);
    turns.answered(grant);
  }

  const AllocId alloc = AllocId::parse_or_nil("11111111-1111-4111-8111-111111111111");
  RestartTurns turns;
  std::vector<model::RestartTurn> sent;
  std::vector<std::string> answers;
};

TEST_F(TurnsTest, a_later_leader_is_told_what_was_asked_granted_and_failed) {
  ask();
  ASSERT_EQ(turns.standing().size(), 1U);
  EXPECT_FALSE(turns.standing()[0].granted());
  EXPECT_EQ(turns.standing()[0].index(), 7U);
  answer("");
  EXPECT_TRUE(turns.standing()[0].granted());
  turns.failed(alloc, "t");
  EXPECT_EQ(turns.standing()[0].kind(), model::RestartTurn::FAILED);
  ask();
  EXPECT_EQ(turns.standing()[0].kind(), model::RestartTurn::ASK);
  answer("");
  turns.done(alloc, "t");
  EXPECT_TRUE(turns.standing().empty());
  EXPECT_EQ(sent.back().kind(), model::RestartTurn::DONE);
  EXPECT_EQ(answers, (std::vector<std::string>{"", ""}));
}

TEST_F(TurnsTest, a_refusal_ends_the_wish) {
  ask();
  answer("another failed");
  EXPECT_EQ(answers, std::vector<std::string>{"another failed"});
  EXPECT_TRUE(turns.standing().empty());
}

TEST_F(TurnsTest, a_grant_that_comes_too_late_is_given_back) {
  ask();
  turns.cancel(alloc, "t");
  sent.clear();
  answer("");
  EXPECT_TRUE(answers.empty());
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].kind(), model::RestartTurn::CANCEL);
}

}  // namespace
}  // namespace yurt::agent
