// A folder of job files: jobs that wait for one another, registered as one unit.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/job_file.h"

namespace yurt::cli {

struct FolderFile {
  std::string path;
  JobFile file;
};

[[nodiscard]] bool is_folder(const std::string& path);

// Every *.hcl, *.nomad and *.json in the folder `options.path`, in the order of their names;
// folders in it are left alone. A variable goes to the files that declare it; one that none
// declares is refused where `options.strict`. Prints what is wrong in any of them and returns
// nullopt.
[[nodiscard]] std::optional<std::vector<FolderFile>> load_job_folder(Session& session,
                                                                     const JobFileOptions& options);

}  // namespace yurt::cli
