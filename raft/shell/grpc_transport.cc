#include "raft/shell/grpc_transport.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <utility>

#include "raft/raft.grpc.pb.h"
#include "raft/shell/channel.h"
#include "raft/shell/snapshot_parts.h"
#include "raft/shell/wire_meeting.h"
#include "raft/shell/wire_peers.h"

namespace yurt::raft {

GrpcTransport::GrpcTransport(Settings settings)
    : settings_(std::move(settings)), receiver_(settings_.snapshots_folder) {}

GrpcTransport::~GrpcTransport() { stop(); }

void GrpcTransport::start(Inbound inbound, Doorkeeper admit, Meeting& meeting) {
  {
    const std::lock_guard lock(mutex_);
    inbound_ = inbound;
  }
  service_.open({settings_.self, settings_.own_address, std::move(admit),
                 [this](const Greeting& greeting) { met(greeting); }, std::move(inbound),
                 &receiver_, &meeting});
}

void GrpcTransport::stop() {
  std::map<PeerId, std::shared_ptr<PeerLink>> links;
  std::list<Transfer> transfers;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    links.swap(links_);
    for (grpc::ClientContext* context : transfer_contexts_) context->TryCancel();
  }
  for (const auto& [peer, link] : links) link->stop();
  service_.close();
  {
    const std::lock_guard lock(mutex_);
    transfers.swap(transfers_);
  }
  for (Transfer& transfer : transfers) transfer.thread.join();
}

std::shared_ptr<PeerLink>& GrpcTransport::link_to(PeerId peer) {
  std::shared_ptr<PeerLink>& link = links_[peer];
  if (!link) {
    link = std::make_shared<PeerLink>(PeerLink::Settings{
        settings_.self, peer, settings_.own_address, settings_.cluster_id, inbound_.unreachable,
        settings_.random_seed + peer, settings_.max_queue_bytes});
  }
  return link;
}

void GrpcTransport::set_peers(const Configuration& configuration) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  for (const Peer& old : configuration_.peers) {
    const auto link = links_.find(old.id);
    if (link != links_.end() && configuration.find(old.id) == nullptr) link->second->retire();
  }
  configuration_ = configuration;
  for (const Peer& peer : configuration.peers) {
    if (peer.id != settings_.self) link_to(peer.id)->set_address(peer.address);
  }
}

void GrpcTransport::send(std::vector<Message> messages) {
  const std::lock_guard lock(mutex_);
  for (Message& message : messages) {
    const auto link = links_.find(message.to);
    if (link != links_.end()) link->second->send(std::move(message));
  }
}

// One that is not in the configuration here may lead already: it must get its answers.
void GrpcTransport::met(const Greeting& greeting) {
  const std::lock_guard lock(mutex_);
  if (!stopped_ && !greeting.address.empty()) {
    link_to(greeting.from)->learn_address(greeting.address);
  }
}

void GrpcTransport::learn_address(PeerId peer, const std::string& address) {
  const std::lock_guard lock(mutex_);
  const auto link = links_.find(peer);
  if (link != links_.end()) link->second->learn_address(address);
}

void GrpcTransport::send_snapshot(OutgoingSnapshot snapshot, StatusDone done) {
  {
    const std::lock_guard lock(mutex_);
    join_finished();
    if (!stopped_) {
      Transfer& transfer_record = transfers_.emplace_back();
      transfer_record.thread =
          std::thread([this, &transfer_record, snapshot = std::move(snapshot), done] {
            done(transfer(snapshot));
            const std::lock_guard ended(mutex_);
            transfer_record.finished = true;
          });
      return;
    }
  }
  done(Error{ErrorCode::unavailable, "this server is shutting down"});
}

void GrpcTransport::join_finished() {
  for (auto at = transfers_.begin(); at != transfers_.end();) {
    if (!at->finished) {
      ++at;
      continue;
    }
    at->thread.join();  // it has let go of the lock and does nothing more
    at = transfers_.erase(at);
  }
}

Status GrpcTransport::transfer(const OutgoingSnapshot& snapshot) {
  grpc::ClientContext context;
  std::string address;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return Error{ErrorCode::unavailable, "this server is shutting down"};
    const Peer* peer = configuration_.find(snapshot.to);
    if (peer == nullptr) return Error{ErrorCode::not_found, "the receiver is no member any more"};
    address = peer->address;
    transfer_contexts_.insert(&context);
  }
  wire::SnapshotHeader header;
  *header.mutable_hello() =
      to_wire(Greeting{settings_.cluster_id(), settings_.self, snapshot.to, settings_.own_address});
  header.set_leader_term(snapshot.leader_term);
  *header.mutable_snapshot() = to_wire(snapshot.snapshot);

  const auto stub = wire::RaftPeer::NewStub(new_channel(address));
  wire::SnapshotOutcome outcome;
  const auto writer = stub->SendSnapshot(&context, &outcome);
  const Status written = write_snapshot_parts(
      header, snapshot.folder, [&](const wire::SnapshotPart& part) { return writer->Write(part); });
  if (!written.ok() && written.error().code != ErrorCode::unavailable) context.TryCancel();
  writer->WritesDone();
  const grpc::Status ended = writer->Finish();
  {
    const std::lock_guard lock(mutex_);
    transfer_contexts_.erase(&context);
  }
  if (ended.ok() && outcome.installed()) return {};
  if (ended.ok() && !outcome.reason().empty()) {
    return Error{ErrorCode::unavailable, outcome.reason()};
  }
  if (!written.ok() && written.error().code != ErrorCode::unavailable) return written.error();
  return Error{ErrorCode::unavailable,
               "cannot send it to " + address + ": " + ended.error_message()};
}

}  // namespace yurt::raft
