#include "scheduler/devices/device_use.h"

#include <algorithm>

#include "base/assert.h"

namespace yurt::scheduler {

void DeviceUse::add(const DeviceSize& size) {
  if (size.whole()) {
    ++wholes_;
    return;
  }
  ++sharers_;
  memory_mib_ += size.memory_mib;
  fraction_ += size.fraction_millionths;
  if (size.max_sharers > 0) {
    limits_.insert(std::upper_bound(limits_.begin(), limits_.end(), size.max_sharers),
                   size.max_sharers);
  }
}

void DeviceUse::remove(const DeviceSize& size) {
  if (size.whole()) {
    YURT_ASSERT(wholes_ > 0);
    --wholes_;
    return;
  }
  YURT_ASSERT(sharers_ > 0);
  --sharers_;
  memory_mib_ -= size.memory_mib;
  fraction_ -= size.fraction_millionths;
  if (size.max_sharers > 0) {
    const auto at = std::lower_bound(limits_.begin(), limits_.end(), size.max_sharers);
    YURT_ASSERT(at != limits_.end() && *at == size.max_sharers);
    limits_.erase(at);
  }
}

std::int32_t DeviceUse::most_sharers() const {
  return limits_.empty() ? INT32_MAX : limits_.front();
}

const char* name_of(DeviceLack lack) {
  switch (lack) {
    case DeviceLack::nothing: return "";
    case DeviceLack::device: return "devices";
    case DeviceLack::memory: return "gpu memory";
    case DeviceLack::fraction: return "gpu fraction";
    case DeviceLack::sharers: return "gpu sharers";
  }
  return "";
}

DeviceLack DeviceRoom::lack(const DeviceSize& size) const {
  if (size.whole()) return free() ? DeviceLack::nothing : DeviceLack::device;
  if (!shareable || held_whole) return DeviceLack::device;
  if (size.memory_mib > memory_mib) return DeviceLack::memory;
  if (size.fraction_millionths > fraction) return DeviceLack::fraction;
  const std::int32_t limit =
      size.max_sharers > 0 ? std::min(most_sharers, size.max_sharers) : most_sharers;
  return sharers < limit ? DeviceLack::nothing : DeviceLack::sharers;
}

void DeviceRoom::take(const DeviceSize& size) {
  if (size.whole()) {
    held_whole = true;
    return;
  }
  ++sharers;
  memory_mib -= size.memory_mib;
  fraction -= size.fraction_millionths;
  if (size.max_sharers > 0) most_sharers = std::min(most_sharers, size.max_sharers);
}

DeviceRoom room_of(const DeviceUse& use, std::int64_t capacity_mib, bool shares) {
  DeviceRoom room;
  room.shareable = shares && capacity_mib > 0;
  room.capacity_mib = capacity_mib;
  room.held_whole = use.held_whole();
  room.sharers = use.sharers();
  room.most_sharers = use.most_sharers();
  room.memory_mib = capacity_mib - use.memory_mib();
  room.fraction = whole_device_millionths - use.fraction_millionths();
  return room;
}

}  // namespace yurt::scheduler
