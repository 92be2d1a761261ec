// Watches: what the agents' templates read, answered at once and again after every change.
//
// A change costs one evaluation for each thing that is watched and has changed, however many agents
// watch it. Thread-safe: watches come from the streams' threads, changes from the apply thread,
// push() is called by the hub's own.
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "proto/agent_stream.pb.h"
#include "server/state/changes.h"
#include "server/state/store.h"
#include "server/variables/keyring.h"

namespace yurt::server {

class Watches {
 public:
  // Where answers for one agent go; kept until drop().
  using Send = std::function<void(model::ServerMessage)>;

  Watches(StateStore& store, Keyring& keyring) : store_(store), keyring_(keyring) {}

  // The whole set of what `agent` watches; what is new to it is answered. `agent` only names it.
  void set(const void* agent, const Send& send, const model::WatchSet& watches);
  void drop(const void* agent);

  // Notes what has changed. True when push() has something to do.
  bool note(const Changes& changes);
  void push();

 private:
  struct Key {
    int kind = 0;
    std::string ns, name;
    auto operator<=>(const Key&) const = default;
  };
  struct Watcher {
    std::uint64_t id = 0;  // the agent's
    std::shared_ptr<const Send> send;
  };
  using ByAgent = std::map<const void*, Watcher>;

  [[nodiscard]] model::WatchResult evaluate(const Key& key, const Snapshot& state);
  void note_variable(const JobKey& changed);
  void forget(const void* agent, const std::set<Key>& kept);

  StateStore& store_;
  Keyring& keyring_;
  std::mutex mutex_;
  std::map<Key, ByAgent> watchers_;
  std::map<const void*, std::set<Key>> of_agents_;
  std::set<Key> changed_;
};

}  // namespace yurt::server
