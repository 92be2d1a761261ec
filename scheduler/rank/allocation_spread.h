// Allocation spread: how much a placement on nodes with a given value of an attribute brings a
// group closer to the wanted distribution. A plain value: the caller counts what is placed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "proto/job.pb.h"

namespace yurt::scheduler {

// One `spread` block of a group with `count` allocations wanted, and how many it has per value.
class SpreadUse {
 public:
  // `weight_share`: the block's weight over the sum of the weights that apply to the group.
  SpreadUse(const model::Spread& spread, int count, double weight_share);

  void add(const std::string& value) { ++used_[value]; }
  // REQUIRES: add(value) came before
  void remove(const std::string& value);

  // The score of one more allocation on a node with this value (nullopt: it has none).
  [[nodiscard]] double score(const std::optional<std::string>& value) const;

 private:
  [[nodiscard]] double targeted_score(const std::string& value) const;
  [[nodiscard]] double even_score(const std::string& value) const;
  // nullopt: no target names the value and no percentage is left for the others.
  [[nodiscard]] std::optional<double> desired(const std::string& value) const;
  [[nodiscard]] double boost(const std::string& value, double desired) const;
  [[nodiscard]] std::int64_t used(const std::string& value) const;

  std::unordered_map<std::string, double> targets_;  // wanted allocations by value
  std::optional<double> others_;                     // wanted for each value without target
  double weight_share_;
  // Counted values; one that was used keeps its entry at 0, as it is part of the distribution.
  std::unordered_map<std::string, std::int64_t> used_;
};

}  // namespace yurt::scheduler
