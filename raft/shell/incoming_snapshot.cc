#include "raft/shell/incoming_snapshot.h"

#include <utility>

#include "base/assert.h"
#include "base/file.h"
#include "base/log.h"
#include "raft/shell/snapshot_folder.h"

namespace yurt::raft {
Status resume_install(LogStore& store, StateMachine& machine, const std::filesystem::path& folder) {
  if (const std::optional<PendingInstall> install = store.recovered().install) {
    const SnapshotMeta& snapshot = install->snapshot;
    if (store.recovered().start.index >= snapshot.index) {
      YURT_TRY(store.forget_install());
    } else {
      YURT_LOG(info, "raft", "finishing the restore of the snapshot at index {}", snapshot.index);
      if (machine.durable_index() < snapshot.index) {
        YURT_TRY(machine.restore(folder / install->folder, snapshot.index));
      }
      YURT_TRY(store.finish_install(snapshot));
    }
  }
  remove_folder(folder);
  return make_folders(folder, 0700);
}

void IncomingSnapshot::arrived(ArrivedSnapshot snapshot, PeerId self, StatusDone done) {
  if (current_) {
    remove_folder(snapshot.folder);
    done(Error{ErrorCode::unavailable, "another snapshot is being restored"});
    return;
  }
  Message message;
  message.from = snapshot.from;
  message.to = self;
  message.term = snapshot.leader_term;
  message.body = InstallSnapshot{snapshot.snapshot};
  current_ = Current{std::move(snapshot), std::move(done), false, 0};
  parts_.step(Received{std::move(message)});
}

void IncomingSnapshot::not_needed(Index commit) {
  YURT_ASSERT(undecided());
  if (commit >= current_->arrived.snapshot.index) {
    finish({});
  } else {
    finish(Error{ErrorCode::unavailable, "the snapshot came from a leader that leads no more"});
  }
}

void IncomingSnapshot::install(const SnapshotMeta& snapshot) {
  YURT_ASSERT(undecided() && current_->arrived.snapshot == snapshot);
  current_->installing = true;
  parts_.apply.push([this, snapshot, folder = current_->arrived.folder] {
    Status status = parts_.store.begin_install({snapshot, folder.filename().string()});
    if (status.ok()) status = parts_.machine.restore(folder, snapshot.index);
    parts_.call([this, status = std::move(status)] { restored(status); });
  });
}

void IncomingSnapshot::restored(const Status& status) {
  if (!status.ok()) {
    // The mark stays: at the next start the restore is tried again on whatever state is left.
    finish(status);
    parts_.fail(status.error().within("cannot restore the snapshot"));
    return;
  }
  parts_.step(SnapshotRestored{current_->arrived.snapshot, true});
}

void IncomingSnapshot::writing(const Write& write) {
  if (!current_ || !current_->installing || !write.start) return;
  if (write.start->index >= current_->arrived.snapshot.index) current_->sequence = write.sequence;
}

void IncomingSnapshot::persisted(std::uint64_t sequence) {
  if (!current_ || current_->sequence == 0 || sequence < current_->sequence) return;
  if (Status status = parts_.store.forget_install(); !status.ok()) {
    parts_.fail(status.error());
    return;
  }
  YURT_LOG(info, "raft", "restored the snapshot at index {}", current_->arrived.snapshot.index);
  finish({});
}

void IncomingSnapshot::stop(const Error& error) {
  if (current_ && !current_->installing) {
    finish(error);
  } else if (current_) {
    // The files may still be needed to finish the install at the next start.
    StatusDone done = std::move(current_->done);
    current_.reset();
    done(error);
  }
}

void IncomingSnapshot::finish(Status status) {
  Current current = std::move(*current_);
  current_.reset();
  if (status.ok() || !current.installing) remove_folder(current.arrived.folder);
  current.done(std::move(status));
}

}  // namespace yurt::raft
