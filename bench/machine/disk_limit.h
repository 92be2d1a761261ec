// What the machine's disk can do at best, measured beside the figures that depend on it.
#pragma once

#include <cstddef>
#include <filesystem>

namespace yurt::bench {

// How often a second `bytes` can be appended to a file in `folder` and made durable (fdatasync),
// one after the other, for `seconds`.
[[nodiscard]] double syncs_per_second(const std::filesystem::path& folder, std::size_t bytes,
                                      double seconds);

}  // namespace yurt::bench
