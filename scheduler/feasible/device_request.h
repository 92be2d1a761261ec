// DeviceRequest: one `device` block, compiled: which groups of a node's devices can serve it.
// Not thread-safe (its predicates remember patterns).
//
// Whole instances only. Slices of one device (share_devices) will add a second kind of request
// beside `count`, and a sum beside NodeUse's count of uses.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "scheduler/feasible/predicate.h"

namespace yurt::scheduler {

class DeviceRequest {
 public:
  explicit DeviceRequest(const model::RequestedDevice& requested);

  // By name ("type", "vendor/type" or "vendor/type/name") and constraints.
  [[nodiscard]] bool matches(const model::NodeDevice& device) const;
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] bool has_affinities() const { return !affinities_.empty(); }
  [[nodiscard]] double weight_total() const { return weight_total_; }
  // Σ weights of the affinities that hold for the group of devices.
  [[nodiscard]] double affinity_sum(const model::NodeDevice& device) const;

 private:
  struct Affinity {
    Predicate predicate;
    double weight;
  };
  std::string vendor_, type_, name_;  // empty: any
  std::uint64_t count_;
  std::vector<Predicate> constraints_;
  std::vector<Affinity> affinities_;
  double weight_total_ = 0;
};

// True when the node's healthy devices, all free, would serve every request of the group.
[[nodiscard]] bool has_devices(const std::vector<DeviceRequest>& requests, const model::Node& node);

}  // namespace yurt::scheduler
