// PeerLink: the outgoing stream of messages to one peer. Connects, greets, batches what waits into
// envelopes, and connects again after a pause when the stream breaks.
//
// Messages that cannot be sent soon (not connected, or too much waits) are dropped: Raft repeats
// what it needs. `unreachable` is told whenever messages that were taken over may be lost.
//
// Thread-safe. Ownership: shared with its own gRPC callbacks until stop() has returned.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "raft/core/message.h"
#include "raft/shell/greeting.h"

namespace yurt::raft {

class PeerLink {
 public:
  struct Settings {
    PeerId self = 0;
    PeerId peer = 0;
    std::string own_address;
    std::function<std::string()> cluster_id;  // empty while this server is in none
    std::function<void(PeerId)> unreachable;  // must not call back into the link
    std::uint64_t random_seed = 0;            // for the pauses
    std::size_t max_queue_bytes = 0;
  };

  explicit PeerLink(Settings settings);
  ~PeerLink();
  PeerLink(const PeerLink&) = delete;
  PeerLink& operator=(const PeerLink&) = delete;

  // Where the peer is, as its configuration says. A change breaks the stream.
  void set_address(const std::string& address);
  // Where the peer said itself that it is: tried in turn with the configured address.
  void learn_address(const std::string& address);
  // The peer is no member any more: the stream serves while it lasts (a leader may be waiting to
  // hear that its own removal was taken in), but is not opened again until an address is given.
  void retire();
  void send(Message message);
  // Ends the stream; returns when no callback will come any more. Idempotent.
  void stop();

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace yurt::raft
