// OutgoingSnapshots: snapshots of the state machine under way to peers that the log can no longer
// bring up to date, and how far back the log must be kept for them.
//
// Each is taken on the apply thread into a folder of its own, sent by the transport, then removed.
// The log is kept from the snapshot's index on until its receiver has come close to the log's end,
// so that it need not be sent another one at once.
//
// Owned and used by the consensus thread alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <vector>

#include "raft/core/core.h"
#include "raft/shell/apply_thread.h"
#include "raft/shell/transport.h"

namespace yurt::raft {

class OutgoingSnapshots {
 public:
  struct Parts {
    StateMachine& machine;
    ApplyThread& apply;
    Transport& transport;
    // Runs a function on the consensus thread, unless it has ended.
    std::function<void(std::function<void()>)> call;
    // Hands an event to the core.
    std::function<void(Event)> step;
  };

  // `folder` is where snapshots are taken; it exists.
  OutgoingSnapshots(Parts parts, std::filesystem::path folder)
      : parts_(std::move(parts)), folder_(std::move(folder)) {}

  void send(const Core& core, const SendSnapshot& wanted);
  // Lets go of the log for receivers that came within `near` entries of its end, left, or stayed
  // away for a minute.
  void tick(const Core& core, std::int64_t now_ns, Index near);
  // The log's entries behind this index must stay; the greatest number when none need to.
  [[nodiscard]] Index kept_from() const;

 private:
  struct Transfer {
    Index index = 0;  // entries behind it must stay
    bool sent = false;
    std::int64_t give_up_ns = 0;  // 0: not set yet
  };

  void taken(const Core& core, const SendSnapshot& wanted,
             const Result<StateMachine::Snapshot>& snapshot, const std::filesystem::path& scratch);
  void ended(PeerId peer, Index index, const Status& status);

  const Parts parts_;
  const std::filesystem::path folder_;
  std::uint64_t last_number_ = 0;
  std::map<PeerId, Transfer> transfers_;
};

}  // namespace yurt::raft
