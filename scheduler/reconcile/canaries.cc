#include "scheduler/reconcile/canaries.h"

#include <algorithm>
#include <unordered_set>

#include "scheduler/reconcile/serving.h"

namespace yurt::scheduler {
namespace {

// How many serving instances may give way now.
std::ptrdiff_t places_to_give(const CanaryInput& input, const LentPlaces& places) {
  const auto serving = std::count_if(
      input.untainted.begin(), input.untainted.end(),
      [&](const AllocRef& alloc) { return !input.is_canary(*alloc) && serves(*alloc); });
  return serving + places.serving_holders - (input.count - input.strategy.max_parallel());
}

}  // namespace

std::vector<PlaceRequest> canary_requests(const CanaryInput& input, LentPlaces& places,
                                          NameIndex& names) {
  std::unordered_set<std::uint32_t> taken;
  for (const AllocRef& alloc : input.untainted) {
    if (input.is_canary(*alloc)) taken.insert(alloc->name_index);
  }
  const bool replace = input.strategy.canary_placement() == "replace";
  std::ptrdiff_t to_give = places_to_give(input, places);
  auto old = input.destructive.begin();
  auto open = places.open.begin();
  std::vector<PlaceRequest> requests;
  for (auto left = input.missing; left > 0; --left) {
    while (old != input.destructive.end() && taken.contains((*old)->name_index)) ++old;
    PlaceRequest request;
    request.job = input.job;
    request.canary = true;
    if (open != places.open.end()) {
      request.previous = open->holder;
      request.name_index = open->owner->name_index;
      ++open;
    } else if (old != input.destructive.end()) {
      request.name_index = (*old)->name_index;
      if (replace && (!serves(**old) || to_give-- > 0)) request.gives_way = *old;
    } else {
      request.name_index = names.take();
    }
    taken.insert(request.name_index);
    requests.push_back(std::move(request));
  }
  places.open.erase(places.open.begin(), open);
  return requests;
}

std::unordered_set<AllocId> spared_canaries(const std::vector<AllocRef>& allocs,
                                            const std::function<bool(const Allocation&)>& obsolete,
                                            int least) {
  std::unordered_set<AllocId> spared;
  std::ptrdiff_t others = 0;
  for (const AllocRef& alloc : allocs) {
    if (!alloc->terminal() && serves(*alloc) && !obsolete(*alloc)) ++others;
  }
  for (const LentPlace& place : lent_places(allocs)) {
    if (others + static_cast<std::ptrdiff_t>(spared.size()) >= least) break;
    const Allocation& holder = *place.holder;
    if (obsolete(holder) && !holder.terminal() && serves(holder)) spared.insert(holder.id);
  }
  return spared;
}

}  // namespace yurt::scheduler
