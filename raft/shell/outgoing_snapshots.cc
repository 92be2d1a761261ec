#include "raft/shell/outgoing_snapshots.h"

#include <limits>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "raft/shell/snapshot_folder.h"

namespace yurt::raft {
namespace {

constexpr std::int64_t patience_ns = 60 * nanoseconds_per_second;

}  // namespace

void OutgoingSnapshots::send(const Core& core, const SendSnapshot& wanted) {
  transfers_[wanted.peer] = Transfer{core.start_index(), false, 0};
  const std::filesystem::path scratch = folder_ / ("taken-" + std::to_string(++last_number_));
  parts_.apply.push([this, &core, wanted, scratch] {
    Result<StateMachine::Snapshot> snapshot = [&]() -> Result<StateMachine::Snapshot> {
      YURT_TRY(make_folders(scratch, 0700));
      return parts_.machine.take_snapshot(scratch);
    }();
    parts_.call([this, &core, wanted, scratch, snapshot = std::move(snapshot)] {
      taken(core, wanted, snapshot, scratch);
    });
  });
}

void OutgoingSnapshots::taken(const Core& core, const SendSnapshot& wanted,
                              const Result<StateMachine::Snapshot>& snapshot,
                              const std::filesystem::path& scratch) {
  // Outside these bounds the log has moved on meanwhile, or this server is stopping.
  const bool fits = snapshot.ok() && snapshot->index > 0 && snapshot->index >= core.start_index() &&
                    snapshot->index <= core.applied_index();
  if (!fits) {
    remove_folder(scratch);
    ended(wanted.peer, 0,
          snapshot.ok() ? Error{ErrorCode::unavailable, "it does not fit the log any more"}
                        : snapshot.error());
    return;
  }
  const Index index = snapshot->index;
  transfers_[wanted.peer].index = index;
  YURT_LOG(info, "raft", "sending server {} a snapshot at index {}", wanted.peer, index);
  parts_.transport.send_snapshot(
      {wanted.peer, wanted.term, core.describe_snapshot(index), snapshot->folder},
      [this, peer = wanted.peer, index, scratch](Status status) {
        remove_folder(scratch);
        parts_.call(
            [this, peer, index, status = std::move(status)] { ended(peer, index, status); });
      });
}

void OutgoingSnapshots::ended(PeerId peer, Index index, const Status& status) {
  if (status.ok()) {
    YURT_LOG(info, "raft", "server {} has restored the snapshot at index {}", peer, index);
    transfers_[peer].sent = true;
  } else {
    YURT_LOG(warn, "raft", "no snapshot for server {}: {}", peer, status.error().message);
    transfers_.erase(peer);
  }
  parts_.step(SnapshotSent{peer, index, status.ok()});
}

void OutgoingSnapshots::tick(const Core& core, std::int64_t now_ns, Index near) {
  if (transfers_.empty()) return;
  const std::vector<PeerView> peers = core.peers();
  for (auto at = transfers_.begin(); at != transfers_.end();) {
    Transfer& transfer = at->second;
    bool done = false;
    if (transfer.sent) {
      if (transfer.give_up_ns == 0) transfer.give_up_ns = now_ns + patience_ns;
      done = now_ns >= transfer.give_up_ns;
      bool member = false;
      for (const PeerView& view : peers) {
        if (view.id != at->first) continue;
        member = true;
        done = done || view.match + near >= core.last_index();
      }
      done = done || !member;
    }
    at = done ? transfers_.erase(at) : std::next(at);
  }
}

Index OutgoingSnapshots::kept_from() const {
  Index least = std::numeric_limits<Index>::max();
  for (const auto& [peer, transfer] : transfers_) least = std::min(least, transfer.index);
  return least;
}

}  // namespace yurt::raft
