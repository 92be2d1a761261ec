#include "base/size.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace yurt {
namespace {

struct SizeUnit {
  std::string_view name;
  double bytes;
};

constexpr std::array<SizeUnit, 9> size_units{{{"B", 1},
                                              {"kB", 1e3},
                                              {"MB", 1e6},
                                              {"GB", 1e9},
                                              {"TB", 1e12},
                                              {"KiB", 1024.0},
                                              {"MiB", 1048576.0},
                                              {"GiB", 1073741824.0},
                                              {"TiB", 1099511627776.0}}};

Error unreadable(std::string_view text, const std::string& why) {
  return {ErrorCode::invalid_argument, "\"" + std::string(text) + "\" is no amount of memory: " +
                                           why + "; expected for instance \"18GiB\" or \"500MiB\""};
}

}  // namespace

Result<std::int64_t> parse_size(std::string_view text) {
  constexpr double most = 4611686018427387904.0;  // 2^62
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc()) return unreadable(text, "it does not start with a number");
  if (!std::isfinite(number) || number < 0) return unreadable(text, "it is negative");
  std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  if (unit.empty()) return unreadable(text, "the unit is missing");
  for (const SizeUnit& known : size_units) {
    if (known.name != unit) continue;
    const double bytes = std::round(number * known.bytes);
    if (bytes > most) return unreadable(text, "it is more than any device has");
    return static_cast<std::int64_t>(bytes);
  }
  return unreadable(text, "there is no unit \"" + std::string(unit) +
                              "\" (units: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB)");
}

Result<std::int64_t> parse_size_mib(std::string_view text) {
  const auto bytes = parse_size(text);
  if (!bytes.ok()) return bytes.error();
  return (*bytes + bytes_per_mib - 1) / bytes_per_mib;
}

}  // namespace yurt
