// Quantities: numbers with a unit, as devices report them ("81559 MiB", "1980 MHz", "300 W") and
// constraints on them ask for ("40 GiB"). Pure.
#pragma once

#include <compare>
#include <optional>
#include <string>

namespace yurt::scheduler {

// How the first compares with the second, units taken into account; a bare number is in the
// other's unit; what measures different things is unordered. nullopt: one of them is no quantity,
// or neither has a unit. Units: B kB MB GB TB PB EB KiB MiB GiB TiB PiB EiB, the same per second
// (GB/s), Hz kHz MHz GHz, mW W kW MW GW.
[[nodiscard]] std::optional<std::partial_ordering> compare_quantities(const std::string& left,
                                                                      const std::string& right);

}  // namespace yurt::scheduler
