// Joining a cluster that exists, and telling it a changed address.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "raft/shell/arrival.h"

namespace yurt::raft {

// A server that holds nothing must not take the place of a member with its id: that member may have
// voted and acknowledged what this server knows nothing of.
void Arrival::consider_joining(const Introduction& member) {
  Introduction leader = member;
  if (member.leader != member.id) {
    if (member.leader == 0 || member.leader_address.empty()) {
      return say("the cluster has no leader at present, waiting to join it");
    }
    Result<Introduction> met = parts_.calls.meet(member.leader_address, introduce_self());
    if (!met.ok()) return say(met.error().message);
    if (met->cluster_id != member.cluster_id) return;
    leader = std::move(*met);
  }
  if (leader.peers.find(settings_.self) != nullptr) {
    return say("the cluster already has a server " + std::to_string(settings_.self) +
               ", but this server's data folder is empty: remove that member from the cluster, "
               "or give this server another id");
  }
  const Result<bool> belongs = parts_.promises.belong_to(leader.cluster_id);
  if (!belongs.ok()) return check(belongs.error());
  YURT_LOG(info, "raft", "joining cluster {}", leader.cluster_id);
  const std::lock_guard lock(mutex_);
  poked_ = true;
}

bool Arrival::unknown_to_cluster(const Identity& identity) {
  const Configuration configuration = parts_.configuration();
  const Peer* self = configuration.find(settings_.self);
  if (self != nullptr) {
    if (!identity.joined && self->voter) check(parts_.promises.joined());
    return (!identity.joined && !self->voter) || self->address != settings_.address;
  }
  // One that was a member once and is none now was removed, and stays away.
  return !identity.joined;
}

void Arrival::ask_to_join(const Identity& identity) {
  std::vector<std::string> addresses;
  const Leadership leadership = parts_.leadership();
  if (leadership.self) {
    static_cast<void>(join({identity.cluster_id, settings_.self, settings_.address}));
    return;
  }
  if (!leadership.address.empty()) addresses.push_back(leadership.address);
  for (const Peer& peer : parts_.configuration().peers) {
    if (peer.id != settings_.self) addresses.push_back(peer.address);
  }
  addresses.insert(addresses.end(), settings_.retry_join.begin(), settings_.retry_join.end());
  std::erase(addresses, settings_.address);
  const JoinRequest request{identity.cluster_id, settings_.self, settings_.address};
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const Result<JoinReply> reply = parts_.calls.join(addresses[i], request);
    if (!reply.ok()) {
      say(reply.error().message);
      continue;
    }
    if (reply->accepted) return;
    const bool known =
        std::find(addresses.begin(), addresses.end(), reply->leader_address) != addresses.end();
    if (!reply->leader_address.empty() && !known) addresses.push_back(reply->leader_address);
    say("cannot join the cluster yet: " + reply->reason);
  }
}

JoinReply Arrival::join(const JoinRequest& request) {
  const Identity identity = parts_.record.get();
  if (identity.standing != Standing::member || identity.cluster_id != request.cluster_id) {
    return {false, "server " + std::to_string(settings_.self) + " is not in that cluster", 0, {}};
  }
  if (request.id == 0 || request.address.empty()) {
    return {false, "a member needs an id and an address", 0, {}};
  }
  // Servers that all moved at once find each other by this before any of them can lead.
  if (parts_.configuration().find(request.id) != nullptr) {
    parts_.learn_address(request.id, request.address);
  }
  const Leadership leadership = parts_.leadership();
  if (!leadership.self) {
    return {false, "it is not the leader", leadership.leader, leadership.address};
  }
  {
    const std::lock_guard lock(mutex_);
    if (!joining_.insert(request.id).second) return {true, {}, 0, {}};
  }
  YURT_LOG(info, "raft", "server {} at {} asks to be a member", request.id, request.address);
  parts_.add_peer(Peer{request.id, request.address, true}, [this, id = request.id](Status status) {
    if (!status.ok()) {
      YURT_LOG(warn, "raft", "server {} is not a member yet: {}", id, status.error().message);
    }
    const std::lock_guard lock(mutex_);
    joining_.erase(id);
  });
  return {true, {}, 0, {}};
}

}  // namespace yurt::raft
