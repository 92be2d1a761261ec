#include "server/leader/heartbeats.h"

#include <algorithm>

namespace yurt::server {

std::int64_t Heartbeats::ttl(Random& random) const {
  std::lock_guard lock(mutex_);
  const double by_rate = static_cast<double>(deadlines_.size()) / settings_.max_per_second *
                         static_cast<double>(nanoseconds_per_second);
  const std::int64_t base = std::max(settings_.min_ttl_ns, static_cast<std::int64_t>(by_rate));
  return base + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(base) + 1));
}

void Heartbeats::beat(const NodeId& node, std::int64_t now_ns, std::int64_t ttl_ns) {
  std::lock_guard lock(mutex_);
  deadlines_[node] = now_ns + ttl_ns + settings_.grace_ns;
}

void Heartbeats::expect(const NodeId& node, std::int64_t now_ns) {
  std::lock_guard lock(mutex_);
  deadlines_.try_emplace(node, now_ns + settings_.failover_ttl_ns);
}

void Heartbeats::forget(const NodeId& node) {
  std::lock_guard lock(mutex_);
  deadlines_.erase(node);
}

std::vector<NodeId> Heartbeats::take_expired(std::int64_t now_ns) {
  std::lock_guard lock(mutex_);
  std::vector<NodeId> out;
  for (const auto& [node, deadline] : deadlines_) {
    if (deadline <= now_ns) out.push_back(node);
  }
  for (const NodeId& node : out) deadlines_.erase(node);
  return out;
}

std::size_t Heartbeats::size() const {
  std::lock_guard lock(mutex_);
  return deadlines_.size();
}

}  // namespace yurt::server
