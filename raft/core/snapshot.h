// SnapshotMeta: what a snapshot of the state machine stands for in the log.
#pragma once

#include "raft/core/configuration.h"
#include "raft/peer.h"

namespace yurt::raft {

struct SnapshotMeta {
  Index index = 0;              // everything up to and including this entry is in it
  Term term = 0;                // of that entry
  Configuration configuration;  // in force at that entry

  bool operator==(const SnapshotMeta&) const = default;
};

}  // namespace yurt::raft
