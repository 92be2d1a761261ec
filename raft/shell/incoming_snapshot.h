// IncomingSnapshot: replaces the state machine's state by a snapshot that the leader sent.
//
// The steps, each durable before the next: (1) the snapshot's files, (2) a mark in the log naming
// them, (3) the machine's restored state, (4) the log beginning behind the snapshot, (5) the mark
// and the files gone. resume_install() finishes whatever a crash left after (2); before it, the old
// state stands.
//
// Owned and used by the consensus thread alone, but for resume_install().
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "raft/core/event.h"
#include "raft/core/output.h"
#include "raft/shell/apply_thread.h"
#include "raft/shell/log_store.h"
#include "raft/shell/transport.h"

namespace yurt::raft {

// Before anything else uses store or machine: finishes an install that a crash cut short and
// removes everything else from `folder`, where snapshots are received and taken.
[[nodiscard]] Status resume_install(LogStore& store, StateMachine& machine,
                                    const std::filesystem::path& folder);

class IncomingSnapshot {
 public:
  struct Parts {
    LogStore& store;
    StateMachine& machine;
    ApplyThread& apply;
    std::function<void(std::function<void()>)> call;  // runs a function on the consensus thread
    std::function<void(Event)> step;                  // hands an event to the core
    std::function<void(const Error&)> fail;           // the server cannot go on
  };

  explicit IncomingSnapshot(Parts parts) : parts_(std::move(parts)) {}

  // A snapshot has come in; tells the core. The core's answer comes through install() or, when it
  // has no use for it, not_needed(), before the next arrival.
  void arrived(ArrivedSnapshot snapshot, PeerId self, StatusDone done);
  [[nodiscard]] bool undecided() const { return current_ && !current_->installing; }
  void not_needed(Index commit);
  void install(const SnapshotMeta& snapshot);
  // The core writes the log's new start as part of `write`.
  void writing(const Write& write);
  void persisted(std::uint64_t sequence);
  void stop(const Error& error);

 private:
  struct Current {
    ArrivedSnapshot arrived;
    StatusDone done;
    bool installing = false;
    std::uint64_t sequence = 0;  // of the write with the new start; 0: not written yet
  };

  void restored(const Status& status);
  void finish(Status status);

  const Parts parts_;
  std::optional<Current> current_;
};

}  // namespace yurt::raft
