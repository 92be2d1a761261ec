// ClusterData: what this node's templates read of the cluster, as the servers last told it.
//
// Readers say what they read; the servers are asked for all of it together, once for each thing
// however many read it. find() may be called from any thread; everything else lives on the loop's.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "proto/agent_stream.pb.h"

namespace yurt::agent {

struct WatchKey {
  model::Watch::Kind kind = model::Watch::VARIABLE;
  std::string ns, name;
  auto operator<=>(const WatchKey&) const = default;
};

class ClusterData {
 public:
  using Answer = std::shared_ptr<const model::WatchResult>;

  // What the servers said last; null while they have not.
  [[nodiscard]] Answer find(const WatchKey& key) const;

  // From now on `reader` reads `keys`, in place of what it read before; `on_change` is called each
  // time the servers tell something new about one of them, and must not call read() itself.
  void read(const void* reader, std::set<WatchKey> keys, std::function<void()> on_change);
  void forget(const void* reader);

  // Called when what is to be asked has changed.
  void on_watches(std::function<void()> changed) { watches_changed_ = std::move(changed); }
  [[nodiscard]] model::WatchSet watches() const;
  void answered(model::WatchResult result);

 private:
  struct Watched {
    std::uint64_t id = 0;
    std::set<const void*> readers;
  };
  struct Reader {
    std::set<WatchKey> keys;
    std::function<void()> on_change;
  };

  // True when nobody reads the key any more.
  bool leave(const void* reader, const WatchKey& key);

  std::map<WatchKey, Watched> watched_;
  std::map<std::uint64_t, WatchKey> by_id_;
  std::map<const void*, Reader> readers_;
  std::uint64_t last_id_ = 0;
  std::function<void()> watches_changed_;

  mutable std::mutex mutex_;  // guards answers_
  std::map<WatchKey, Answer> answers_;
};

// The newest change that the answer shows; at least 1.
[[nodiscard]] std::uint64_t newest_change(const model::WatchResult& result);

}  // namespace yurt::agent
