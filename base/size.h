// Amounts of bytes as people write them: "18GiB", "500MiB", "24GB", "1.5 TiB". Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace yurt {

inline constexpr std::int64_t bytes_per_mib = 1024 * 1024;

// Bytes. Units: B, kB MB GB TB (powers of 1000), KiB MiB GiB TiB (powers of 1024); the unit is
// required, a fraction and one space before the unit are allowed. Anything else, a negative amount
// or one beyond 2^62 bytes is an invalid_argument error that says what was expected.
[[nodiscard]] Result<std::int64_t> parse_size(std::string_view text);

// The same in MiB, rounded up: what is promised is never less than what was asked for.
[[nodiscard]] Result<std::int64_t> parse_size_mib(std::string_view text);

}  // namespace yurt
