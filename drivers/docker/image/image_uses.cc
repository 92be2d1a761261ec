#include "drivers/docker/image/image_uses.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/log.h"

namespace yurt::drivers::docker {

std::vector<std::string> images_to_remove(std::vector<KnownImage> images,
                                          const std::vector<std::string>& in_use,
                                          std::int64_t now_ns, std::int64_t delay_ns,
                                          std::int64_t max_bytes) {
  std::erase_if(images, [&in_use](const KnownImage& image) {
    return std::find(in_use.begin(), in_use.end(), image.name) != in_use.end();
  });
  std::sort(images.begin(), images.end(), [](const KnownImage& a, const KnownImage& b) {
    return std::pair(a.last_used_ns, a.name) < std::pair(b.last_used_ns, b.name);
  });
  std::int64_t total_bytes = 0;
  for (const KnownImage& image : images) total_bytes += image.size_bytes;
  std::vector<std::string> names;
  for (const KnownImage& image : images) {
    const bool old = now_ns - image.last_used_ns >= delay_ns;
    const bool too_much = max_bytes > 0 && total_bytes > max_bytes;
    if (!old && !too_much) break;
    total_bytes -= image.size_bytes;
    names.push_back(image.name);
  }
  return names;
}

ImageUses::ImageUses(std::string path) : path_(std::move(path)) {
  const auto json = nlohmann::json::parse(read_file(path_).value_or("{}"), nullptr, false);
  if (!json.is_object()) return;
  for (const auto& [name, entry] : json.items()) {
    if (!entry.is_object()) continue;
    images_[name] = {name, entry.value("last_used_ns", std::int64_t{0}),
                     entry.value("size_bytes", std::int64_t{0})};
  }
}

void ImageUses::pulled(const std::string& name, std::int64_t size_bytes, std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  images_[name] = {name, now_ns, size_bytes};
  save();
}

void ImageUses::used(const std::string& name, std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  const auto found = images_.find(name);
  if (found == images_.end()) return;
  found->second.last_used_ns = now_ns;
  save();
}

void ImageUses::forget(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (images_.erase(name) > 0) save();
}

std::vector<KnownImage> ImageUses::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<KnownImage> all;
  for (const auto& [name, image] : images_) all.push_back(image);
  return all;
}

void ImageUses::save() const {
  auto json = nlohmann::json::object();
  for (const auto& [name, image] : images_) {
    json[name] = {{"last_used_ns", image.last_used_ns}, {"size_bytes", image.size_bytes}};
  }
  if (const Status saved = write_file_atomically(path_, json.dump(), 0600); !saved.ok()) {
    YURT_LOG(warn, "docker", "images pulled here may be kept for ever: {}", saved.error().message);
  }
}

}  // namespace yurt::drivers::docker
