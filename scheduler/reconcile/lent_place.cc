#include "scheduler/reconcile/lent_place.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "scheduler/reconcile/serving.h"

namespace yurt::scheduler {

AllocRef owner_of_place(const Allocation& canary, const FindAlloc& find) {
  if (!canary.more().canary) return nullptr;
  AllocRef at = find(canary.more().previous);
  while (at && at->more().canary) at = find(at->more().previous);
  return at && at->server_terminal() ? at : nullptr;
}

std::vector<LentPlace> lent_places(const std::vector<AllocRef>& allocs) {
  std::unordered_map<AllocId, AllocRef> by_id;
  for (const AllocRef& alloc : allocs) {
    if (alloc->more().canary || !alloc->more().next.is_nil()) by_id.emplace(alloc->id, alloc);
  }
  const auto find = [&](const AllocId& id) {
    const auto found = by_id.find(id);
    return found == by_id.end() ? nullptr : found->second;
  };
  std::vector<LentPlace> places;
  for (const AllocRef& alloc : allocs) {
    // Followed by another canary it holds nothing any more; by an instance, the place is back.
    if (!alloc->more().canary || !alloc->more().next.is_nil()) continue;
    if (AllocRef owner = owner_of_place(*alloc, find)) places.push_back({std::move(owner), alloc});
  }
  std::sort(places.begin(), places.end(), [](const LentPlace& a, const LentPlace& b) {
    return a.owner->name_index != b.owner->name_index ? a.owner->name_index < b.owner->name_index
                                                      : a.holder->id < b.holder->id;
  });
  return places;
}

LentPlaces survey_places(const std::vector<AllocRef>& allocs,
                         std::initializer_list<const std::vector<AllocRef>*> standing,
                         const std::function<bool(const Allocation&)>& counts, int count) {
  std::vector<LentPlace> lent = lent_places(allocs);
  LentPlaces places;
  if (lent.empty()) return places;
  std::unordered_set<AllocId> there;
  std::unordered_set<std::uint32_t> names;
  int instances = 0;
  for (const auto* set : standing) {
    for (const AllocRef& alloc : *set) {
      there.insert(alloc->id);
      if (!counts(*alloc)) continue;
      names.insert(alloc->name_index);
      ++instances;
    }
  }
  std::erase_if(lent, [&](const LentPlace& place) {
    if (!there.contains(place.holder->id)) return false;
    if (counts(*place.holder)) return true;  // an instance like others meanwhile
    ++instances;
    if (serves(*place.holder)) ++places.serving_holders;
    return true;
  });
  for (LentPlace& place : lent) {
    const bool free = names.insert(place.owner->name_index).second;
    if (free && instances++ < count) places.open.push_back(std::move(place));
  }
  return places;
}

}  // namespace yurt::scheduler
