#include "scheduler/feasible/quantity.h"

#include <array>
#include <charconv>
#include <string_view>

namespace yurt::scheduler {
namespace {

enum class Measure { bytes, bytes_per_second, hertz, watts };

struct Unit {
  std::string_view name;
  Measure measure;
  double factor;
};

constexpr std::array<Unit, 22> known_units{
    {{"B", Measure::bytes, 1},        {"kB", Measure::bytes, 1e3},
     {"MB", Measure::bytes, 1e6},     {"GB", Measure::bytes, 1e9},
     {"TB", Measure::bytes, 1e12},    {"PB", Measure::bytes, 1e15},
     {"EB", Measure::bytes, 1e18},    {"KiB", Measure::bytes, 0x1p10},
     {"MiB", Measure::bytes, 0x1p20}, {"GiB", Measure::bytes, 0x1p30},
     {"TiB", Measure::bytes, 0x1p40}, {"PiB", Measure::bytes, 0x1p50},
     {"EiB", Measure::bytes, 0x1p60}, {"Hz", Measure::hertz, 1},
     {"kHz", Measure::hertz, 1e3},    {"MHz", Measure::hertz, 1e6},
     {"GHz", Measure::hertz, 1e9},    {"mW", Measure::watts, 1e-3},
     {"W", Measure::watts, 1},        {"kW", Measure::watts, 1e3},
     {"MW", Measure::watts, 1e6},     {"GW", Measure::watts, 1e9}}};

struct Quantity {
  double number = 0;
  std::optional<Unit> unit;
};

std::optional<Quantity> parse_quantity(std::string_view text) {
  Quantity quantity;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, quantity.number);
  if (error != std::errc()) return std::nullopt;
  std::string_view name(stop, static_cast<std::size_t>(end - stop));
  while (name.starts_with(' ')) name.remove_prefix(1);
  if (name.empty()) return quantity;
  const bool per_second = name.ends_with("/s");
  if (per_second) name.remove_suffix(2);
  for (Unit unit : known_units) {
    if (unit.name != name || (per_second && unit.measure != Measure::bytes)) continue;
    if (per_second) unit.measure = Measure::bytes_per_second;
    quantity.unit = unit;
    return quantity;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::partial_ordering> compare_quantities(const std::string& left,
                                                        const std::string& right) {
  auto a = parse_quantity(left), b = parse_quantity(right);
  if (!a || !b || (!a->unit && !b->unit)) return std::nullopt;
  if (!a->unit) a->unit = b->unit;
  if (!b->unit) b->unit = a->unit;
  if (a->unit->measure != b->unit->measure) return std::partial_ordering::unordered;
  return a->number * a->unit->factor <=> b->number * b->unit->factor;
}

}  // namespace yurt::scheduler
