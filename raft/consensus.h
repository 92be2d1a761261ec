// Consensus: the one door to replicated agreement. Propose opaque bytes; be told what is committed.
//
// Knows nothing of jobs. A Consensus owns the log (RocksDB under Options::folder), the threads that
// run the protocol, and the connections to its peers. The StateMachine is the caller's and must
// outlive it. All members are thread-safe; callbacks run on Consensus's own threads and must not
// block. Durability: a proposal is reported successful only after a majority has synced it to disk
// and the local StateMachine has applied it.
//
// docs/raft.md explains the algorithm as built.
#pragma once

#include <any>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "raft/peer.h"

namespace grpc {
class Service;
}

namespace yurt::raft {

// What the log is applied to. Consensus calls it from one thread at a time (the apply thread),
// except where said otherwise.
class StateMachine {
 public:
  virtual ~StateMachine() = default;

  struct Committed {
    Index index = 0;
    Term term = 0;
    std::string_view command;  // valid during the call only
  };

  // The index of the newest entry whose effects are durable in the machine's own store. Entries up
  // to it are not applied again after a restart, and the log may be cut up to it. Never goes back.
  [[nodiscard]] virtual Index durable_index() const = 0;

  // Applies committed commands in log order. Returns one value per command, handed to whoever
  // proposed it on this server (an empty any when there is nothing to tell).
  [[nodiscard]] virtual std::vector<std::any> apply(std::span<const Committed> batch) = 0;

  // Entries of the protocol itself carry no command, yet move the index; told so that the machine's
  // durable_index() may pass them. Called in order with apply().
  virtual void skip_to(Index index) = 0;

  struct Snapshot {
    Index index = 0;               // everything up to here is in it
    std::filesystem::path folder;  // the files; Consensus reads them and then removes the folder
  };
  // Writes a snapshot of everything applied so far into files beneath `scratch` (an existing empty
  // folder on the log's file system), and makes that state durable: durable_index() is at least
  // Snapshot::index afterwards. Called on the apply thread: must be quick (hard links).
  [[nodiscard]] virtual Result<Snapshot> take_snapshot(const std::filesystem::path& scratch) = 0;

  // Replaces the whole state by the snapshot in `folder`, which was taken at `index`. When it
  // returns ok the new state is durable and durable_index() is `index`. After an error or a crash
  // it is called again at the next start, with the same files, before anything else.
  [[nodiscard]] virtual Status restore(const std::filesystem::path& folder, Index index) = 0;
};

struct Options {
  PeerId self = 0;
  std::string address;           // where peers reach this server
  std::filesystem::path folder;  // holds the log, the vote and received snapshots
  // How many servers found a new cluster together; 0: never bootstrap, wait to be added.
  int bootstrap_expect = 1;
  std::vector<std::string> retry_join;  // addresses of other servers, tried until one answers

  std::int64_t heartbeat_ms = 50;
  std::int64_t election_timeout_ms = 250;          // randomised to up to twice this
  std::uint64_t snapshot_after_entries = 200'000;  // cut the log when this many lie before durable
  std::uint64_t max_append_bytes = 1 << 20;        // of entries in one append message
  int max_inflight_appends = 64;                   // unacknowledged append messages per peer
  std::uint64_t log_cache_bytes = 64 << 20;        // of newest entries kept in memory
  std::uint64_t max_waiting_bytes = 64 << 20;      // of proposals not answered; more are refused
};

struct Leadership {
  PeerId leader = 0;    // 0: none known
  std::string address;  // the leader's, empty when none is known
  Term term = 0;
  bool self = false;  // this server leads, and has applied everything earlier leaders committed
};

struct Proposed {
  Index index = 0;
  std::any result;  // what StateMachine::apply returned for it
};

// Figures for metrics and tests; one consistent reading.
struct Progress {
  Term term = 0;
  Index first_index = 0, last_index = 0, commit_index = 0, applied_index = 0;
  std::int64_t last_contact_ms = 0;  // since the leader was last heard; 0 on the leader
};

// A longer command is refused with invalid_argument: it would not fit into a message to a peer.
inline constexpr std::size_t max_command_bytes = 3 << 20;

class Consensus {
 public:
  // Opens or creates the log. Starts no network traffic until start().
  [[nodiscard]] static Result<std::unique_ptr<Consensus>> open(Options options,
                                                               StateMachine& machine, Clock& clock,
                                                               Random& random);
  virtual ~Consensus() = default;

  // The gRPC service that peers talk to. The caller registers it with its gRPC server before
  // start() and keeps that server running until stop() has returned.
  [[nodiscard]] virtual grpc::Service* service() = 0;

  virtual void start() = 0;
  // Ends all threads; everything still open is answered with an error: unavailable, or
  // deadline_exceeded for a proposal that may yet be committed. Not from a callback. Idempotent.
  virtual void stop() = 0;

  // Proposes `command`. `done` is called once: with the index and the machine's answer after the
  // command was committed and applied here, or with an error: unavailable when this server is not
  // the leader (the message names the leader's address), resource_exhausted when too much is
  // waiting, deadline_exceeded when leadership was lost and the outcome is unknown. Called on one
  // of Consensus's threads, or before propose() returns when stop() was called.
  virtual void propose(std::string command, std::function<void(Result<Proposed>)> done) = 0;

  // Linearizable read (thesis §6.4): `done` gets an index such that a read of local state made
  // now, as it runs, sees every write acknowledged anywhere before this call.
  virtual void read_barrier(std::function<void(Result<Index>)> done) = 0;

  [[nodiscard]] virtual Leadership leadership() const = 0;
  // `listener` is called on every change of leadership(), on one thread, in order. Set before
  // start().
  virtual void on_leadership(std::function<void(const Leadership&)> listener) = 0;
  // `listener` is called at most once, when this server can take no further part: its disk failed,
  // or a snapshot could not be restored. Everything is answered with that error from then on; the
  // process should end. Set before start().
  virtual void on_failure(std::function<void(const Error&)> listener) = 0;

  [[nodiscard]] virtual std::vector<Peer> peers() const = 0;
  [[nodiscard]] virtual Progress progress() const = 0;

  // Membership, on the leader only. add_peer starts as a learner and is made a voter when it has
  // caught up; `done` then.
  virtual void add_peer(Peer peer, std::function<void(Status)> done) = 0;
  virtual void remove_peer(PeerId peer, std::function<void(Status)> done) = 0;
  // Hands leadership to `target` (0: the most up-to-date voter).
  virtual void transfer_leadership(PeerId target, std::function<void(Status)> done) = 0;

  // Takes a snapshot now and cuts the log behind it. For operators and tests.
  virtual void compact(std::function<void(Status)> done) = 0;
};

}  // namespace yurt::raft
