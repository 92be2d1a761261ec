// "Did you mean": the known name that a misspelt one is closest to. Pure; thread-safe.
#pragma once

#include <span>
#include <string_view>

namespace yurt::drivers {

// The nearest of `known` by edit distance (Damerau–Levenshtein, adjacent swaps counting one); empty
// when none is near enough (a third of the name's letters, at least two) to be what was meant.
[[nodiscard]] std::string_view nearest_name(std::string_view name,
                                            std::span<const std::string_view> known);

}  // namespace yurt::drivers
