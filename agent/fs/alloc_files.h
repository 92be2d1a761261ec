// AllocFiles: looking into an allocation's folder from outside: list, stat, read. Never leaves the
// folder, whatever links tasks have made; what lies in a task's secrets or private folder is not
// shown. Thread-safe on one object; holds the folder open.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/fs/confined_root.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "proto/api.pb.h"

namespace yurt::agent {

class AllocFiles {
 public:
  // `root`: <data_dir>/alloc/<id>. not_found when it has been removed.
  [[nodiscard]] static Result<AllocFiles> open(const std::filesystem::path& root);

  // Entries in the order of their names. `path` may name one file.
  [[nodiscard]] Result<std::vector<model::FileInfo>> list(std::string_view path) const;
  [[nodiscard]] Result<model::FileInfo> stat(std::string_view path) const;
  // A regular file for reading. invalid_argument for anything else.
  [[nodiscard]] Result<UniqueFd> open_file(std::string_view path) const;

 private:
  AllocFiles(ConfinedRoot root, std::string real_root)
      : root_(std::move(root)), real_root_(std::move(real_root)) {}

  [[nodiscard]] Result<UniqueFd> open_checked(std::string_view path, int flags) const;

  ConfinedRoot root_;
  std::string real_root_;
};

// As Go's FileMode prints: "-rw-r--r--", "drwxr-xr-x", "Lrwxrwxrwx".
[[nodiscard]] std::string go_file_mode(unsigned mode);

// What a file's first bytes look like: a MIME type.
[[nodiscard]] std::string sniff_content_type(std::string_view first_bytes);

}  // namespace yurt::agent
