#include "drivers/docker/logs/log_position.h"

#include <fmt/format.h>

#include <charconv>

namespace yurt::drivers::docker {
namespace {

constexpr std::size_t time_width = 35;  // "2026-11-22T19:19:05.405652958+00:00"

}  // namespace

std::string LogPosition::encode() const {
  return fmt::format("{:<{}} {:020} {:020} {:020} {:020} {:020}\n", time.empty() ? "-" : time,
                     time_width, count, out.index, out.size_bytes, err.index, err.size_bytes);
}

std::optional<LogPosition> LogPosition::decode(std::string_view text) {
  LogPosition position;
  constexpr std::size_t number_width = 20;
  constexpr std::size_t whole = time_width + 5 * (number_width + 1) + 1;
  if (text.size() != whole || text.back() != '\n') return std::nullopt;
  position.time = text.substr(0, text.find(' '));
  if (position.time == "-") position.time.clear();
  text.remove_prefix(time_width);
  const auto take = [&text](auto& number) {
    const std::string_view digits = text.substr(1, number_width);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    text.remove_prefix(number_width + 1);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  if (!take(position.count) || !take(position.out.index) || !take(position.out.size_bytes) ||
      !take(position.err.index) || !take(position.err.size_bytes)) {
    return std::nullopt;
  }
  return position;
}

}  // namespace yurt::drivers::docker
