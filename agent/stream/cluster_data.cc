#include "agent/stream/cluster_data.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace yurt::agent {

std::uint64_t newest_change(const model::WatchResult& result) {
  std::uint64_t newest = 1;
  if (result.has_variable()) newest = std::max(newest, result.variable().modify_index());
  for (const auto& one : result.variables()) newest = std::max(newest, one.modify_index());
  for (const auto& one : result.services()) newest = std::max(newest, one.modify_index());
  return newest;
}

ClusterData::Answer ClusterData::find(const WatchKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(key);
  return found == answers_.end() ? nullptr : found->second;
}

void ClusterData::read(const void* reader, std::set<WatchKey> keys,
                       std::function<void()> on_change) {
  auto& known = readers_[reader];
  known.on_change = std::move(on_change);
  bool changed = false;
  for (const WatchKey& key : known.keys) {
    if (!keys.contains(key)) changed |= leave(reader, key);
  }
  for (const WatchKey& key : keys) {
    auto& watched = watched_[key];
    if (watched.id == 0) {
      watched.id = ++last_id_;
      by_id_[watched.id] = key;
      changed = true;
    }
    watched.readers.insert(reader);
  }
  known.keys = std::move(keys);
  if (changed && watches_changed_) watches_changed_();
}

void ClusterData::forget(const void* reader) {
  const auto known = readers_.extract(reader);
  if (known.empty()) return;
  bool changed = false;
  for (const WatchKey& key : known.mapped().keys) changed |= leave(reader, key);
  if (changed && watches_changed_) watches_changed_();
}

bool ClusterData::leave(const void* reader, const WatchKey& key) {
  const auto found = watched_.find(key);
  if (found == watched_.end()) return false;
  found->second.readers.erase(reader);
  if (!found->second.readers.empty()) return false;
  by_id_.erase(found->second.id);
  watched_.erase(found);
  const std::lock_guard lock(mutex_);
  answers_.erase(key);
  return true;
}

model::WatchSet ClusterData::watches() const {
  model::WatchSet out;
  for (const auto& [key, watched] : watched_) {
    auto& watch = *out.add_watches();
    watch.set_id(watched.id);
    watch.set_kind(key.kind);
    watch.set_namespace_(key.ns);
    watch.set_name(key.name);
  }
  return out;
}

void ClusterData::answered(model::WatchResult result) {
  const auto known = by_id_.find(result.id());
  if (known == by_id_.end()) return;  // no longer read
  const WatchKey key = known->second;
  {
    const std::lock_guard lock(mutex_);
    auto& answer = answers_[key];
    // Two evaluations may cross on their way.
    if (answer && result.index() < answer->index()) return;
    answer = std::make_shared<const model::WatchResult>(std::move(result));
  }
  std::vector<std::function<void()>> told;
  for (const void* reader : watched_.at(key).readers) told.push_back(readers_.at(reader).on_change);
  for (const auto& tell : told) tell();
}

}  // namespace yurt::agent
