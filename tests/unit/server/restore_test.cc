// A saved state that is put in place of another: what operators do with a backup.
#include <gtest/gtest.h>

#include "server/state/store.h"
#include "tests/unit/server/state_fixture.h"

namespace yurt::server {
namespace {

class RestoredStore : public testing::Test {
 protected:
  RestoredStore() {
    std::string pattern = std::filesystem::temp_directory_path() / "yurt-restore-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~RestoredStore() override {
    stores_.clear();
    std::filesystem::remove_all(folder_);
  }

  // One server's store and how far its log has come.
  struct Server {
    std::unique_ptr<StateStore> store;
    std::filesystem::path path;
    raft::Index log = 0;

    Result<Applied> apply(const model::Command& command) {
      const std::string bytes = command.SerializeAsString();
      const raft::StateMachine::Committed committed{++log, 1, bytes};
      return std::any_cast<Result<Applied>>(store->apply({&committed, 1}).front());
    }
    void register_job(const std::string& id, Random& random) {
      model::Command command;
      command.set_time(1000);
      const model::Job job = a_job(id);
      *command.mutable_register_job()->mutable_job() = job;
      *command.mutable_register_job()->mutable_evaluation() = an_eval(job, random);
      ASSERT_TRUE(apply(command).ok());
    }
    [[nodiscard]] std::vector<std::string> jobs() const {
      std::vector<std::string> out;
      store->snapshot().tables().jobs.each([&](const JobKey& key, const JobRecordRef&) {
        out.push_back(key.id);
        return true;
      });
      return out;
    }
    void reopen() {
      store.reset();
      auto opened = StateStore::open(path);
      ASSERT_TRUE(opened.ok()) << opened.error().message;
      store = std::move(*opened);
    }
  };

  Server& server(const std::string& name) {
    auto& out = stores_.emplace_back(std::make_unique<Server>());
    out->path = folder_ / name;
    out->reopen();
    return *out;
  }

  // All rows of `from`, as the parts of one restore.
  static std::vector<model::Command> parts_of(const Server& from, const std::string& id,
                                              std::size_t rows_in_part) {
    std::vector<model::Command> out;
    std::size_t rows = rows_in_part;
    EXPECT_TRUE(from.store
                    ->each_row([&](std::string_view key, std::string_view value) -> Status {
                      if (rows++ == rows_in_part) {
                        rows = 1;
                        auto& part = *out.emplace_back().mutable_restore_state();
                        part.set_id(id);
                        part.set_part(out.size() - 1);
                      }
                      std::string& bytes = *out.back().mutable_restore_state()->mutable_rows();
                      for (const std::string_view field : {key, value}) {
                        for (int shift = 24; shift >= 0; shift -= 8) {
                          bytes += static_cast<char>(field.size() >> shift & 255);
                        }
                        bytes += field;
                      }
                      return {};
                    })
                    .ok());
    auto& last = *out.emplace_back().mutable_restore_state();
    last.set_id(id);
    last.set_part(out.size() - 1);
    last.set_last(true);
    for (auto& command : out) command.set_time(2000);
    return out;
  }

  static void restore(Server& to, const std::vector<model::Command>& parts) {
    for (const auto& part : parts) {
      const auto applied = to.apply(part);
      ASSERT_TRUE(applied.ok()) << applied.error().message;
    }
  }

  using Names = std::vector<std::string>;
  std::filesystem::path folder_;
  std::vector<std::unique_ptr<Server>> stores_;
  SeededRandom random_{7};
};

class Listening final : public ChangeListener {
 public:
  void on_changes(const ChangesRef& changes) override { heard.push_back(changes); }
  std::vector<ChangesRef> heard;
};

TEST_F(RestoredStore, has_what_was_saved_and_nothing_else) {
  Server &from = server("from"), &to = server("to");
  from.register_job("saved", random_);
  to.register_job("other", random_);
  Listening listening;
  static_cast<void>(to.store->subscribe(&listening));
  const auto parts = parts_of(from, "restore-1", 1);
  ASSERT_GT(parts.size(), 3U);
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    ASSERT_TRUE(to.apply(parts[i]).ok());
    EXPECT_EQ(to.jobs(), Names{"other"}) << "parts are not the state";
  }
  ASSERT_TRUE(to.apply(parts.back()).ok());
  EXPECT_EQ(to.jobs(), Names{"saved"});
  EXPECT_TRUE(listening.heard.back()->replaced);
  to.store->unsubscribe(&listening);
  to.reopen();
  EXPECT_EQ(to.jobs(), Names{"saved"}) << "and so it is after a restart";
  EXPECT_EQ(to.store->durable_index(), to.log);
}

TEST_F(RestoredStore, counts_on_from_the_longer_history) {
  Server &from = server("from"), &to = server("to");
  for (int i = 0; i < 50; ++i) from.register_job("job-" + std::to_string(i), random_);
  restore(to, parts_of(from, "r", 1000));
  EXPECT_GT(to.store->snapshot().index(), 50U);
  const auto index = to.store->snapshot().index();
  for (int table = 0; table < static_cast<int>(Table::count); ++table) {
    EXPECT_EQ(to.store->snapshot().tables().index_of(static_cast<Table>(table)), index)
        << "whoever waits for a change is told";
  }
  to.register_job("new", random_);
  EXPECT_EQ(to.store->snapshot().index(), index + 1);
  // The log's own count is untouched by that.
  std::filesystem::create_directory(folder_ / "scratch");
  const auto snapshot = to.store->take_snapshot(folder_ / "scratch");
  ASSERT_TRUE(snapshot.ok());
  EXPECT_EQ(snapshot->index, to.log);
  Server& third = server("third");
  ASSERT_TRUE(third.store->restore(snapshot->folder, snapshot->index).ok());
  EXPECT_EQ(third.store->snapshot().index(), index + 1);
  EXPECT_EQ(third.store->durable_index(), to.log);
  third.store->skip_to(to.log + 1);
  EXPECT_EQ(third.store->snapshot().index(), index + 2);
}

TEST_F(RestoredStore, is_the_same_on_every_server_however_commands_are_batched) {
  Server &from = server("from"), &one = server("one"), &two = server("two");
  for (int i = 0; i < 5; ++i) from.register_job("job-" + std::to_string(i), random_);
  auto commands = parts_of(from, "r", 2);
  model::Command after;
  after.set_time(3000);
  *after.mutable_register_job()->mutable_job() = a_job("after");
  commands.insert(commands.begin(), after);
  commands.push_back(after);
  for (const auto& command : commands) ASSERT_TRUE(one.apply(command).ok());
  std::vector<std::string> bytes;
  for (const auto& command : commands) bytes.push_back(command.SerializeAsString());
  std::vector<raft::StateMachine::Committed> batch;
  for (const auto& command : bytes) batch.push_back({batch.size() + 1, 1, command});
  EXPECT_EQ(two.store->apply(batch).size(), batch.size());
  EXPECT_EQ(one.jobs(), two.jobs());
  EXPECT_EQ(one.store->snapshot().index(), two.store->snapshot().index());
  EXPECT_EQ(one.jobs().size(), 6U);
}

TEST_F(RestoredStore, refuses_parts_of_a_restore_that_another_has_overtaken) {
  Server &from = server("from"), &to = server("to");
  from.register_job("saved", random_);
  to.register_job("other", random_);
  const auto first = parts_of(from, "first", 1), second = parts_of(from, "second", 1);
  ASSERT_TRUE(to.apply(first[0]).ok());
  ASSERT_TRUE(to.apply(second[0]).ok());
  EXPECT_EQ(to.apply(first[1]).error().code, ErrorCode::conflict);
  EXPECT_EQ(to.apply(first.back()).error().code, ErrorCode::conflict);
  EXPECT_EQ(to.jobs(), Names{"other"});
  restore(to, second.empty() ? first : parts_of(from, "third", 1));
  EXPECT_EQ(to.jobs(), Names{"saved"});
}

TEST_F(RestoredStore, keeps_its_state_when_the_saved_one_cannot_be_read) {
  Server& to = server("to");
  to.register_job("other", random_);
  model::Command part, last;
  part.mutable_restore_state()->set_id("r");
  part.mutable_restore_state()->set_rows(std::string("\0\0\0\2jx\0\0\0\3abc", 13));
  last.mutable_restore_state()->set_id("r");
  last.mutable_restore_state()->set_part(1);
  last.mutable_restore_state()->set_last(true);
  ASSERT_TRUE(to.apply(part).ok());
  EXPECT_EQ(to.apply(last).error().code, ErrorCode::corrupt);
  EXPECT_EQ(to.jobs(), Names{"other"});
  to.reopen();
  EXPECT_FALSE(std::filesystem::exists(to.path.string() + ".incoming"));
}

}  // namespace
}  // namespace yurt::server
