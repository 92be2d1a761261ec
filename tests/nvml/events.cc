// Xid events: each number that is added to a card's `xids` after it was registered is one.
#include <map>
#include <mutex>

#include "tests/nvml/scene.h"

namespace yurt::nvml {

struct EventSetHandle {
  std::mutex mutex;
  std::map<Device, std::size_t> told;  // how many of the card's list
};

}  // namespace yurt::nvml

namespace {

namespace nvml = yurt::nvml;

// Also of a lost card: falling off the bus is told by an event.
nvml::SceneJson xids_of(nvml::Device device) {
  const nvml::SceneJson scene = nvml::read_scene();
  if (scene.is_object()) {
    for (const auto& card : scene.value("gpus", nvml::SceneJson::array())) {
      if (card.value("uuid", "") == device->uuid) {
        return card.value("xids", nvml::SceneJson::array());
      }
    }
  }
  return nvml::SceneJson::array();
}

}  // namespace

YURT_NVML nvmlEventSetCreate(nvml::EventSet* out) {
  *out = new nvml::EventSetHandle;
  return nvml::success;
}

YURT_NVML nvmlEventSetFree(nvml::EventSet set) {
  delete set;
  return nvml::success;
}

YURT_NVML nvmlDeviceRegisterEvents(nvml::Device device, unsigned long long types,
                                   nvml::EventSet set) {
  if (set == nullptr || device == nullptr) return nvml::error_invalid_argument;
  if (types != nvml::event_xid_critical_error) return nvml::error_not_supported;
  const std::lock_guard lock(set->mutex);
  set->told[device] = xids_of(device).size();
  return nvml::success;
}

YURT_NVML nvmlEventSetWait_v2(nvml::EventSet set, nvml::EventData* out, unsigned) {
  const std::lock_guard lock(set->mutex);
  for (auto& [device, told] : set->told) {
    const auto xids = xids_of(device);
    if (told > xids.size()) told = xids.size();
    if (told == xids.size()) continue;
    *out = {device, nvml::event_xid_critical_error, xids[told++].get<unsigned long long>(), ~0U,
            ~0U};
    return nvml::success;
  }
  return nvml::error_timeout;
}
