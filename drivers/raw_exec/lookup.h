// From what a job file says to what the kernel takes: the program's path, the user's numbers.
// Thread-safe; they look at the machine's files.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "drivers/shim/launch_spec.h"

namespace yurt::drivers {

// Where the command is, in Nomad's order: an absolute path as it is; else below the task's `local`
// folder, else below the task's folder, else (a bare name) in the PATH of the task's environment.
// not_found with the places looked at; permission_denied when it is there but no program.
[[nodiscard]] Result<std::string> find_command(
    const std::string& command, const std::string& task_folder,
    const std::vector<std::pair<std::string, std::string>>& env);

// The numbers of a user given by name or number, with all his groups. nullopt when `user` is empty
// or is who the agent runs as already. not_found for an unknown name.
[[nodiscard]] Result<std::optional<UserIds>> find_user(const std::string& user);

// Ranges of ids as Nomad writes them: "0,10-20,1000". invalid_argument for anything else.
using IdRanges = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
[[nodiscard]] Result<IdRanges> parse_id_ranges(const std::string& text);
[[nodiscard]] bool contains(const IdRanges& ranges, std::uint32_t id);

}  // namespace yurt::drivers
