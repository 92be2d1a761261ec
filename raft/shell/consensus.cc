// The facade: puts the shell's parts together.
#include "raft/consensus.h"

#include <utility>

#include "base/file.h"
#include "raft/shell/arrival.h"
#include "raft/shell/callback_thread.h"
#include "raft/shell/consensus_thread.h"
#include "raft/shell/grpc_meeting_calls.h"
#include "raft/shell/grpc_transport.h"
#include "raft/shell/identity.h"
#include "raft/shell/incoming_snapshot.h"
#include "raft/shell/log_store.h"
#include "raft/shell/promises.h"
#include "raft/shell/snapshot_folder.h"

namespace yurt::raft {
namespace {

class Shell final : public Consensus {
 public:
  Shell(Options options, StateMachine& machine, Clock& clock, Random& random,
        std::unique_ptr<LogStore> store, Identity identity, Index applied)
      : store_(std::move(store)),
        identity_(*store_, std::move(identity)),
        promises_({options.self, options.bootstrap_expect,
                   options.bootstrap_expect == 0 && options.retry_join.empty()},
                  identity_),
        calls_(new_grpc_meeting_calls()),
        transport_({.self = options.self,
                    .own_address = options.address,
                    .snapshots_folder = snapshots_folder(options.folder),
                    .random_seed = random.next(),
                    .cluster_id = [this] { return cluster_id(); }}),
        thread_({*store_, machine, transport_, callbacks_, clock},
                {options, applied, random.next()}),
        arrival_({options.self, options.address, options.bootstrap_expect, options.retry_join,
                  random.next()},
                 {identity_, promises_, *calls_, clock, [this] { return thread_.leadership(); },
                  [this] { return thread_.configuration(); },
                  [this](Configuration peers) { thread_.bootstrap(std::move(peers)); },
                  [this](Peer peer, StatusDone done) {
                    thread_.add_peer(std::move(peer), std::move(done));
                  },
                  [this](PeerId peer, const std::string& address) {
                    transport_.learn_address(peer, address);
                  }}) {}
  ~Shell() override { stop(); }

  grpc::Service* service() override { return transport_.service(); }

  void start() override {
    transport_.start(
        thread_.inbound(), [this](const Greeting& greeting) { return promises_.admit(greeting); },
        arrival_);
    thread_.start();
    arrival_.start();
  }

  // What asks ends before what answers.
  void stop() override {
    arrival_.stop();
    thread_.stop();
    transport_.stop();
    callbacks_.stop();
  }

  void propose(std::string command, ProposalDone done) override {
    thread_.propose(std::move(command), std::move(done));
  }
  void read_barrier(std::function<void(Result<Index>)> done) override {
    thread_.read_barrier(std::move(done));
  }
  Leadership leadership() const override { return thread_.leadership(); }
  void on_leadership(std::function<void(const Leadership&)> listener) override {
    thread_.on_leadership(std::move(listener));
  }
  void on_failure(std::function<void(const Error&)> listener) override {
    thread_.on_failure(std::move(listener));
  }
  std::vector<Peer> peers() const override { return thread_.configuration().peers; }
  Progress progress() const override { return thread_.progress(); }
  void add_peer(Peer peer, StatusDone done) override {
    thread_.add_peer(std::move(peer), std::move(done));
  }
  void remove_peer(PeerId peer, StatusDone done) override {
    thread_.remove_peer(peer, std::move(done));
  }
  void transfer_leadership(PeerId target, StatusDone done) override {
    thread_.transfer_leadership(target, std::move(done));
  }
  void compact(StatusDone done) override { thread_.compact(std::move(done)); }

 private:
  std::string cluster_id() const {
    const Identity identity = identity_.get();
    return identity.standing == Standing::member ? identity.cluster_id : std::string();
  }

  const std::unique_ptr<LogStore> store_;
  IdentityRecord identity_;
  Promises promises_;
  CallbackThread callbacks_;
  const std::unique_ptr<MeetingCalls> calls_;
  GrpcTransport transport_;
  ConsensusThread thread_;
  Arrival arrival_;
};

Status check_options(const Options& options) {
  const auto invalid = [](const char* what) { return Error{ErrorCode::invalid_argument, what}; };
  if (options.self == 0) return invalid("a Raft server needs an id other than 0");
  if (options.address.empty()) return invalid("a Raft server needs an address for its peers");
  if (options.bootstrap_expect < 0) return invalid("bootstrap_expect must not be negative");
  if (options.heartbeat_ms <= 0 || options.election_timeout_ms < 2 * options.heartbeat_ms) {
    return invalid("election_timeout_ms must be at least twice heartbeat_ms, and both positive");
  }
  if (options.max_append_bytes == 0 || options.max_append_bytes > max_command_bytes) {
    return invalid("max_append_bytes must lie between 1 and 3 MiB");
  }
  if (options.snapshot_after_entries == 0)
    return invalid("snapshot_after_entries must be positive");
  if (options.max_inflight_appends < 1) return invalid("max_inflight_appends must be positive");
  return {};
}

// What the machine has made durable must meet the log without a gap.
Status check_fits(Index durable, const LogStore::Recovered& log) {
  if (durable < log.start.index) {
    return Error{ErrorCode::corrupt, "the state machine has only the entries up to " +
                                         std::to_string(durable) + ", but the log begins at " +
                                         std::to_string(log.start.index + 1)};
  }
  if (durable > log.last_index) {
    return Error{ErrorCode::corrupt, "the state machine has the entries up to " +
                                         std::to_string(durable) + ", but the log ends at " +
                                         std::to_string(log.last_index)};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Consensus>> Consensus::open(Options options, StateMachine& machine,
                                                   Clock& clock, Random& random) {
  YURT_TRY(check_options(options));
  YURT_TRY(make_folders(options.folder, 0700));
  YURT_ASSIGN(std::unique_ptr<LogStore> store, LogStore::open(log_folder(options.folder)));
  YURT_ASSIGN(Identity identity, IdentityRecord::load(*store, options.self));
  YURT_TRY(resume_install(*store, machine, snapshots_folder(options.folder)));
  const Index durable = machine.durable_index();
  YURT_TRY(check_fits(durable, store->recovered()));
  return std::unique_ptr<Consensus>(new Shell(std::move(options), machine, clock, random,
                                              std::move(store), std::move(identity), durable));
}

}  // namespace yurt::raft
