// The calls about the driver as a whole.
#include "tests/nvml/scene.h"

using yurt::nvml::copy_text;
using yurt::nvml::Device;
using yurt::nvml::find;
using yurt::nvml::handle_of;
using yurt::nvml::read_scene;
using yurt::nvml::SceneJson;

YURT_NVML nvmlInit_v2() {
  const SceneJson scene = read_scene();
  return scene.is_object() ? scene.value("init_error", yurt::nvml::success)
                           : yurt::nvml::error_driver_not_loaded;
}

YURT_NVML nvmlShutdown() { return yurt::nvml::success; }

YURT_NVML nvmlSystemGetDriverVersion(char* out, unsigned size) {
  const SceneJson scene = read_scene();
  if (!scene.is_object()) return yurt::nvml::error_uninitialized;
  return copy_text(scene.value("driver_version", "550.54.15"), out, size);
}

YURT_NVML nvmlSystemGetCudaDriverVersion_v2(int* out) {
  const SceneJson scene = read_scene();
  if (!scene.is_object()) return yurt::nvml::error_uninitialized;
  *out = scene.value("cuda_version", 12040);
  return yurt::nvml::success;
}

YURT_NVML nvmlDeviceGetCount_v2(unsigned* out) {
  const SceneJson scene = read_scene();
  if (!scene.is_object()) return yurt::nvml::error_uninitialized;
  *out = static_cast<unsigned>(scene.value("gpus", SceneJson::array()).size());
  return yurt::nvml::success;
}

YURT_NVML nvmlDeviceGetHandleByIndex_v2(unsigned index, Device* out) {
  const SceneJson scene = read_scene();
  if (!scene.is_object()) return yurt::nvml::error_uninitialized;
  const SceneJson cards = scene.value("gpus", SceneJson::array());
  if (index >= cards.size()) return yurt::nvml::error_invalid_argument;
  *out = handle_of(cards[index].value("uuid", ""));
  return find(*out) ? yurt::nvml::success : yurt::nvml::error_gpu_is_lost;
}
