#include <gtest/gtest.h>

#include "base/random.h"
#include "proto/command.pb.h"
#include "server/leader/root_keys.h"
#include "server/leader/variable_locks.h"
#include "server/state/apply.h"
#include "server/state/rows.h"
#include "server/variables/keyring.h"
#include "server/variables/seal.h"

namespace yurt::server {
namespace {

constexpr std::int64_t second = 1'000'000'000;

class VariablesTest : public testing::Test {
 protected:
  VariablesTest() {
    add_builtins(tables);
    model::Command command;
    *command.mutable_upsert_root_keys()->add_keys() = *keyring.make_root_key("key-1", now);
    run(command);
  }

  Applied run(model::Command command) {
    changes = {};
    command.set_time(now);
    Transaction transaction(tables, changes);
    transaction.begin(++index, now);
    auto applied = apply(transaction, command);
    transaction.finish();
    EXPECT_TRUE(applied.ok());
    return applied.ok() ? *applied : Applied{};
  }

  model::VariableChange change(model::VariableChange::Kind kind, const std::string& value = "") {
    model::VariableChange out;
    out.set_kind(kind);
    auto& sealed = *out.mutable_variable();
    sealed.mutable_metadata()->set_namespace_("default");
    sealed.mutable_metadata()->set_path("models/churn");
    if (!value.empty()) {
      google::protobuf::Map<std::string, std::string> items;
      items["path"] = value;
      EXPECT_TRUE(keyring.seal(tables, items, sealed).ok());
    }
    return out;
  }

  Applied run(const model::VariableChange& change) {
    model::Command command;
    *command.mutable_change_variables()->add_changes() = change;
    return run(command);
  }

  Applied set(const std::string& value, std::optional<std::uint64_t> cas = {},
              const std::string& lock_id = "") {
    auto wanted = change(model::VariableChange::SET, value);
    if (cas) wanted.set_cas(*cas);
    wanted.set_lock_id(lock_id);
    return run(wanted);
  }

  Applied acquire(const std::string& id) {
    auto wanted = change(model::VariableChange::LOCK_ACQUIRE);
    auto& lock = *wanted.mutable_variable()->mutable_metadata()->mutable_lock();
    lock.set_id(id);
    lock.set_ttl(10 * second);
    lock.set_lock_delay(20 * second);
    return run(wanted);
  }

  Applied with_lock(model::VariableChange::Kind kind, const std::string& id) {
    auto wanted = change(kind);
    wanted.set_lock_id(id);
    return run(wanted);
  }

  [[nodiscard]] Snapshot state() const { return Snapshot(std::make_shared<const Tables>(tables)); }
  std::string value() {
    const auto* found = tables.variables.find({"default", "models/churn"});
    if (found == nullptr) return "(none)";
    auto opened = keyring.open(tables, **found);
    return opened.ok() ? (*opened->mutable_items())["path"] : opened.error().message;
  }

  Tables tables;
  Changes changes;
  Keyring keyring{std::string(32, 'w')};
  std::uint64_t index = 10;
  std::int64_t now = 1'700'000'000 * second;
};

TEST(SealTest, what_is_sealed_opens_with_the_same_key_and_data_only) {
  const std::string key = make_seal_key();
  const Sealed sealed = seal(key, "a secret", "default/path");
  EXPECT_EQ(sealed.bytes.find("secret"), std::string::npos);
  EXPECT_EQ(unseal(key, sealed.nonce, sealed.bytes, "default/path").value_or(""), "a secret");
  EXPECT_FALSE(unseal(key, sealed.nonce, sealed.bytes, "default/other").ok());
  EXPECT_FALSE(unseal(make_seal_key(), sealed.nonce, sealed.bytes, "default/path").ok());
  for (std::size_t at = 0; at < sealed.bytes.size(); ++at) {
    std::string changed = sealed.bytes;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(unseal(key, sealed.nonce, changed, "default/path").ok()) << at;
  }
  EXPECT_NE(seal(key, "a secret", "default/path").bytes, sealed.bytes);
}

TEST_F(VariablesTest, a_variable_keeps_when_it_was_made_and_tells_when_it_was_changed) {
  const auto first = set("/models/1");
  ASSERT_FALSE(first.conflict);
  now += second;
  const auto later = set("/models/2");
  EXPECT_EQ(later.variable->metadata().create_index(), first.index);
  EXPECT_EQ(later.variable->metadata().modify_index(), later.index);
  EXPECT_EQ(later.variable->metadata().modify_time(), now);
  EXPECT_EQ(value(), "/models/2");
  EXPECT_EQ(tables.index_of(Table::variables), later.index);
}

TEST_F(VariablesTest, check_and_set_writes_only_what_was_expected) {
  EXPECT_TRUE(set("/a", 5).conflict) << "it does not exist";
  const auto made = set("/a", 0);
  ASSERT_FALSE(made.conflict);
  const auto refused = set("/b", 0);
  EXPECT_TRUE(refused.conflict);
  EXPECT_EQ(refused.variable->metadata().modify_index(), made.index);
  EXPECT_FALSE(set("/b", made.index).conflict);
  auto removal = change(model::VariableChange::DELETE);
  removal.set_cas(made.index);
  EXPECT_TRUE(run(removal).conflict);
  removal.clear_cas();
  EXPECT_FALSE(run(removal).conflict);
  EXPECT_EQ(value(), "(none)");
}

TEST_F(VariablesTest, a_locked_variable_is_its_holders) {
  set("/a");
  ASSERT_FALSE(acquire("one").conflict);
  EXPECT_EQ(value(), "/a") << "the items stay";
  EXPECT_TRUE(acquire("two").conflict);
  EXPECT_TRUE(set("/b").conflict);
  EXPECT_TRUE(run(change(model::VariableChange::DELETE)).conflict);
  EXPECT_FALSE(set("/c", {}, "one").conflict);
  EXPECT_EQ(value(), "/c");
  EXPECT_TRUE(with_lock(model::VariableChange::LOCK_RELEASE, "two").conflict);
  EXPECT_TRUE(with_lock(model::VariableChange::LOCK_RENEW, "two").conflict);
  EXPECT_FALSE(with_lock(model::VariableChange::LOCK_RENEW, "one").conflict);
  EXPECT_EQ(changes.renewed_locks.size(), 1U);
  EXPECT_FALSE(with_lock(model::VariableChange::LOCK_RELEASE, "one").conflict);
  EXPECT_FALSE(acquire("two").conflict) << "a released lock is free at once";
}

TEST_F(VariablesTest, an_expired_lock_is_taken_by_nobody_until_its_delay_has_passed) {
  ASSERT_FALSE(acquire("one").conflict);
  ASSERT_FALSE(with_lock(model::VariableChange::LOCK_EXPIRE, "one").conflict);
  EXPECT_TRUE(acquire("two").conflict);
  EXPECT_FALSE(set("/a").conflict) << "it may be written";
  now += 20 * second;
  EXPECT_FALSE(acquire("two").conflict);
}

TEST_F(VariablesTest, locks_end_when_they_are_not_renewed_and_a_new_leader_gives_them_their_time) {
  VariableLocks locks;
  acquire("one");
  locks.note(changes, 0);
  EXPECT_TRUE(locks.expire(9 * second).empty());
  with_lock(model::VariableChange::LOCK_RENEW, "one");
  locks.note(changes, 9 * second);
  EXPECT_TRUE(locks.expire(18 * second).empty());
  VariableLocks of_new_leader;
  of_new_leader.restore(state(), 18 * second);
  EXPECT_TRUE(of_new_leader.expire(27 * second).empty());
  EXPECT_EQ(of_new_leader.expire(28 * second).size(), 1U);
  const auto expired = locks.expire(19 * second);
  ASSERT_EQ(expired.size(), 1U);
  EXPECT_FALSE(run(expired.front()).conflict);
  locks.note(changes, 19 * second);
  EXPECT_EQ(locks.size(), 0U);
}

TEST_F(VariablesTest, a_full_rotation_seals_everything_anew_and_changes_nothing_else) {
  const auto written = set("/a");
  run(rotation(state(), *keyring.make_root_key("key-2", now), true));
  EXPECT_EQ(active_root_key(tables)->key_id(), "key-2");
  EXPECT_EQ(value(), "/a") << "the old key still opens it";
  for (int steps = 0; steps < 5; ++steps) {
    const auto commands = next_root_key_step(state(), keyring, now, 1000 * second, "unused");
    ASSERT_TRUE(commands.ok());
    for (const auto& command : *commands) run(command);
  }
  const auto variable = *tables.variables.find({"default", "models/churn"});
  EXPECT_EQ(variable->key_id(), "key-2");
  EXPECT_EQ(variable->metadata().modify_index(), written.index);
  EXPECT_EQ(value(), "/a");
  EXPECT_EQ((*tables.root_keys.find("key-1"))->state(), "inactive");
}

TEST_F(VariablesTest, a_variable_that_was_written_meanwhile_is_not_sealed_anew_with_what_it_held) {
  set("/a");
  run(rotation(state(), *keyring.make_root_key("key-2", now), true));
  const auto step = next_root_key_step(state(), keyring, now, 1000 * second, "unused");
  set("/b");
  ASSERT_EQ(step->size(), 1U);
  EXPECT_TRUE(run(step->front()).conflict);
  EXPECT_EQ(value(), "/b");
}

TEST_F(VariablesTest, an_old_root_key_is_rotated_by_itself) {
  EXPECT_TRUE(
      next_root_key_step(state(), keyring, now + 9 * second, 10 * second, "key-2")->empty());
  const auto step = next_root_key_step(state(), keyring, now + 10 * second, 10 * second, "key-2");
  ASSERT_EQ(step->size(), 1U);
  run(step->front());
  EXPECT_EQ(active_root_key(tables)->key_id(), "key-2");
  EXPECT_EQ((*tables.root_keys.find("key-1"))->state(), "inactive");
}

TEST_F(VariablesTest, another_key_file_opens_nothing_and_says_so) {
  set("/a");
  Keyring other(std::string(32, 'x'));
  const auto opened = other.open(tables, **tables.variables.find({"default", "models/churn"}));
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("another key file"), std::string::npos);
  EXPECT_FALSE(Keyring("").make_root_key("key", now).ok());
}

TEST_F(VariablesTest, a_namespace_with_variables_stays) {
  model::Command make;
  make.mutable_upsert_namespaces()->add_namespaces()->set_name("teams");
  run(make);
  auto wanted = change(model::VariableChange::SET, "/a");
  wanted.mutable_variable()->mutable_metadata()->set_namespace_("teams");
  run(wanted);
  model::Command removal;
  removal.mutable_delete_namespaces()->add_names("teams");
  Transaction transaction(tables, changes);
  transaction.begin(++index, now);
  EXPECT_FALSE(apply(transaction, removal).ok());
}

}  // namespace
}  // namespace yurt::server
