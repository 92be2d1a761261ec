// ScratchFolder: a new folder that goes, with all in it, when the object does.
#pragma once

#include <filesystem>
#include <string>

namespace yurt::bench {

class ScratchFolder {
 public:
  // In `parent`; its name begins with `name`.
  ScratchFolder(const std::string& parent, const std::string& name);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace yurt::bench
