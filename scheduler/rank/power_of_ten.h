// 10^x for x in [0, 1], which packing scores are made of: a table and a short series instead of
// pow(), since every placement scores thousands of nodes. Relative error below 1e-10; the same on
// every machine.
#pragma once

#include <array>
#include <cmath>

namespace yurt::scheduler {

[[nodiscard]] inline double power_of_ten(double x) {
  constexpr int steps = 64;
  static const std::array<double, steps + 1> table = [] {
    std::array<double, steps + 1> values;
    for (int i = 0; i <= steps; ++i) {
      values[static_cast<std::size_t>(i)] = std::pow(10.0, static_cast<double>(i) / steps);
    }
    return values;
  }();
  if (!(x >= 0.0)) return 1.0;
  if (x >= 1.0) return 10.0;
  const int step = static_cast<int>(x * steps + 0.5);
  const double r = (x - static_cast<double>(step) / steps) * 2.302585092994046;  // × ln 10
  const double series = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6 + r * (1.0 / 24))));
  return table[static_cast<std::size_t>(step)] * series;
}

}  // namespace yurt::scheduler
