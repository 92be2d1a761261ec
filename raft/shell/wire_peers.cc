#include "raft/shell/wire_peers.h"

namespace yurt::raft {

wire::Peer to_wire(const Peer& peer) {
  wire::Peer out;
  out.set_id(peer.id);
  out.set_address(peer.address);
  out.set_voter(peer.voter);
  return out;
}

Peer from_wire(const wire::Peer& peer) { return {peer.id(), peer.address(), peer.voter()}; }

void to_wire(const Configuration& configuration,
             google::protobuf::RepeatedPtrField<wire::Peer>& peers) {
  for (const Peer& peer : configuration.peers) *peers.Add() = to_wire(peer);
}

Configuration from_wire(const google::protobuf::RepeatedPtrField<wire::Peer>& peers) {
  Configuration out;
  for (const wire::Peer& peer : peers) {
    if (out.find(peer.id()) == nullptr) out = out.with(from_wire(peer));
  }
  return out;
}

wire::SnapshotDescription to_wire(const SnapshotMeta& snapshot) {
  wire::SnapshotDescription out;
  out.set_index(snapshot.index);
  out.set_term(snapshot.term);
  to_wire(snapshot.configuration, *out.mutable_peers());
  return out;
}

SnapshotMeta from_wire(const wire::SnapshotDescription& snapshot) {
  return {snapshot.index(), snapshot.term(), from_wire(snapshot.peers())};
}

}  // namespace yurt::raft
