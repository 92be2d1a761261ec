// FakeCore: a server core in memory: the real state and the real effect of commands, with neither
// Raft, disk nor agents. Time stands still until advance() is called.
//
// Proposals are applied and answered before propose() returns. Thread-safe, except where said.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "proto/agent_stream.pb.h"
#include "proto/command.pb.h"
#include "server/core.h"
#include "server/events/event_ring.h"
#include "server/state/changes.h"
#include "server/variables/keyring.h"

namespace yurt::server {

class FakeClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t wall_ns() const override { return 1'700'000'000'000'000'000 + now_ns; }
  [[nodiscard]] std::int64_t steady_ns() const override { return now_ns; }
  std::atomic<std::int64_t> now_ns = 1'000'000'000;
};

class FakeConsensus final : public raft::Consensus {
 public:
  [[nodiscard]] grpc::Service* service() override { return nullptr; }
  void start() override {}
  void stop() override {}
  void propose(std::string, std::function<void(Result<raft::Proposed>)> done) override;
  void read_barrier(std::function<void(Result<raft::Index>)> done) override;
  [[nodiscard]] raft::Leadership leadership() const override;
  void on_leadership(std::function<void(const raft::Leadership&)>) override {}
  void on_failure(std::function<void(const Error&)>) override {}
  [[nodiscard]] std::vector<raft::Peer> peers() const override;
  [[nodiscard]] raft::Progress progress() const override;
  void add_peer(raft::Peer peer, std::function<void(Status)> done) override;
  void remove_peer(raft::PeerId peer, std::function<void(Status)> done) override;
  void transfer_leadership(raft::PeerId target, std::function<void(Status)> done) override;
  void compact(std::function<void(Status)> done) override { done({}); }

  void set_leadership(raft::Leadership leadership);
  void set_peers(std::vector<raft::Peer> peers);
  [[nodiscard]] std::vector<raft::PeerId> transfers() const;

 private:
  mutable std::mutex mutex_;
  raft::Leadership leadership_;
  std::vector<raft::Peer> peers_;
  std::vector<raft::PeerId> transfers_;
};

// A session as the test, playing the agent, holds it. Its members are for the test's thread.
class FakeAgent {
 public:
  model::SessionRequest request;
  NodeId node;

  // To the caller.
  void send(const model::SessionFrame& frame);
  void end(Status status = {});
  // From the caller.
  [[nodiscard]] std::vector<model::SessionFrame> received() const;
  [[nodiscard]] std::size_t consumed() const { return consumed_; }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  friend class FakeCore;
  friend class FakeSession;
  mutable std::mutex mutex_;
  SessionEvents events_;
  std::vector<model::SessionFrame> received_;
  std::atomic<std::size_t> consumed_ = 0;
  std::atomic<bool> closed_ = false;
};

class FakeCore final : public Core {
 public:
  FakeCore();

  [[nodiscard]] const ServerIdentity& identity() const override { return identity_; }
  [[nodiscard]] FakeClock& clock() override { return clock_; }
  [[nodiscard]] Random& random() override { return random_; }
  [[nodiscard]] FakeConsensus& consensus() override { return consensus_; }
  [[nodiscard]] Snapshot snapshot() const override;
  void propose(model::Command command, std::function<void(Result<Applied>)> done) override;
  void when_changed(std::vector<Table> tables, std::uint64_t index, std::int64_t deadline_ns,
                    std::function<void()> done) override;
  [[nodiscard]] EventRing& events() override { return events_; }
  [[nodiscard]] std::size_t payload_limit() const override { return 16 << 10; }
  [[nodiscard]] Keyring& keyring() override { return keyring_; }
  [[nodiscard]] Status each_row(
      const std::function<Status(std::string_view, std::string_view)>& visit) const override;
  void each_run(const std::string& ns, const std::string& job,
                const std::function<bool(const model::RunRecord&)>& visit) const override;
  [[nodiscard]] scheduler::Outcome dry_run(const model::Job& job) override;
  [[nodiscard]] Result<std::unique_ptr<AgentSession>> open_session(
      const NodeId& node, const model::SessionRequest& request, SessionEvents events) override;
  [[nodiscard]] std::string node_stats(const NodeId& node) const override;
  void collect_garbage(std::function<void(Status)> done) override;

  // Applies a command as if somebody had proposed it. REQUIRES: it is not refused
  Applied apply(model::Command command);
  void advance(std::int64_t by_ns);
  // How many wait in when_changed.
  [[nodiscard]] std::size_t waiting() const;

  // The sessions that were opened, oldest first.
  [[nodiscard]] std::vector<std::shared_ptr<FakeAgent>> agents() const;
  // Set before use.
  bool agents_connected = true;
  scheduler::Outcome outcome;
  std::vector<model::RunRecord> runs;
  std::map<NodeId, std::string> stats;
  std::atomic<int> garbage_collections = 0;

 private:
  struct Waiter {
    std::vector<Table> tables;
    std::uint64_t index = 0;
    std::int64_t deadline_ns = 0;
    std::function<void()> done;
  };
  Result<Applied> apply_now(model::Command command);
  void wake();
  void keep_rows(const Changes& changes);

  ServerIdentity identity_;
  Keyring keyring_{std::string(32, 'k')};
  FakeClock clock_;
  SystemRandom random_;
  FakeConsensus consensus_;
  EventRing events_{100};
  mutable std::mutex mutex_;
  std::shared_ptr<Tables> tables_;
  std::map<std::string, std::string> rows_;  // as the state database would have them
  std::vector<Waiter> waiters_;
  std::vector<std::shared_ptr<FakeAgent>> agents_;
};

}  // namespace yurt::server
