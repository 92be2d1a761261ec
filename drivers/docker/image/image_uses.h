// ImageUses: which images Yurt has pulled and when they were last used, kept in a file; the base of
// collecting them. Images that somebody else brought are not in it and are never removed.
// Thread-safe. Times are Unix nanoseconds.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace yurt::drivers::docker {

struct KnownImage {
  std::string name;  // "redis:7"
  std::int64_t last_used_ns = 0;
  std::int64_t size_bytes = 0;  // 0 = not known
};

// Which images are to go, the longest unused first: those unused for `delay_ns`, and more while the
// rest takes over `max_bytes` (0 = no limit). Those in `in_use` stay and do not count. Pure.
[[nodiscard]] std::vector<std::string> images_to_remove(std::vector<KnownImage> images,
                                                        const std::vector<std::string>& in_use,
                                                        std::int64_t now_ns, std::int64_t delay_ns,
                                                        std::int64_t max_bytes);

class ImageUses {
 public:
  // Reads what an earlier agent noted; a file that can't be read counts as empty.
  explicit ImageUses(std::string path);

  // Yurt has pulled it.
  void pulled(const std::string& name, std::int64_t size_bytes, std::int64_t now_ns);
  // Has an effect on images that Yurt pulled.
  void used(const std::string& name, std::int64_t now_ns);
  void forget(const std::string& name);
  [[nodiscard]] std::vector<KnownImage> all() const;

 private:
  void save() const;

  const std::string path_;
  mutable std::mutex mutex_;
  std::map<std::string, KnownImage> images_;
};

}  // namespace yurt::drivers::docker
