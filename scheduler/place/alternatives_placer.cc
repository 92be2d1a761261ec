#include "scheduler/place/alternatives_placer.h"

#include <algorithm>

#include "scheduler/place/alternatives.h"

namespace yurt::scheduler {
namespace {

std::string names_of_devices(const model::TaskGroup& group) {
  std::string names;
  for (const auto& task : group.task()) {
    for (const auto& device : task.resources().device()) {
      names += (names.empty() ? "" : ", ") + device.name();
    }
  }
  return names;
}

template <typename Map>
void add_named(const Map& from, const std::string& name, Map& to) {
  for (const auto& [reason, count] : from) to[name + ": " + reason] += count;
}

}  // namespace

AlternativesPlacer::AlternativesPlacer(PlacerContext& context, const JobRef& job, int group,
                                       const MemoryGrants& memory) {
  for (const JobRef& one : alternatives_of(job, group)) {
    const std::string name = "alternative " + std::to_string(alternatives_.size() + 1) + " (" +
                             names_of_devices(one->group(group)) + ")";
    alternatives_.push_back({name, std::make_unique<GroupPlacer>(context, one, group, memory)});
    const AddressedNodes& nodes = alternatives_.back().placer->nodes();
    for (const auto& [computed_class, eligible] : nodes.class_eligibility) {
      bool& any = class_eligibility_[computed_class];
      any = any || eligible;
    }
    std::vector<Slot> both;
    std::set_union(feasible_.begin(), feasible_.end(), nodes.feasible.begin(), nodes.feasible.end(),
                   std::back_inserter(both));
    feasible_ = std::move(both);
  }
}

std::int64_t AlternativesPlacer::largest_memory_mb() const {
  std::int64_t largest = 0;
  for (const Alternative& one : alternatives_) {
    largest = std::max(largest, one.placer->largest_memory_mb());
  }
  return largest;
}

bool AlternativesPlacer::may_use(const Alternative& alternative, Slot slot) {
  const std::vector<Slot>& feasible = alternative.placer->nodes().feasible;
  return std::binary_search(feasible.begin(), feasible.end(), slot);
}

std::optional<GroupPlacer::Choice> AlternativesPlacer::choose(const GroupPlacer::Wish& wish) {
  for (const bool by_preemption : {false, true}) {
    for (std::size_t i = 0; i < alternatives_.size(); ++i) {
      GroupPlacer& placer = *alternatives_[i].placer;
      auto choice = by_preemption ? placer.choose_by_preemption() : placer.choose(wish);
      if (!choice) continue;
      last_taken_ = i;
      return choice;
    }
  }
  return std::nullopt;
}

std::optional<GroupPlacer::Choice> AlternativesPlacer::choose_on(Slot slot, std::string& refusal) {
  refusal.clear();
  for (const bool by_preemption : {false, true}) {
    for (std::size_t i = 0; i < alternatives_.size(); ++i) {
      if (!may_use(alternatives_[i], slot)) continue;
      GroupPlacer& placer = *alternatives_[i].placer;
      std::string own;
      auto choice =
          by_preemption ? placer.choose_on_by_preemption(slot) : placer.choose_on(slot, own);
      if (choice) {
        last_taken_ = i;
        return choice;
      }
      if (refusal.empty()) refusal = own;
    }
  }
  return std::nullopt;
}

void AlternativesPlacer::arrived(const Allocation& alloc) {
  for (const Alternative& one : alternatives_) one.placer->arrived(alloc);
}

void AlternativesPlacer::left(const Allocation& alloc) {
  for (const Alternative& one : alternatives_) one.placer->left(alloc);
}

bool AlternativesPlacer::may_stay_on(Slot slot) {
  return std::any_of(alternatives_.begin(), alternatives_.end(),
                     [&](const Alternative& one) { return one.placer->may_stay_on(slot); });
}

model::AllocMetric AlternativesPlacer::metrics(bool with_exhausted) {
  if (!with_exhausted) return alternatives_[last_taken_].placer->metrics(false);
  model::AllocMetric metric = alternatives_.front().placer->metrics(true);
  for (std::size_t i = 1; i < alternatives_.size(); ++i) {
    const Alternative& other = alternatives_[i];
    const model::AllocMetric own = other.placer->metrics(true);
    add_named(own.constraint_filtered(), other.name, *metric.mutable_constraint_filtered());
    add_named(own.dimension_exhausted(), other.name, *metric.mutable_dimension_exhausted());
  }
  return metric;
}

void AlternativesPlacer::count_exhausted(model::AllocMetric& metric, Slot slot,
                                         const std::string& dimension) const {
  alternatives_.front().placer->count_exhausted(metric, slot, dimension);
}

bool AlternativesPlacer::escapes_class() const {
  return std::any_of(alternatives_.begin(), alternatives_.end(),
                     [](const Alternative& one) { return one.placer->filter().escapes_class(); });
}

}  // namespace yurt::scheduler
