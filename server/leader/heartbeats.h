// Heartbeats: which nodes have been silent for too long. Leader only.
//
// Thread-safe. Time is steady nanoseconds, an argument. Source of the numbers: Nomad's documented
// min_heartbeat_ttl, max_heartbeats_per_second, heartbeat_grace and failover_heartbeat_ttl.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/random.h"

namespace yurt::server {

struct HeartbeatSettings {
  std::int64_t min_ttl_ns = 10 * nanoseconds_per_second;
  std::int64_t grace_ns = 10 * nanoseconds_per_second;
  std::int64_t failover_ttl_ns = 300 * nanoseconds_per_second;
  double max_per_second = 50;
};

class Heartbeats {
 public:
  explicit Heartbeats(HeartbeatSettings settings) : settings_(settings) {}

  // How long a node may stay silent: at least min_ttl, more with many nodes, and spread by up to
  // twice that so that they don't beat in step.
  [[nodiscard]] std::int64_t ttl(Random& random) const;
  // The node was heard of and may be silent for `ttl_ns`, and the grace.
  void beat(const NodeId& node, std::int64_t now_ns, std::int64_t ttl_ns);
  // A new leader has not heard of anybody yet.
  void expect(const NodeId& node, std::int64_t now_ns);
  void forget(const NodeId& node);
  // The nodes whose time is over; they are forgotten.
  [[nodiscard]] std::vector<NodeId> take_expired(std::int64_t now_ns);
  [[nodiscard]] std::size_t size() const;

 private:
  const HeartbeatSettings settings_;
  mutable std::mutex mutex_;
  std::unordered_map<NodeId, std::int64_t> deadlines_;
};

}  // namespace yurt::server
