#include "scheduler/devices/fragmentation.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace yurt::scheduler {
namespace {

struct UsualSize {
  double amount;
  double weight;
};
// The weights of slices add up to a half, as does that of one whole device. Runs of whole devices
// count little: they decide between places that are equal otherwise. (Found on the trace of
// bench/packing, where larger weights leave more shared devices half used.)
constexpr std::array<UsualSize, 3> slices{{{0.125, 0.125}, {0.25, 0.25}, {0.5, 0.125}}};
constexpr std::array<UsualSize, 3> runs{{{2, 0.01}, {4, 0.01}, {8, 0.01}}};
constexpr double weight_of_one_whole = 0.5;

// What is left of a device that is shared: of memory and shares together, and of the scarcer one.
struct Left {
  double together, scarcer;
};

Left left_of(const DeviceRoom& room) {
  const double memory = room.capacity_mib > 0 ? static_cast<double>(room.memory_mib) /
                                                    static_cast<double>(room.capacity_mib)
                                              : 0;
  const double fraction = static_cast<double>(room.fraction) / whole_device_millionths;
  if (room.sharers >= room.most_sharers) return {(memory + fraction) / 2, 0};
  return {(memory + fraction) / 2, std::max(0.0, std::min(memory, fraction))};
}

}  // namespace

double fragmentation(std::span<const DeviceRoom> rooms) {
  double sum = 0;
  double free = 0;
  for (const DeviceRoom& room : rooms) {
    if (room.held_whole) continue;
    if (room.sharers == 0) {
      ++free;
      continue;
    }
    const Left left = left_of(room);
    sum += weight_of_one_whole * left.together;
    for (const UsualSize& slice : slices) {
      // A little is added for sizes like a third that do not add up to the last digit.
      const double usable = std::floor(left.scarcer / slice.amount + 1e-6) * slice.amount;
      sum += slice.weight * std::max(0.0, left.together - usable);
    }
  }
  for (const UsualSize& run : runs) {
    sum += run.weight * (free - std::floor(free / run.amount) * run.amount);
  }
  return sum;
}

double packing_score(double added_fragmentation) {
  constexpr double steepness = 8;
  return 1 / (1 + std::exp(steepness * added_fragmentation));
}

}  // namespace yurt::scheduler
