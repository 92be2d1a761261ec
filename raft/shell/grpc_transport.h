// GrpcTransport: messages and snapshots over gRPC, to peers found in the configuration.
//
// Thread-safe. service() may be registered at once and outlives stop(); calls are taken between
// start() and stop().
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "raft/shell/greeting.h"
#include "raft/shell/meeting.h"
#include "raft/shell/peer_link.h"
#include "raft/shell/peer_service.h"
#include "raft/shell/snapshot_receiver.h"
#include "raft/shell/transport.h"

namespace grpc {
class ClientContext;
}

namespace yurt::raft {

class GrpcTransport final : public Transport {
 public:
  struct Settings {
    PeerId self = 0;
    std::string own_address;
    std::filesystem::path snapshots_folder;
    std::uint64_t random_seed = 0;
    std::size_t max_queue_bytes = 64 << 20;   // a peer; entries in it are shared with the log cache
    std::function<std::string()> cluster_id;  // empty while this server is in none
  };

  explicit GrpcTransport(Settings settings);
  ~GrpcTransport() override;

  [[nodiscard]] grpc::Service* service() { return service_.service(); }
  void start(Inbound inbound, Doorkeeper admit, Meeting& meeting);
  // Ends all calls, in and out; nothing comes in any more when it returns. Idempotent.
  void stop();

  // A member's own word on where it is, tried beside what the configuration says.
  void learn_address(PeerId peer, const std::string& address);

  void set_peers(const Configuration& configuration) override;
  void send(std::vector<Message> messages) override;
  void send_snapshot(OutgoingSnapshot snapshot, StatusDone done) override;

 private:
  struct Transfer {
    std::thread thread;
    bool finished = false;
  };

  // REQUIRES: mutex_ held
  [[nodiscard]] std::shared_ptr<PeerLink>& link_to(PeerId peer);
  void met(const Greeting& greeting);
  [[nodiscard]] Status transfer(const OutgoingSnapshot& snapshot);
  void join_finished();

  const Settings settings_;
  SnapshotReceiver receiver_;
  PeerService service_;

  std::mutex mutex_;
  bool stopped_ = false;
  Inbound inbound_;
  Configuration configuration_;
  std::map<PeerId, std::shared_ptr<PeerLink>> links_;
  std::list<Transfer> transfers_;
  std::set<grpc::ClientContext*> transfer_contexts_;
};

}  // namespace yurt::raft
