#include "scheduler/rank/node_affinity.h"

#include <algorithm>
#include <cmath>

namespace yurt::scheduler {

NodeAffinity::NodeAffinity(const model::Job& job, const model::TaskGroup& group) {
  for (const auto& affinity : job.affinity()) add(affinity);
  for (const auto& affinity : group.affinity()) add(affinity);
  for (const auto& task : group.task()) {
    for (const auto& affinity : task.affinity()) add(affinity);
  }
}

void NodeAffinity::add(const model::Affinity& affinity) {
  const double weight = affinity.has_weight() ? affinity.weight() : 50;
  wishes_.push_back(
      {Predicate(affinity.attribute(), affinity.operator_(), affinity.value()), weight});
  weight_total_ += std::abs(weight);
}

bool NodeAffinity::is_unique() const {
  return std::any_of(wishes_.begin(), wishes_.end(),
                     [](const Wish& wish) { return wish.predicate.is_unique(); });
}

double NodeAffinity::score(const model::Node& node) const {
  if (weight_total_ == 0) return 0;
  double met = 0;
  for (const Wish& wish : wishes_) {
    if (wish.predicate.holds_for(node)) met += wish.weight;
  }
  return met / weight_total_;
}

}  // namespace yurt::scheduler
