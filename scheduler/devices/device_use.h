// DeviceUse: who holds one device instance. DeviceRoom: what of it is still to be had.
//
// A device is held whole by one task, or shared by any number that each have a slice; never both.
// Plain values; memory in MiB, fractions in millionths.
#pragma once

#include <cstdint>
#include <vector>

#include "proto/allocation.h"

namespace yurt::scheduler {

// Every holder is counted, since a leaving allocation and its successor may hold the same device
// for a while.
class DeviceUse {
 public:
  void add(const DeviceSize& size);
  // REQUIRES: add(size) came before
  void remove(const DeviceSize& size);

  [[nodiscard]] bool free() const { return wholes_ == 0 && sharers_ == 0; }
  [[nodiscard]] bool held_whole() const { return wholes_ > 0; }
  [[nodiscard]] std::int32_t sharers() const { return sharers_; }
  [[nodiscard]] std::int64_t memory_mib() const { return memory_mib_; }
  [[nodiscard]] std::int32_t fraction_millionths() const { return fraction_; }
  // The least `max` among the sharers; INT32_MAX when none set one.
  [[nodiscard]] std::int32_t most_sharers() const;
  bool operator==(const DeviceUse&) const = default;

 private:
  std::int32_t wholes_ = 0, sharers_ = 0;
  std::int64_t memory_mib_ = 0;
  std::int32_t fraction_ = 0;
  std::vector<std::int32_t> limits_;  // the sharers' `max`, where set, ascending
};

// Why a device does not take a task.
enum class DeviceLack : std::uint8_t { nothing, device, memory, fraction, sharers };
// As shown in DimensionExhausted: "devices", "gpu memory", "gpu fraction", "gpu sharers".
[[nodiscard]] const char* name_of(DeviceLack lack);

struct DeviceRoom {
  bool shareable = false;         // slices may be cut from it at all
  std::int64_t capacity_mib = 0;  // of the whole device
  bool held_whole = false;
  std::int32_t sharers = 0, most_sharers = INT32_MAX;
  std::int64_t memory_mib = 0;                      // free
  std::int32_t fraction = whole_device_millionths;  // free

  [[nodiscard]] bool free() const { return !held_whole && sharers == 0; }
  [[nodiscard]] DeviceLack lack(const DeviceSize& size) const;
  // Gives a task its part, whether there is room or not.
  void take(const DeviceSize& size);
  bool operator==(const DeviceRoom&) const = default;
};

// `shares`: the node lets tasks share its devices. `capacity_mib` 0: the device is only given
// whole.
[[nodiscard]] DeviceRoom room_of(const DeviceUse& use, std::int64_t capacity_mib, bool shares);

}  // namespace yurt::scheduler
