// Where snapshots lie while they are taken, sent and received, and how folders of files are handled
// durably. Thread-safe on distinct folders.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace yurt::raft {

// Inside Options::folder. Nothing in it outlives a start, but for a snapshot being restored.
[[nodiscard]] std::filesystem::path snapshots_folder(const std::filesystem::path& data_folder);
[[nodiscard]] std::filesystem::path log_folder(const std::filesystem::path& data_folder);

// The regular files beneath `folder`, as relative paths with '/', sorted. failed_precondition when
// there is anything else than files and folders.
[[nodiscard]] Result<std::vector<std::string>> files_beneath(const std::filesystem::path& folder);

// Whether `path`, as it came from a peer, names a place inside the folder it will be put under.
[[nodiscard]] bool stays_inside(const std::string& path);

// Makes the names of everything beneath `folder` durable (its files' content is synced already).
[[nodiscard]] Status sync_folders(const std::filesystem::path& folder);

// Removes the folder and all in it; what cannot be removed is only logged.
void remove_folder(const std::filesystem::path& folder);

}  // namespace yurt::raft
