// Places that old instances gave to canaries (update.canary_placement = "replace").
//
// A canary that found no room beside the old version stands in the place of one old instance, its
// owner: the canary's `previous` is that instance. Canaries that follow it, each the `previous` of
// the next, hold the same place. The place goes back to the owner's version when the last of them
// is over and the deployment has failed. Pure.
#pragma once

#include <functional>
#include <vector>

#include "proto/allocation.h"

namespace yurt::scheduler {

struct LentPlace {
  AllocRef owner;   // the old instance, stopped
  AllocRef holder;  // the newest canary in its place; terminal or not
};

using FindAlloc = std::function<AllocRef(const AllocId&)>;

// Whose place the canary holds; null when it stands beside the others, or is no canary.
[[nodiscard]] AllocRef owner_of_place(const Allocation& canary, const FindAlloc& find);

// The places lent in a group, by name. `allocs`: all of the group.
[[nodiscard]] std::vector<LentPlace> lent_places(const std::vector<AllocRef>& allocs);

struct LentPlaces {
  std::vector<LentPlace> open;         // whose canary is over: nobody holds them
  std::ptrdiff_t serving_holders = 0;  // canaries in such places that serve
};

// `standing`: the sets of allocations that keep their slots; `counts` tells which of them are part
// of the group's `count`. No more places are open than the count leaves room for.
[[nodiscard]] LentPlaces survey_places(const std::vector<AllocRef>& allocs,
                                       std::initializer_list<const std::vector<AllocRef>*> standing,
                                       const std::function<bool(const Allocation&)>& counts,
                                       int count);

}  // namespace yurt::scheduler
