// Members and snapshot descriptions to and from raft.proto, for the wire and the disk alike. Pure.
#pragma once

#include "raft/core/configuration.h"
#include "raft/core/snapshot.h"
#include "raft/raft.pb.h"

namespace yurt::raft {

[[nodiscard]] wire::Peer to_wire(const Peer& peer);
[[nodiscard]] Peer from_wire(const wire::Peer& peer);

void to_wire(const Configuration& configuration,
             google::protobuf::RepeatedPtrField<wire::Peer>& peers);
// Sorted by id, later duplicates of an id dropped.
[[nodiscard]] Configuration from_wire(const google::protobuf::RepeatedPtrField<wire::Peer>& peers);

[[nodiscard]] wire::SnapshotDescription to_wire(const SnapshotMeta& snapshot);
[[nodiscard]] SnapshotMeta from_wire(const wire::SnapshotDescription& snapshot);

}  // namespace yurt::raft
