// A server whose disk fails takes no further part, and says so to everybody who asked.
#include <gtest/gtest.h>

#include <future>

#include "raft/shell/consensus_thread.h"
#include "raft/shell/snapshot_folder.h"
#include "tests/unit/raft_shell/forgetful_files.h"
#include "tests/unit/raft_shell/list_machine.h"
#include "tests/unit/raft_shell/temporary_folder.h"

namespace yurt::raft::testing {
namespace {

class NoPeers final : public Transport {
 public:
  void set_peers(const Configuration&) override {}
  void send(std::vector<Message>) override {}
  void send_snapshot(OutgoingSnapshot, StatusDone done) override {
    done(Error{ErrorCode::unavailable, "nobody is there"});
  }
};

TEST(DiskFailure, EndsEverythingWithTheDisksError) {
  const TemporaryFolder folder;
  ForgetfulFiles files;
  auto store = LogStore::open(log_folder(folder.path()), files.env());
  ASSERT_TRUE(store.ok());
  ListMachine machine(folder.path() / "machine");
  NoPeers transport;
  CallbackThread callbacks;
  SystemClock clock;
  Options options;
  options.self = 1;
  options.folder = folder.path();
  ConsensusThread consensus({**store, machine, transport, callbacks, clock}, {options, 0, 1});
  std::promise<void> leads;
  consensus.on_leadership([&, told = false](const Leadership& now) mutable {
    if (now.self && !std::exchange(told, true)) leads.set_value();
  });
  std::promise<Error> failed;
  consensus.on_failure([&](const Error& error) { failed.set_value(error); });
  consensus.start();
  consensus.bootstrap(Configuration{{{1, "a:1", true}}});
  leads.get_future().wait();

  files.fail_syncs();
  std::promise<ErrorCode> answered;
  consensus.propose("x", [&](const Result<Proposed>& result) {
    answered.set_value(result.ok() ? ErrorCode::internal : result.error().code);
  });
  EXPECT_EQ(failed.get_future().get().code, ErrorCode::io);
  // It is in the log in memory and may have reached the disk.
  EXPECT_EQ(answered.get_future().get(), ErrorCode::deadline_exceeded);

  std::promise<ErrorCode> later;
  consensus.propose("y", [&](const Result<Proposed>& result) {
    later.set_value(result.ok() ? ErrorCode::internal : result.error().code);
  });
  EXPECT_EQ(later.get_future().get(), ErrorCode::io);
  std::promise<ErrorCode> read;
  consensus.read_barrier([&](const Result<Index>& result) {
    read.set_value(result.ok() ? ErrorCode::internal : result.error().code);
  });
  EXPECT_EQ(read.get_future().get(), ErrorCode::io);
  EXPECT_EQ(consensus.leadership().leader, 0U);
  EXPECT_TRUE(machine.commands().empty());
  consensus.stop();
  callbacks.stop();
}

}  // namespace
}  // namespace yurt::raft::testing
