// Durations and times as text, in the forms Go's time package reads and writes, since Nomad's files
// and API use them. Durations are int64 nanoseconds everywhere in Yurt.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace yurt {

// Parses "1h30m", "-1.5s", "300ms", "0" and so on; units ns us µs ms s m h. Anything else, or a
// value beyond ±292 years, is an invalid_argument error.
[[nodiscard]] Result<std::int64_t> parse_duration(std::string_view text);

// "1h30m0s", "1.5s", "300ms", "0s": what Go's Duration.String prints.
[[nodiscard]] std::string format_duration(std::int64_t nanoseconds);

// RFC 3339 in UTC with nanoseconds, trailing zeros cut ("2026-11-22T15:46:00.25Z"). Zero, which
// means "never", is Go's zero time "0001-01-01T00:00:00Z".
[[nodiscard]] std::string format_time(std::int64_t unix_ns);

// The inverse of format_time; accepts any RFC 3339 offset.
[[nodiscard]] Result<std::int64_t> parse_time(std::string_view text);

}  // namespace yurt
