// ConsensusThread: drives the core. Takes mail, steps the core, and carries out what the core wants
// by handing it on to the disk, apply and callback threads and the transport.
//
// Ownership: everything in Parts is the caller's and must outlive it. All public members are
// thread-safe; `done` callbacks run on the callback or apply thread, or at once on the calling
// thread after stop().
//
// Failure: when the log can't be written or a machine can't restore a snapshot, nothing further
// may be promised. The core is stepped no more, everything open and new is answered with the error,
// no leader is known, and on_failure is told.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "raft/consensus.h"
#include "raft/core/core.h"
#include "raft/shell/apply_thread.h"
#include "raft/shell/callback_thread.h"
#include "raft/shell/disk_thread.h"
#include "raft/shell/incoming_snapshot.h"
#include "raft/shell/log_store.h"
#include "raft/shell/mailbox.h"
#include "raft/shell/membership.h"
#include "raft/shell/outgoing_snapshots.h"
#include "raft/shell/proposals.h"
#include "raft/shell/transport.h"

namespace yurt::raft {

class ConsensusThread {
 public:
  struct Parts {
    LogStore& store;
    StateMachine& machine;
    Transport& transport;
    CallbackThread& callbacks;
    Clock& clock;
  };
  struct Settings {
    Options options;
    Index applied = 0;  // the machine's durable index
    std::uint64_t random_seed = 0;
  };

  ConsensusThread(Parts parts, Settings settings);
  ~ConsensusThread() { stop(); }
  ConsensusThread(const ConsensusThread&) = delete;
  ConsensusThread& operator=(const ConsensusThread&) = delete;

  void on_leadership(std::function<void(const Leadership&)> listener);
  void on_failure(std::function<void(const Error&)> listener);
  void start();
  // Ends the threads; answers whatever is open with unavailable. Idempotent.
  void stop();

  void propose(std::string command, ProposalDone done);
  void read_barrier(std::function<void(Result<Index>)> done);
  void add_peer(Peer peer, StatusDone done);
  void remove_peer(PeerId peer, StatusDone done);
  void transfer_leadership(PeerId target, StatusDone done);
  void compact(StatusDone done);
  // Founds the cluster, unless this server holds anything already.
  void bootstrap(Configuration configuration);

  // From the transport.
  [[nodiscard]] Inbound inbound();

  [[nodiscard]] Leadership leadership() const;
  [[nodiscard]] Configuration configuration() const;
  [[nodiscard]] Progress progress() const;

 private:
  // What other threads may see; written by the consensus thread.
  struct Published {
    Leadership leadership;
    Configuration configuration;
    Progress progress;
    std::int64_t leader_contact_ns = 0;
  };

  void run();
  void handle(Mail mail);
  // Answers everything that is open or in `mail`; the last thing this thread does.
  void answer_last(Mail mail);
  void propose_all(std::vector<IncomingProposal> incoming);
  void tick(std::int64_t now_ns);
  void step(Event event);
  // Carries out what the core wants by now.
  void flush();
  void carry_out(Output& output);
  void answer(const Answer& answer);
  void answer_read(const ReadAnswer& read);
  void commit(std::vector<Entry> entries);
  void role_changed(const RoleState& role);
  void publish();
  void tell_finished();
  void ask_membership();
  void consider_cutting();
  [[nodiscard]] Index slowest_peer(Index at_most) const;
  // Cuts the log up to `behind`, or as far as it is not needed for a snapshot's receiver.
  void cut(Index behind);
  void fail(const Error& error);
  void fail_open(const Error& error);
  void answer_reads_and_transfers(const Error& error);
  // On the apply thread: makes the machine durable.
  [[nodiscard]] Status take_and_drop_snapshot();
  // Posts `call`; when that's too late, runs `refuse`.
  void post(std::function<void()> call, const std::function<void(const Error&)>& refuse);
  [[nodiscard]] Error refusal(Refusal reason) const;
  [[nodiscard]] std::uint64_t next_token();
  [[nodiscard]] std::string address_of(PeerId peer) const;

  const Parts parts_;
  const Options options_;
  const Index applied_at_start_;
  SeededRandom random_;  // consensus thread only
  Mailbox mailbox_;
  std::atomic<std::size_t> waiting_bytes_{0};  // of proposals from propose() to their answer

  std::function<void(const Leadership&)> leadership_listener_;
  std::function<void(const Error&)> failure_listener_;
  mutable std::mutex published_mutex_;
  Published published_;

  // The consensus thread's own.
  std::unique_ptr<Core> core_;
  Configuration configuration_;
  Proposals proposals_;
  Membership membership_;
  std::unordered_map<std::uint64_t, std::function<void(Result<Index>)>> reads_;
  std::unordered_map<std::uint64_t, StatusDone> transfers_;
  std::uint64_t last_token_ = 0;
  std::int64_t next_tick_ns_ = 0;
  std::int64_t next_durable_check_ns_ = 0;
  bool was_leader_ = false;
  std::optional<std::int64_t> doubt_until_ns_;  // then what an ended leadership left open ends
  std::optional<Error> failure_;

  std::unique_ptr<OutgoingSnapshots> outgoing_;
  std::unique_ptr<IncomingSnapshot> incoming_;
  std::unique_ptr<ApplyThread> apply_;
  std::unique_ptr<DiskThread> disk_;
  std::thread thread_;
};

}  // namespace yurt::raft
