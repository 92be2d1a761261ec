// ServerCore: one server's working parts, put together: consensus, state, leader duties, agents.
//
// The composition root creates it, registers its gRPC services with a gRPC server, starts both, and
// stops the gRPC server after stop(). Thread-safe as Core says.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "server/agents/hub.h"
#include "server/core.h"
#include "server/events/event_ring.h"
#include "server/leader/leader.h"
#include "server/variables/keyring.h"
#include "server/watchers.h"

namespace yurt::server {

struct ServerSettings {
  std::filesystem::path data_dir;  // the server's own folder
  std::string name;                // "" = the host's name
  std::string region = "global";
  std::string datacenter = "dc1";
  std::string http_address;  // host:port others reach
  std::string rpc_address;   // host:port others reach
  std::string version;
  int bootstrap_expect = 1;
  std::vector<std::string> retry_join;
  std::size_t payload_limit = 16 << 10;  // bytes of a dispatch's payload; at most 1 MiB
  // Wraps the root keys; "" = "keyfile" in data_dir. The same on all servers; a server that may
  // be alone makes it.
  std::filesystem::path key_file;
  std::size_t event_buffer_size = 100;  // commands whose events a new subscriber can still have
  LeaderSettings leader;
};

class ServerCore final : public Core, private ChangeListener {
 public:
  // Opens the data folder and reads the state. The clock and random outlive the core.
  [[nodiscard]] static Result<std::unique_ptr<ServerCore>> open(ServerSettings settings,
                                                                Clock& clock, Random& random);
  ~ServerCore() override;

  // The gRPC services of peers and agents; register them before start().
  [[nodiscard]] std::vector<grpc::Service*> services();
  void start();
  // Ends duties, streams and consensus. The gRPC server must still run, and is shut down after it.
  void stop();

  [[nodiscard]] const ServerIdentity& identity() const override { return identity_; }
  [[nodiscard]] Clock& clock() override { return clock_; }
  [[nodiscard]] Random& random() override { return random_; }
  [[nodiscard]] raft::Consensus& consensus() override { return *consensus_; }
  [[nodiscard]] Snapshot snapshot() const override { return store_->snapshot(); }
  void propose(model::Command command, std::function<void(Result<Applied>)> done) override;
  void when_changed(std::vector<Table> tables, std::uint64_t index, std::int64_t deadline_ns,
                    std::function<void()> done) override;
  [[nodiscard]] EventRing& events() override { return *events_; }
  [[nodiscard]] std::size_t payload_limit() const override { return settings_.payload_limit; }
  [[nodiscard]] Keyring& keyring() override { return *keyring_; }
  [[nodiscard]] Status each_row(
      const std::function<Status(std::string_view, std::string_view)>& visit) const override;
  void each_run(const std::string& ns, const std::string& job,
                const std::function<bool(const model::RunRecord&)>& visit) const override;
  [[nodiscard]] scheduler::Outcome dry_run(const model::Job& job) override;
  [[nodiscard]] Result<std::unique_ptr<AgentSession>> open_session(
      const NodeId& node, const model::SessionRequest& request, SessionEvents events) override;
  [[nodiscard]] std::string node_stats(const NodeId& node) const override;
  void collect_garbage(std::function<void(Status)> done) override;

  struct Figures {
    bool leading = false;
    Leader::Figures leader;
    std::size_t agents = 0;
  };
  [[nodiscard]] Figures figures() const;

 private:
  ServerCore(ServerSettings settings, ServerIdentity identity, Clock& clock, Random& random);
  Status open_parts();
  void follow_leadership();
  void grant_turns_regularly();
  void on_changes(const ChangesRef& changes) override;

  const ServerSettings settings_;
  const ServerIdentity identity_;
  Clock& clock_;
  Random& random_;
  std::unique_ptr<Keyring> keyring_;
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<raft::Consensus> consensus_;
  std::unique_ptr<Timers> timers_;
  std::unique_ptr<Watchers> watchers_;
  std::unique_ptr<EventRing> events_;
  std::unique_ptr<Proposer> proposer_;
  std::unique_ptr<Hub> hub_;

  // Duties start and end on a thread of their own, since both may take a while.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool leads_ = false, stopping_ = false, stopped_ = false;
  raft::Term leads_in_ = 0;
  std::uint64_t replacements_ = 0;  // of the whole state: duties start anew after each
  std::thread leadership_thread_;
  mutable std::mutex leader_mutex_;  // guards the pointer
  std::shared_ptr<Leader> leader_;
};

}  // namespace yurt::server
