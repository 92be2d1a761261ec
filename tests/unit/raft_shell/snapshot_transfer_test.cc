// A snapshot arrives exactly as it was sent, or not at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "raft/shell/snapshot_folder.h"
#include "raft/shell/snapshot_parts.h"
#include "raft/shell/snapshot_receiver.h"
#include "tests/unit/raft_shell/temporary_folder.h"

namespace yurt::raft::testing {
namespace {

class SnapshotTransfer : public ::testing::Test {
 protected:
  SnapshotTransfer() {
    put("big", std::string(700'000, 'x'));
    put("deep/er/small", "content");
    put("empty", "");
    std::filesystem::create_directories(inbox());
    header_.set_leader_term(9);
    header_.mutable_hello()->set_from(2);
    header_.mutable_snapshot()->set_index(40);
    header_.mutable_snapshot()->set_term(8);
  }

  void put(const std::string& name, const std::string& content) {
    const auto path = outbox() / name;
    ASSERT_TRUE(make_folders(path.parent_path()).ok());
    ASSERT_TRUE(write_file_atomically(path, content).ok());
  }
  std::filesystem::path outbox() const { return folder_.path() / "out"; }
  std::filesystem::path inbox() const { return folder_.path() / "in"; }

  // The parts behind the header.
  std::vector<wire::SnapshotPart> parts() {
    std::vector<wire::SnapshotPart> all;
    const Status written = write_snapshot_parts(header_, outbox(), [&](const auto& part) {
      all.push_back(part);
      return true;
    });
    EXPECT_TRUE(written.ok());
    EXPECT_TRUE(all.front().has_header());
    all.erase(all.begin());
    return all;
  }

  Result<ArrivedSnapshot> receive(const std::vector<wire::SnapshotPart>& all) {
    std::size_t next = 0;
    SnapshotReceiver receiver(inbox());
    return receiver.receive(header_, [&](wire::SnapshotPart& part) {
      if (next == all.size()) return false;
      part = all[next++];
      return true;
    });
  }

  void expect_refused(const std::vector<wire::SnapshotPart>& all, ErrorCode code) {
    const auto arrived = receive(all);
    ASSERT_FALSE(arrived.ok());
    EXPECT_EQ(arrived.error().code, code);
    EXPECT_TRUE(std::filesystem::is_empty(inbox())) << "nothing of it is left";
  }

  TemporaryFolder folder_;
  wire::SnapshotHeader header_;
};

TEST_F(SnapshotTransfer, ArrivesFileByFileWithItsDescription) {
  const auto arrived = receive(parts());
  ASSERT_TRUE(arrived.ok()) << arrived.error().message;
  EXPECT_EQ(arrived->from, 2U);
  EXPECT_EQ(arrived->leader_term, 9U);
  EXPECT_EQ(arrived->snapshot.index, 40U);
  const auto files = files_beneath(arrived->folder);
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(*files, (std::vector<std::string>{"big", "deep/er/small", "empty"}));
  for (const std::string& name : *files) {
    EXPECT_EQ(*read_file(arrived->folder / name), *read_file(outbox() / name)) << name;
  }
}

TEST_F(SnapshotTransfer, TravelsInPartsFarBelowTheMessageLimit) {
  for (const auto& part : parts()) EXPECT_LT(part.ByteSizeLong(), 1U << 20);
}

TEST_F(SnapshotTransfer, IsRefusedWhenAByteDiffers) {
  auto all = parts();
  for (auto& part : all) {
    if (part.part_case() != wire::SnapshotPart::kData) continue;
    (*part.mutable_data())[0] ^= 1;
    break;
  }
  expect_refused(all, ErrorCode::corrupt);
}

TEST_F(SnapshotTransfer, IsRefusedWhenAPartIsMissingOrRepeatedAnywhere) {
  const auto whole = parts();
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
    auto all = whole;
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
    expect_refused(all, ErrorCode::corrupt);
  }
  auto repeated = whole;
  repeated.insert(repeated.begin() + 1, repeated[1]);
  expect_refused(repeated, ErrorCode::corrupt);
}

TEST_F(SnapshotTransfer, IsRefusedWhenTheConnectionBreaksAtAnyPart) {
  const auto whole = parts();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    expect_refused({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)},
                   ErrorCode::unavailable);
  }
}

TEST_F(SnapshotTransfer, CannotWriteOutsideItsFolder) {
  for (const char* name : {"../escape", "/etc/escape", "a/../../escape", "", ".", "a//b/../../c"}) {
    auto all = parts();
    all[0].set_file_start(name);
    expect_refused(all, ErrorCode::corrupt);
  }
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "escape"));
}

TEST_F(SnapshotTransfer, EndsWhenTheReceiverStopsListening) {
  int left = 3;
  const Status written =
      write_snapshot_parts(header_, outbox(), [&](const auto&) { return left-- > 0; });
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace yurt::raft::testing
