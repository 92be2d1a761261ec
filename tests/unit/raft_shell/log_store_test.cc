// The log on disk: what was written is there again, and damage is noticed.
#include "raft/shell/log_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <fstream>

#include "raft/shell/log_options.h"
#include "tests/unit/raft_shell/forgetful_files.h"
#include "tests/unit/raft_shell/temporary_folder.h"

namespace yurt::raft::testing {
namespace {

using ::testing::HasSubstr;

Entry entry(Index index, Term term, std::string payload) {
  return {index, term, EntryKind::command, std::make_shared<const std::string>(std::move(payload))};
}

Write write_of(std::uint64_t sequence, Term term, std::vector<Entry> entries) {
  Write write;
  write.sequence = sequence;
  write.hard_state = HardState{term, 0};
  write.entries = std::move(entries);
  return write;
}

std::vector<std::string> payloads(const LogStore& store, Index first, Index last) {
  const auto entries = store.read_entries(first, last, 1 << 30);
  std::vector<std::string> found;
  if (!entries.ok()) return {entries.error().message};
  for (const Entry& each : *entries) found.emplace_back(each.bytes());
  return found;
}

class LogStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<LogStore> open(rocksdb::Env* env = nullptr) {
    auto opened = LogStore::open(path(), env);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return opened.ok() ? std::move(*opened) : nullptr;
  }
  std::filesystem::path path() const { return folder_.path() / "log"; }

  void write(LogStore& store, std::vector<Entry> entries, Term term = 1) {
    const Write one = write_of(++sequence_, term, std::move(entries));
    ASSERT_TRUE(store.write({&one, 1}).ok());
  }

  // Five entries, each written and synced on its own.
  void write_five() {
    const auto store = open();
    for (Index index = 1; index <= 5; ++index) {
      write(*store, {entry(index, 1, "payload " + std::to_string(index))});
    }
  }

  // Changes the stored log behind the store's back.
  template <typename Change>
  void tamper(const Change& change) {
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(log_options(nullptr), path().string(), &raw).ok());
    const std::unique_ptr<rocksdb::DB> db(raw);
    change(*db);
  }

  std::filesystem::path newest_wal() const {
    std::vector<std::filesystem::path> found;
    for (const auto& file : std::filesystem::directory_iterator(path())) {
      if (file.path().extension() == ".log") found.push_back(file.path());
    }
    return *std::max_element(found.begin(), found.end());
  }

  // Flips a bit in the first place where the log file holds `text`.
  void damage_wal_at(const std::string& text) {
    std::fstream file(newest_wal(), std::ios::in | std::ios::out | std::ios::binary);
    const std::string content((std::istreambuf_iterator<char>(file)), {});
    const std::size_t at = content.find(text);
    ASSERT_NE(at, std::string::npos);
    file.clear();
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(content[at] ^ 1));
  }

  TemporaryFolder folder_;
  std::uint64_t sequence_ = 0;
};

TEST_F(LogStoreTest, IsEmptyAtFirst) {
  const auto store = open();
  EXPECT_EQ(store->recovered().last_index, 0U);
  EXPECT_EQ(store->recovered().hard_state, HardState{});
  EXPECT_TRUE(store->recovered().configurations.empty());
}

TEST_F(LogStoreTest, HasEverythingAgainWhenItIsOpenedAnew) {
  const std::vector<ConfigurationAt> configurations{{1, {{{1, "a:1", true}, {2, "b:2", false}}}}};
  {
    const auto store = open();
    Write write = write_of(1, 7, {entry(1, 3, "one"), entry(2, 7, "")});
    write.entries[0].kind = EntryKind::configuration;
    write.hard_state = HardState{7, 2};
    write.configurations = configurations;
    ASSERT_TRUE(store->write({&write, 1}).ok());
  }
  const auto store = open();
  EXPECT_EQ(store->recovered().hard_state, (HardState{7, 2}));
  EXPECT_EQ(store->recovered().last_index, 2U);
  EXPECT_EQ(store->recovered().configurations, configurations);
  const auto entries = store->read_entries(1, 2, 1 << 20);
  ASSERT_TRUE(entries.ok());
  EXPECT_EQ((*entries)[0].kind, EntryKind::configuration);
  EXPECT_EQ((*entries)[0].bytes(), "one");
  EXPECT_EQ((*entries)[1].term, 7U);
  EXPECT_EQ((*entries)[1].bytes(), "");
}

TEST_F(LogStoreTest, ReplacesATailThatAnotherLeaderOverwrites) {
  write_five();
  {
    const auto store = open();
    Write write = write_of(6, 2, {entry(3, 2, "new")});
    write.truncate_from = 3;
    ASSERT_TRUE(store->write({&write, 1}).ok());
  }
  const auto store = open();
  EXPECT_EQ(store->recovered().last_index, 3U);
  EXPECT_EQ(payloads(*store, 1, 3), (std::vector<std::string>{"payload 1", "payload 2", "new"}));
}

TEST_F(LogStoreTest, ForgetsEntriesBehindItsStart) {
  write_five();
  {
    const auto store = open();
    Write write;
    write.sequence = 6;
    write.start = LogStart{3, 1};
    ASSERT_TRUE(store->write({&write, 1}).ok());
  }
  const auto store = open();
  EXPECT_EQ(store->recovered().start, (LogStart{3, 1}));
  EXPECT_EQ(store->recovered().last_index, 5U);
  EXPECT_FALSE(store->read_entries(3, 5, 1 << 20).ok());
  EXPECT_EQ(payloads(*store, 4, 5), (std::vector<std::string>{"payload 4", "payload 5"}));
}

TEST_F(LogStoreTest, AppliesSeveralWritesInOrderAsOne) {
  ForgetfulFiles files;
  const auto store = open(files.env());
  const int syncs = files.syncs();
  std::vector<Write> writes{write_of(1, 1, {entry(1, 1, "a"), entry(2, 1, "b")}),
                            write_of(2, 2, {entry(2, 2, "c")})};
  writes[1].truncate_from = 2;
  ASSERT_TRUE(store->write(writes).ok());
  EXPECT_EQ(payloads(*store, 1, 2), (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(files.syncs(), syncs + 1);
}

TEST_F(LogStoreTest, ReadsNoMoreBytesThanAskedForButAlwaysOneEntry) {
  const auto store = open();
  write(*store, {entry(1, 1, std::string(100, 'a')), entry(2, 1, std::string(100, 'b'))});
  EXPECT_EQ(store->read_entries(1, 2, 1)->size(), 1U);
  EXPECT_EQ(store->read_entries(1, 2, 200)->size(), 1U);
  EXPECT_EQ(store->read_entries(1, 2, 2 * (100 + entry_overhead_bytes))->size(), 2U);
}

TEST_F(LogStoreTest, RefusesALogWithAGap) {
  write_five();
  tamper([](rocksdb::DB& db) { ASSERT_TRUE(db.Delete({}, entry_key(3)).ok()); });
  const auto opened = LogStore::open(path());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  EXPECT_THAT(opened.error().message, HasSubstr("expected log entry 3, found 4"));
}

TEST_F(LogStoreTest, RefusesAnEntryThatDoesNotMatchItsChecksum) {
  write_five();
  tamper([](rocksdb::DB& db) {
    std::string value;
    ASSERT_TRUE(db.Get({}, entry_key(3), &value).ok());
    value.back() ^= 1;
    ASSERT_TRUE(db.Put({}, entry_key(3), value).ok());
  });
  const auto opened = LogStore::open(path());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  EXPECT_THAT(opened.error().message, HasSubstr("log entry 3 does not match its checksum"));
}

TEST_F(LogStoreTest, RefusesAnEntryStoredInAnothersPlace) {
  write_five();
  tamper([](rocksdb::DB& db) {
    std::string value;
    ASSERT_TRUE(db.Get({}, entry_key(2), &value).ok());
    ASSERT_TRUE(db.Put({}, entry_key(3), value).ok());
  });
  EXPECT_EQ(LogStore::open(path()).error().code, ErrorCode::corrupt);
}

TEST_F(LogStoreTest, RefusesALogWhoseVoteIsGone) {
  write_five();
  tamper([](rocksdb::DB& db) {
    ASSERT_TRUE(db.Delete({}, rocksdb::Slice(hard_state_key.data(), hard_state_key.size())).ok());
  });
  EXPECT_EQ(LogStore::open(path()).error().code, ErrorCode::corrupt);
}

TEST_F(LogStoreTest, DropsATornLastWrite) {
  write_five();
  damage_wal_at("payload 5");
  const auto store = open();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->recovered().last_index, 4U);
  write(*store, {entry(5, 1, "again")});
  EXPECT_EQ(payloads(*store, 4, 5), (std::vector<std::string>{"payload 4", "again"}));
}

TEST_F(LogStoreTest, DropsALastWriteThatEndsEarly) {
  write_five();
  const auto wal = newest_wal();
  std::filesystem::resize_file(wal, std::filesystem::file_size(wal) - 3);
  const auto store = open();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->recovered().last_index, 4U);
}

TEST_F(LogStoreTest, RefusesDamageToAWriteThatWasSyncedBeforeAnother) {
  write_five();
  damage_wal_at("payload 3");
  const auto opened = LogStore::open(path());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
}

TEST_F(LogStoreTest, ReportsADiskThatDoesNotSync) {
  ForgetfulFiles files;
  const auto store = open(files.env());
  files.fail_syncs();
  const Write write = write_of(1, 1, {entry(1, 1, "a")});
  const Status written = store->write({&write, 1});
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::io);
}

TEST_F(LogStoreTest, BeginsBehindAnInstalledSnapshot) {
  write_five();
  const SnapshotMeta snapshot{9, 2, {{{1, "a:1", true}}}};
  {
    const auto store = open();
    ASSERT_TRUE(store->begin_install({snapshot, "received-1"}).ok());
  }
  {
    const auto store = open();
    ASSERT_EQ(store->recovered().install, (PendingInstall{snapshot, "received-1"}));
    ASSERT_TRUE(store->finish_install(snapshot).ok());
  }
  const auto store = open();
  EXPECT_FALSE(store->recovered().install.has_value());
  EXPECT_EQ(store->recovered().start, (LogStart{9, 2}));
  EXPECT_EQ(store->recovered().last_index, 9U);
  EXPECT_EQ(store->recovered().hard_state.term, 2U);
  EXPECT_EQ(store->recovered().configurations,
            (std::vector<ConfigurationAt>{{9, snapshot.configuration}}));
}

TEST_F(LogStoreTest, KeepsWhatItAcknowledgedBehindASnapshotThatItsLogAgreesWith) {
  write_five();
  {
    const auto store = open();
    ASSERT_TRUE(store->finish_install({3, 1, {}}).ok());
  }
  const auto store = open();
  EXPECT_EQ(store->recovered().start, (LogStart{3, 1}));
  EXPECT_EQ(payloads(*store, 4, 5), (std::vector<std::string>{"payload 4", "payload 5"}));
}

// Whatever is written and answered is there after a power cut, and nothing else is.
RC_GTEST_PROP(LogStoreProperty, APowerCutTakesNothingThatWasAnswered, ()) {
  const TemporaryFolder folder;
  ForgetfulFiles files;
  std::vector<Entry> log;  // what must be there; the entry at index i is log[i - 1]
  Index start = 0;
  Term term = 1;
  std::uint64_t sequence = 0;
  const auto cuts = *rc::gen::inRange(1, 4);
  for (int cut = 0; cut < cuts; ++cut) {
    auto opened = LogStore::open(folder.path(), files.env());
    RC_ASSERT(opened.ok());
    LogStore& store = **opened;
    RC_ASSERT(store.recovered().last_index == log.size());
    RC_ASSERT(store.recovered().start.index == start);
    if (log.size() > start) {
      const auto entries = store.read_entries(start + 1, log.size(), 1 << 30);
      RC_ASSERT(entries.ok());
      for (std::size_t i = 0; i < entries->size(); ++i) {
        RC_ASSERT((*entries)[i].bytes() == log[start + i].bytes());
        RC_ASSERT((*entries)[i].term == log[start + i].term);
      }
    }
    const auto steps = *rc::gen::inRange(1, 12);
    for (int step = 0; step < steps; ++step) {
      Write write;
      write.sequence = ++sequence;
      write.hard_state = HardState{++term, 0};
      if (*rc::gen::weightedElement<bool>({{3, false}, {1, true}}) && log.size() > start) {
        write.truncate_from = *rc::gen::inRange<Index>(start + 1, log.size() + 1);
        log.resize(write.truncate_from - 1);
      }
      if (*rc::gen::weightedElement<bool>({{4, false}, {1, true}}) && log.size() > start) {
        start = *rc::gen::inRange<Index>(start + 1, log.size() + 1);
        write.start = LogStart{start, log[start - 1].term};
      }
      const auto count = *rc::gen::inRange(0, 5);
      for (int i = 0; i < count; ++i) {
        log.push_back(entry(log.size() + 1, term, std::string(*rc::gen::inRange(0, 3000), 'x')));
        write.entries.push_back(log.back());
      }
      RC_ASSERT(store.write({&write, 1}).ok());
    }
    opened->reset();
    files.lose_what_was_not_synced();
  }
}

}  // namespace
}  // namespace yurt::raft::testing
