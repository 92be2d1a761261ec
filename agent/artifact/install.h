// Moving what was fetched to where the task wants it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "agent/alloc_dir/alloc_dir.h"
#include "agent/fs/confined_root.h"
#include "base/result.h"

namespace yurt::agent {

// Moves the entries of the folder `from` into the folder `to` below `root`; folders that are there
// already are merged, files replaced. No link below `root` is followed out of it.
// `owner`: everything that was moved is given to them.
[[nodiscard]] Status install_folder(const std::filesystem::path& from, const ConfinedRoot& root,
                                    const std::string& to, const std::optional<UserIds>& owner);

// Moves one file to `to` (its path, name included) below `root`.
[[nodiscard]] Status install_file(const std::filesystem::path& from, const ConfinedRoot& root,
                                  const std::string& to, const std::optional<UserIds>& owner);

}  // namespace yurt::agent
