// Node affinity: how many of the wishes of job, group and tasks a node meets, by weight.
// Not thread-safe (its predicates remember patterns).
#pragma once

#include <vector>

#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "scheduler/feasible/predicate.h"

namespace yurt::scheduler {

class NodeAffinity {
 public:
  NodeAffinity(const model::Job& job, const model::TaskGroup& group);

  [[nodiscard]] bool empty() const { return wishes_.empty(); }
  // True when nodes of one computed class may differ.
  [[nodiscard]] bool is_unique() const;
  // Σ weights met / Σ |weights|; 0 (not emitted) when nothing is met.
  [[nodiscard]] double score(const model::Node& node) const;

 private:
  struct Wish {
    Predicate predicate;
    double weight;
  };
  void add(const model::Affinity& affinity);

  std::vector<Wish> wishes_;
  double weight_total_ = 0;
};

}  // namespace yurt::scheduler
