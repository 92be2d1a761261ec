#include "raft/shell/promises.h"

#include <algorithm>
#include <utility>

namespace yurt::raft {
namespace {

PromiseReply refused(std::string reason) { return {false, std::move(reason), 0, {}}; }

Error denied(std::string message) { return {ErrorCode::permission_denied, std::move(message)}; }

}  // namespace

// The identity with its own attempt given up, and releases due to all who may have promised.
Identity Promises::without_attempt(Identity identity) {
  for (const Peer& peer : identity.peers.peers) {
    if (peer.id != identity.id) identity.releases.push_back({peer, identity.cluster_id});
  }
  identity.standing = Standing::none;
  identity.cluster_id.clear();
  identity.founder = 0;
  identity.peers = {};
  return identity;
}

PromiseReply Promises::promise(const PromiseRequest& request) {
  const std::lock_guard lock(mutex_);
  Identity identity = record_.get();
  if (identity.standing == Standing::member) {
    if (identity.cluster_id == request.cluster_id) return {true, {}, 0, {}};
    return {false, "it is in a cluster already", 0, identity.cluster_id};
  }
  if (!request.peers.is_voter(settings_.self)) return refused("it is not among the founders");
  if (request.founder >= settings_.self) return refused("only the lowest id may found");
  if (request.peers.peers.size() != static_cast<std::size_t>(settings_.expect)) {
    return refused("its bootstrap_expect is " + std::to_string(settings_.expect) + ", not " +
                   std::to_string(request.peers.peers.size()));
  }
  if (identity.standing == Standing::promised) {
    if (identity.founder != request.founder) {
      return {false, "it is promised to another founder", identity.founder, {}};
    }
    if (identity.cluster_id == request.cluster_id) return {true, {}, 0, {}};
  }
  if (identity.standing == Standing::founding) identity = without_attempt(std::move(identity));
  identity.standing = Standing::promised;
  identity.cluster_id = request.cluster_id;
  identity.founder = request.founder;
  identity.peers = request.peers;
  if (const Status kept = record_.set(std::move(identity)); !kept.ok()) {
    return refused(kept.error().message);
  }
  return {true, {}, 0, {}};
}

Status Promises::release(const ReleaseRequest& request) {
  const std::lock_guard lock(mutex_);
  Identity identity = record_.get();
  if (identity.standing != Standing::promised || identity.founder != request.founder ||
      identity.cluster_id != request.cluster_id) {
    return {};
  }
  identity.standing = Standing::none;
  identity.cluster_id.clear();
  identity.founder = 0;
  identity.peers = {};
  return record_.set(std::move(identity));
}

Status Promises::admit(const Greeting& greeting) {
  if (greeting.to != settings_.self) {
    return denied("meant for server " + std::to_string(greeting.to) + ", but this is server " +
                  std::to_string(settings_.self));
  }
  if (greeting.from == 0 || greeting.from == settings_.self || greeting.cluster_id.empty()) {
    return denied("the greeting names no server of a cluster");
  }
  const std::lock_guard lock(mutex_);
  Identity identity = record_.get();
  switch (identity.standing) {
    case Standing::member:
      if (identity.cluster_id == greeting.cluster_id) return {};
      return denied("server " + std::to_string(settings_.self) + " is in cluster " +
                    identity.cluster_id + ", not in cluster " + greeting.cluster_id);
    case Standing::promised:
      if (identity.cluster_id != greeting.cluster_id) {
        return denied("server " + std::to_string(settings_.self) +
                      " has promised to be in cluster " + identity.cluster_id +
                      ", not in cluster " + greeting.cluster_id);
      }
      break;  // it was founded, then
    case Standing::founding:
    case Standing::none:
      if (!settings_.wait_to_be_added || identity.standing == Standing::founding) {
        return denied("server " + std::to_string(settings_.self) + " is in no cluster yet");
      }
      break;
  }
  identity.standing = Standing::member;
  identity.cluster_id = greeting.cluster_id;
  identity.joined = true;
  return record_.set(std::move(identity));
}

Result<bool> Promises::begin(const std::string& cluster_id, const Configuration& peers) {
  const std::lock_guard lock(mutex_);
  Identity identity = record_.get();
  if (identity.standing != Standing::none) return false;
  identity.standing = Standing::founding;
  identity.cluster_id = cluster_id;
  identity.founder = settings_.self;
  identity.peers = peers;
  YURT_TRY(record_.set(std::move(identity)));
  return true;
}

Result<bool> Promises::found(const std::string& cluster_id) {
  const std::lock_guard lock(mutex_);
  Identity identity = record_.get();
  if (identity.standing != Standing::founding || identity.cluster_id != cluster_id) return false;
  identity.standing = Standing::member;
  identity.joined = true;
  YURT_TRY(record_.set(std::move(identity)));
  return true;
}

Status Promises::give_up(const std::string& cluster_id) {
  const std::lock_guard lock(mutex_);
  Identity identity = record_.get();
  if (identity.standing != Standing::founding || identity.cluster_id != cluster_id) return {};
  return record_.set(without_attempt(std::move(identity)));
}

Status Promises::released(const ReleaseDue& due) {
  const std::lock_guard lock(mutex_);
  Identity identity = record_.get();
  std::erase(identity.releases, due);
  return record_.set(std::move(identity));
}

Result<bool> Promises::belong_to(const std::string& cluster_id) {
  const std::lock_guard lock(mutex_);
  Identity identity = record_.get();
  if (identity.standing != Standing::none) return false;
  identity.standing = Standing::member;
  identity.cluster_id = cluster_id;
  YURT_TRY(record_.set(std::move(identity)));
  return true;
}

Status Promises::joined() {
  const std::lock_guard lock(mutex_);
  Identity identity = record_.get();
  if (identity.joined) return {};
  identity.joined = true;
  return record_.set(std::move(identity));
}

}  // namespace yurt::raft
