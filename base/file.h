// Whole-file operations with the durability they promise. All are thread-safe on distinct paths.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace yurt {

// The file's whole content. not_found when it does not exist.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path);

// Replaces `path` as one step: after a crash the file holds the old content or the new, never a
// mixture, and once this returns ok the new content is on the disk (file and folder synced).
[[nodiscard]] Status write_file_atomically(const std::filesystem::path& path,
                                           std::string_view content, unsigned mode = 0644);

// Makes the folder's entries durable: files made, renamed or removed in it.
[[nodiscard]] Status sync_folder(const std::filesystem::path& folder);

// Creates the folder and its parents with `mode`; ok when it is there already.
[[nodiscard]] Status make_folders(const std::filesystem::path& path, unsigned mode = 0755);

}  // namespace yurt
