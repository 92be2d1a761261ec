// AlternativesPlacer: finds nodes for a group whose device blocks may have alternatives: the first
// alternative that some node can give is taken; evicting others comes after all of them.
//
// A GroupPlacer for each alternative, which is one for nearly all groups. One per job version and
// group and run; not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/place/group_placer.h"

namespace yurt::scheduler {

class AlternativesPlacer {
 public:
  // `context` must outlive the placer.
  AlternativesPlacer(PlacerContext& context, const JobRef& job, int group,
                     const MemoryGrants& memory = {});

  // As those of GroupPlacer.
  [[nodiscard]] std::optional<GroupPlacer::Choice> choose(const GroupPlacer::Wish& wish);
  [[nodiscard]] std::optional<GroupPlacer::Choice> choose_on(Slot slot, std::string& refusal);
  void arrived(const Allocation& alloc);
  void left(const Allocation& alloc);
  [[nodiscard]] bool may_stay_on(Slot slot);
  // Without `with_exhausted` of the alternative that was taken last. With it of the first, and what
  // kept nodes from the others as "alternative N (name): reason", N from 2.
  [[nodiscard]] model::AllocMetric metrics(bool with_exhausted);
  void count_exhausted(model::AllocMetric& metric, Slot slot, const std::string& dimension) const;

  // Nodes that some alternative may use, ascending.
  [[nodiscard]] const std::vector<Slot>& feasible() const { return feasible_; }
  // By computed class: whether some alternative may use its nodes.
  [[nodiscard]] const std::unordered_map<std::string, bool>& class_eligibility() const {
    return class_eligibility_;
  }
  [[nodiscard]] bool escapes_class() const;
  // As of GroupPlacer: the most that any alternative's nodes have.
  [[nodiscard]] std::int64_t largest_memory_mb() const;

 private:
  struct Alternative {
    std::string name;  // "alternative 2 (nvidia/gpu/A100)"
    std::unique_ptr<GroupPlacer> placer;
  };
  [[nodiscard]] static bool may_use(const Alternative& alternative, Slot slot);

  std::vector<Alternative> alternatives_;  // at least one
  std::size_t last_taken_ = 0;
  std::vector<Slot> feasible_;
  std::unordered_map<std::string, bool> class_eligibility_;
};

}  // namespace yurt::scheduler
