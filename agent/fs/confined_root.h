// ConfinedRoot: file operations that can't leave one folder, whatever symbolic links tasks have
// put into it, also while they are putting them there.
//
// Paths are relative to the root; a leading '/' means the root itself. Resolution happens in the
// kernel (openat2, RESOLVE_BENEATH); where that is missing, component by component, and then
// symbolic links are refused altogether. Thread-safe; holds one descriptor.
// Errors: permission_denied for paths that lead out, not_found, io, invalid_argument.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace yurt::agent {

class ConfinedRoot {
 public:
  enum class Links {
    inside,  // links that stay inside are followed
    none     // any link on the way is refused
  };

  [[nodiscard]] static Result<ConfinedRoot> open(const std::filesystem::path& root);

  // openat(2) with O_CLOEXEC; never a controlling terminal.
  [[nodiscard]] Result<UniqueFd> open_file(std::string_view path, int flags, mode_t mode = 0,
                                           Links links = Links::inside) const;
  [[nodiscard]] Result<UniqueFd> open_folder(std::string_view path,
                                             Links links = Links::inside) const;
  // Makes the folder and its parents. Ok when it is there.
  [[nodiscard]] Status make_folders(std::string_view path, mode_t mode,
                                    Links links = Links::inside) const;
  // Replaces the file by one with this content, in one step; its folder must exist.
  // owner and group -1: the agent's own.
  [[nodiscard]] Status replace_file(std::string_view path, std::string_view content, mode_t mode,
                                    int owner = -1, int group = -1) const;

 private:
  ConfinedRoot(std::filesystem::path root, UniqueFd fd)
      : root_(std::move(root)), fd_(std::move(fd)) {}

  std::filesystem::path root_;
  UniqueFd fd_;
};

// `path` without empty, "." and ".." components and without a leading '/'; "" is the root.
// permission_denied when ".." leads out, invalid_argument for a NUL byte.
[[nodiscard]] Result<std::string> normalized_path(std::string_view path);

}  // namespace yurt::agent
