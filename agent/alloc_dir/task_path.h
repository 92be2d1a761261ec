// Paths that job files name, as paths below the allocation's folder.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace yurt::agent {

// Relative paths begin at the task's folder; absolute ones (from ${NOMAD_TASK_DIR} and the like)
// must lie below `root`, or below /alloc, /local or /secrets: so containers see those folders. The
// result lies in the task's folder or the shared one; anything else, the task's private folder
// included, is invalid_argument.
[[nodiscard]] Result<std::string> path_in_alloc(const std::filesystem::path& root,
                                                const std::string& task, const std::string& path);

}  // namespace yurt::agent
