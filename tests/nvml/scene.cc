#include "tests/nvml/scene.h"

#include <sys/stat.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>

namespace yurt::nvml {
namespace {

struct Cache {
  std::mutex mutex;
  std::string path;
  struct stat seen {};
  SceneJson scene;
  std::map<std::string, std::unique_ptr<DeviceHandle>> handles;
};

Cache& cache() {
  static Cache the_cache;
  return the_cache;
}

bool unchanged(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

SceneJson read_scene() {
  const char* path = std::getenv("YURT_NVML_STANDIN");
  if (path == nullptr) return nullptr;
  Cache& known = cache();
  const std::lock_guard lock(known.mutex);
  struct stat now {};
  if (::stat(path, &now) != 0) return nullptr;
  if (known.path == path && unchanged(now, known.seen)) return known.scene;
  std::ifstream file(path);
  SceneJson scene = SceneJson::parse(file, nullptr, false);
  if (scene.is_discarded()) return known.scene;  // somebody writes it: the next call sees it whole
  known.path = path;
  known.seen = now;
  known.scene = std::move(scene);
  return known.scene;
}

Device handle_of(const std::string& uuid) {
  Cache& known = cache();
  const std::lock_guard lock(known.mutex);
  auto& handle = known.handles[uuid];
  if (!handle) handle = std::make_unique<DeviceHandle>(DeviceHandle{uuid});
  return handle.get();
}

std::optional<Found> find(Device device) {
  if (device == nullptr) return std::nullopt;
  const SceneJson scene = read_scene();
  if (!scene.is_object()) return std::nullopt;
  for (const SceneJson& card : scene.value("gpus", SceneJson::array())) {
    if (card.value("lost", false)) continue;
    if (card.value("uuid", "") == device->uuid) return Found{card, card};
    for (const SceneJson& instance : card.value("mig", SceneJson::array())) {
      if (instance.value("uuid", "") == device->uuid) return Found{instance, card};
    }
  }
  return std::nullopt;
}

Return copy_text(const std::string& text, char* out, unsigned size) {
  if (out == nullptr) return error_invalid_argument;
  if (text.size() + 1 > size) return error_insufficient_size;
  std::memcpy(out, text.c_str(), text.size() + 1);
  return success;
}

}  // namespace yurt::nvml
