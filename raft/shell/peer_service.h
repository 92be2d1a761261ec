// PeerService: the gRPC service that peers talk to.
//
// Registered with the caller's gRPC server; lives until that server is gone. Streams of messages
// use gRPC's callback API and hold no thread; snapshots and the rare calls of founding and joining
// hold one of the server's threads each.
//
// Thread-safe. Before open() and after close() every call is answered with UNAVAILABLE.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "raft/shell/greeting.h"
#include "raft/shell/meeting.h"
#include "raft/shell/snapshot_receiver.h"
#include "raft/shell/transport.h"

namespace grpc {
class Service;
}

namespace yurt::raft {

class PeerService {
 public:
  struct Settings {
    PeerId self = 0;
    std::string own_address;
    Doorkeeper admit;
    // A peer's own word on where it is. Thread-safe.
    std::function<void(const Greeting&)> met;
    Inbound inbound;
    SnapshotReceiver* snapshots = nullptr;
    Meeting* meeting = nullptr;
  };

  PeerService();
  ~PeerService();
  PeerService(const PeerService&) = delete;
  PeerService& operator=(const PeerService&) = delete;

  [[nodiscard]] grpc::Service* service();
  void open(Settings settings);
  // Ends all calls; returns when none of them uses the settings any more. Idempotent.
  void close();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace yurt::raft
