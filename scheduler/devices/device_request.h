// DeviceRequest: one `device` block, compiled: which of a node's devices can serve it, and how much
// of each it takes. Its alternatives (first_available) are requests of their own: see
// devices/alternatives.h. Not thread-safe (its predicates remember patterns).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proto/allocation.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "scheduler/feasible/predicate.h"

namespace yurt::scheduler {

class DeviceRequest {
 public:
  explicit DeviceRequest(const model::RequestedDevice& requested);

  // By name ("type", "vendor/type" or "vendor/type/name") and constraints.
  [[nodiscard]] bool matches(const model::NodeDevice& device) const;
  // Of a group that matches: constraints on ${device.ids} also choose among its instances.
  [[nodiscard]] bool allows(const std::string& instance_id) const;
  [[nodiscard]] std::uint64_t count() const { return count_; }
  // True when some instances of a group may serve it and others not.
  [[nodiscard]] bool chooses_instances() const { return !id_conditions_.empty(); }
  // Of each device.
  [[nodiscard]] const DeviceSize& size() const { return size_; }
  // As the job wrote it, for the grant.
  [[nodiscard]] double fraction() const { return fraction_; }
  [[nodiscard]] bool has_affinities() const { return !affinities_.empty(); }
  [[nodiscard]] double weight_total() const { return weight_total_; }
  // Σ weights of the affinities that hold for the group of devices.
  [[nodiscard]] double affinity_sum(const model::NodeDevice& device) const;

 private:
  struct Affinity {
    Predicate predicate;
    double weight;
  };
  struct IdCondition {
    std::string op;
    std::vector<std::string> ids;  // of a set, or the one value
  };
  std::string vendor_, type_, name_;  // empty: any
  std::uint64_t count_;
  DeviceSize size_;
  double fraction_ = 0;
  bool readable_ = true;  // the size could be read; otherwise nothing matches
  std::vector<Predicate> constraints_;
  std::vector<IdCondition> id_conditions_;
  std::vector<Affinity> affinities_;
  double weight_total_ = 0;
};

// One request of a group's task.
struct DeviceAsk {
  std::string task;
  DeviceRequest request;
};

}  // namespace yurt::scheduler
