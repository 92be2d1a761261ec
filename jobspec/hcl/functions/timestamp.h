// Timestamp: an RFC 3339 time in its own offset, over the years 0000 to 9999. Inside this folder
// only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace yurt::hcl {

struct Timestamp {
  std::int64_t year = 1970;
  int month = 1, day = 1, hour = 0, minute = 0, second = 0;
  int nanosecond = 0;
  int offset_minutes = 0;
  bool is_utc = true;  // written "Z"

  // 0 for Sunday.
  [[nodiscard]] int weekday() const;
  // Later by that much; nullopt beyond the years that can be written.
  [[nodiscard]] std::optional<Timestamp> plus(std::int64_t nanoseconds) const;
  // "2026-11-22T15:04:05Z", without the fraction.
  [[nodiscard]] std::string to_string() const;

  [[nodiscard]] static std::optional<Timestamp> parse(std::string_view text);
};

// `number` with zeros before it up to `width`.
[[nodiscard]] std::string zero_padded(std::int64_t number, std::size_t width);

}  // namespace yurt::hcl
