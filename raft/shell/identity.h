// Identity: what this server is to which cluster, kept beside the log.
//
// Everything here is durable before it is acted on: a promise before it is given, membership before
// the first message of a cluster is taken in. So after any crash a server still belongs where it
// belonged and can't be talked into another cluster.
//
// Thread-safe. Ownership: the LogStore is the caller's.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "raft/core/configuration.h"
#include "raft/shell/log_store.h"

namespace yurt::raft {

enum class Standing : std::uint8_t {
  none,      // in no cluster, bound by nothing
  founding,  // asks others to found a cluster together; may still give up
  promised,  // will be in the cluster if its founder founds it
  member,    // in a cluster, or on the way in
};

// A promise given to an attempt of this server's that it gave up since: to be released.
struct ReleaseDue {
  Peer peer;
  std::string cluster_id;

  bool operator==(const ReleaseDue&) const = default;
};

struct Identity {
  PeerId id = 0;
  Standing standing = Standing::none;
  std::string cluster_id;  // unless standing is none
  PeerId founder = 0;      // of the cluster, when this server took part in founding it
  Configuration peers;     // who found it together, when this server takes part
  std::vector<ReleaseDue> releases;
  // A member that has seen itself in its cluster's configuration: never again asks to join.
  bool joined = false;

  bool operator==(const Identity&) const = default;
};

class IdentityRecord {
 public:
  // failed_precondition when the folder belongs to a server with another id.
  [[nodiscard]] static Result<Identity> load(const LogStore& store, PeerId self);

  IdentityRecord(LogStore& store, Identity identity)
      : store_(store), identity_(std::move(identity)) {}

  [[nodiscard]] Identity get() const;
  // Durable when it returns ok.
  [[nodiscard]] Status set(Identity identity);

 private:
  LogStore& store_;
  mutable std::mutex mutex_;
  Identity identity_;
};

}  // namespace yurt::raft
