#include "server/agents/watches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "proto/command.pb.h"
#include "server/state/store.h"

namespace yurt::server {
namespace {

// A store whose changes the watches see, as the hub passes them on.
class WatchesTest : public testing::Test, private ChangeListener {
 protected:
  WatchesTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "yurt-watches-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    store_ = *StateStore::open(folder_ / "state");
    watches_ = std::make_unique<Watches>(*store_, keyring_);
    static_cast<void>(store_->subscribe(this));
    model::Command key;
    *key.mutable_upsert_root_keys()->add_keys() = *keyring_.make_root_key("key", 1);
    apply(key);
  }
  ~WatchesTest() override {
    store_->unsubscribe(this);
    std::filesystem::remove_all(folder_);
  }

  void on_changes(const ChangesRef& changes) override { has_news_ = watches_->note(*changes); }

  void apply(const model::Command& command) {
    const std::string bytes = command.SerializeAsString();
    const raft::StateMachine::Committed committed{++index_, 1, bytes};
    static_cast<void>(store_->apply({&committed, 1}));
  }
  void set(const std::string& path, const std::string& value) {
    model::Command command;
    auto& change = *command.mutable_change_variables()->add_changes();
    change.mutable_variable()->mutable_metadata()->set_namespace_("default");
    change.mutable_variable()->mutable_metadata()->set_path(path);
    google::protobuf::Map<std::string, std::string> items;
    items["value"] = value;
    const Snapshot snapshot = store_->snapshot();
    ASSERT_TRUE(keyring_.seal(snapshot.tables(), items, *change.mutable_variable()).ok());
    apply(command);
  }
  void watch(const void* agent, std::vector<std::pair<model::Watch::Kind, std::string>> wanted) {
    model::WatchSet set;
    std::uint64_t id = 0;
    for (const auto& [kind, name] : wanted) {
      auto& one = *set.add_watches();
      one.set_id(++id);
      one.set_kind(kind);
      one.set_namespace_("default");
      one.set_name(name);
    }
    watches_->set(
        agent,
        [this, agent](const model::ServerMessage& message) {
          const auto& result = message.watch_result();
          std::string text = agent == &first_ ? "1:" : "2:";
          if (result.has_variable()) text += result.variable().items().at("value");
          for (const auto& variable : result.variables()) text += variable.path() + " ";
          answers_.push_back(text);
        },
        set);
  }
  std::vector<std::string> news() {
    if (has_news_) watches_->push();
    has_news_ = false;
    return std::exchange(answers_, {});
  }
  using Answers = std::vector<std::string>;

  const int first_ = 0, second_ = 0;
  std::filesystem::path folder_;
  Keyring keyring_{std::string(32, 'w')};
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<Watches> watches_;
  std::vector<std::string> answers_;
  bool has_news_ = false;
  raft::Index index_ = 0;
};

TEST_F(WatchesTest, a_watch_is_answered_at_once_and_after_each_change_of_what_it_watches) {
  set("a", "one");
  watch(&first_, {{model::Watch::VARIABLE, "a"}});
  EXPECT_EQ(news(), Answers{"1:one"});
  set("b", "other");
  EXPECT_EQ(news(), Answers{});
  set("a", "two");
  EXPECT_EQ(news(), Answers{"1:two"});
}

TEST_F(WatchesTest, what_is_not_there_is_answered_too) {
  watch(&first_, {{model::Watch::VARIABLE, "a"}});
  EXPECT_EQ(news(), Answers{"1:"});
  set("a", "one");
  EXPECT_EQ(news(), Answers{"1:one"});
}

TEST_F(WatchesTest, a_list_follows_what_begins_with_its_prefix) {
  watch(&first_, {{model::Watch::VARIABLE_LIST, "models"}});
  EXPECT_EQ(news(), Answers{"1:"});
  set("models/a", "x");
  set("modelsb", "x");
  set("other", "x");
  EXPECT_EQ(news(), Answers{"1:models/a modelsb "});
}

TEST_F(WatchesTest, every_agent_that_watches_is_told_until_it_goes) {
  watch(&first_, {{model::Watch::VARIABLE, "a"}});
  watch(&second_, {{model::Watch::VARIABLE, "a"}});
  static_cast<void>(news());
  set("a", "one");
  auto told = news();
  std::sort(told.begin(), told.end());
  EXPECT_EQ(told, (Answers{"1:one", "2:one"}));
  watches_->drop(&first_);
  set("a", "two");
  EXPECT_EQ(news(), Answers{"2:two"});
}

TEST_F(WatchesTest, a_new_set_answers_only_what_is_new_to_it) {
  set("a", "one");
  set("b", "two");
  watch(&first_, {{model::Watch::VARIABLE, "a"}});
  static_cast<void>(news());
  watch(&first_, {{model::Watch::VARIABLE, "a"}, {model::Watch::VARIABLE, "b"}});
  EXPECT_EQ(news(), Answers{"1:two"});
  watch(&first_, {{model::Watch::VARIABLE, "b"}});
  set("a", "three");
  EXPECT_EQ(news(), Answers{});
}

}  // namespace
}  // namespace yurt::server
