#include "scheduler/reconcile/surplus.h"

#include <algorithm>

#include "proto/state.pb.h"

namespace yurt::scheduler {

std::vector<AllocRef> choose_surplus(const SurplusInput& input) {
  const auto counted = std::count_if(input.untainted.begin(), input.untainted.end(),
                                     [&](const AllocRef& alloc) { return input.counts(*alloc); });
  auto surplus = counted + static_cast<std::ptrdiff_t>(input.migrate.size()) - input.wanted;
  std::vector<AllocRef> chosen;
  std::unordered_set<AllocId> known;
  const auto choose = [&](const std::vector<AllocRef>& from, auto condition) {
    std::vector<AllocRef> selected;
    std::copy_if(
        from.begin(), from.end(), std::back_inserter(selected),
        [&](const AllocRef& alloc) { return !known.contains(alloc->id) && condition(*alloc); });
    std::sort(selected.begin(), selected.end(), [](const AllocRef& a, const AllocRef& b) {
      return a->name_index != b->name_index ? a->name_index > b->name_index : b->id < a->id;
    });
    for (const AllocRef& alloc : selected) {
      if (surplus <= 0) return;
      known.insert(alloc->id);
      chosen.push_back(alloc);
      --surplus;
    }
  };

  choose(input.untainted, [&](const Allocation& alloc) {
    return input.counts(alloc) && alloc.client == ClientStatus::failed && !alloc.server_terminal();
  });
  std::unordered_set<std::uint32_t> canary_names;
  for (const AllocRef& alloc : input.untainted) {
    if (input.promoted_canaries.contains(alloc->id)) canary_names.insert(alloc->name_index);
  }
  choose(input.untainted, [&](const Allocation& alloc) {
    return !alloc.terminal() && !input.promoted_canaries.contains(alloc.id) &&
           canary_names.contains(alloc.name_index);
  });
  choose(input.migrate, [](const Allocation&) { return true; });
  choose(input.untainted,
         [&](const Allocation& alloc) { return input.counts(alloc) && !alloc.terminal(); });
  return chosen;
}

std::unordered_set<AllocId> promoted_canaries(const model::DeploymentState* state) {
  std::unordered_set<AllocId> canaries;
  if (state == nullptr || !state->promoted()) return canaries;
  for (const std::string& id : state->placed_canaries()) canaries.insert(AllocId::parse_or_nil(id));
  return canaries;
}

}  // namespace yurt::scheduler
