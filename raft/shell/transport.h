// Transport: how messages and snapshots get to peers. The real one speaks gRPC (grpc_transport.h);
// tests put servers on an in-process network.
//
// Thread-safe. Nothing is promised about delivery; what is thrown away is told by `unreachable`.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "raft/core/message.h"
#include "raft/core/snapshot.h"
#include "raft/shell/done.h"

namespace yurt::raft {

struct OutgoingSnapshot {
  PeerId to = 0;
  Term leader_term = 0;
  SnapshotMeta snapshot;
  std::filesystem::path folder;  // must stay until the transfer's end
};

// A snapshot that came in: whole, checked and synced.
struct ArrivedSnapshot {
  PeerId from = 0;
  Term leader_term = 0;
  SnapshotMeta snapshot;
  std::filesystem::path folder;  // the receiver's to remove
};

// What comes in. Called on the transport's threads; must not block.
struct Inbound {
  std::function<void(std::vector<Message>)> messages;
  std::function<void(PeerId)> unreachable;
  // `done` once: ok when it is restored, or was not needed any more.
  std::function<void(ArrivedSnapshot, StatusDone done)> snapshot;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // Whom to keep connected to: all members but this server.
  virtual void set_peers(const Configuration& configuration) = 0;
  virtual void send(std::vector<Message> messages) = 0;
  // `done` once, on a thread of the transport's: ok when the receiver has restored it.
  virtual void send_snapshot(OutgoingSnapshot snapshot, StatusDone done) = 0;
};

}  // namespace yurt::raft
