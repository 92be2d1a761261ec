#include "raft/shell/identity.h"

#include <utility>

#include "raft/raft.pb.h"
#include "raft/shell/wire_peers.h"

namespace yurt::raft {
namespace {

std::string encode(const Identity& identity) {
  wire::StoredIdentity stored;
  stored.set_id(identity.id);
  stored.set_standing(static_cast<wire::StoredIdentity::Standing>(identity.standing));
  stored.set_cluster_id(identity.cluster_id);
  stored.set_founder(identity.founder);
  to_wire(identity.peers, *stored.mutable_peers());
  for (const ReleaseDue& release : identity.releases) {
    auto& out = *stored.add_releases();
    *out.mutable_peer() = to_wire(release.peer);
    out.set_cluster_id(release.cluster_id);
  }
  stored.set_joined(identity.joined);
  return stored.SerializeAsString();
}

}  // namespace

Result<Identity> IdentityRecord::load(const LogStore& store, PeerId self) {
  YURT_ASSIGN(const std::optional<std::string> bytes, store.read_mark(identity_key));
  Identity identity;
  identity.id = self;
  if (!bytes) return identity;
  wire::StoredIdentity stored;
  if (!stored.ParseFromString(*bytes)) {
    return Error{ErrorCode::corrupt, "the record of this server's identity does not parse"};
  }
  if (stored.id() != self) {
    return Error{ErrorCode::failed_precondition, "this data folder belongs to server " +
                                                     std::to_string(stored.id()) +
                                                     ", not to server " + std::to_string(self)};
  }
  identity.standing = static_cast<Standing>(stored.standing());
  identity.cluster_id = stored.cluster_id();
  identity.founder = stored.founder();
  identity.peers = from_wire(stored.peers());
  identity.joined = stored.joined();
  for (const auto& release : stored.releases()) {
    identity.releases.push_back({from_wire(release.peer()), release.cluster_id()});
  }
  return identity;
}

Identity IdentityRecord::get() const {
  const std::lock_guard lock(mutex_);
  return identity_;
}

Status IdentityRecord::set(Identity identity) {
  const std::lock_guard lock(mutex_);
  YURT_TRY(store_.write_mark(identity_key, encode(identity)));
  identity_ = std::move(identity);
  return {};
}

}  // namespace yurt::raft
