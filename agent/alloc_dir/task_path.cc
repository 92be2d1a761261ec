#include "agent/alloc_dir/task_path.h"

#include "agent/fs/confined_root.h"

namespace yurt::agent {

Result<std::string> path_in_alloc(const std::filesystem::path& root, const std::string& task,
                                  const std::string& path) {
  const std::string prefix = root.string() + "/";
  std::string inside;
  if (path.rfind(prefix, 0) == 0) {
    inside = path.substr(prefix.size());
  } else if (const auto folder = path.substr(0, path.find('/', 1));
             folder == "/local" || folder == "/secrets" || folder == "/alloc") {
    inside = (folder == "/alloc" ? "" : task + "/") + path.substr(1);
  } else if (path.empty() || path[0] != '/') {
    inside = task + "/" + path;
  } else {
    inside = "..";
  }
  const auto normalized = normalized_path(inside);
  const auto below = [&](const std::string& folder) {
    return normalized.ok() && (*normalized == folder || normalized->rfind(folder + "/", 0) == 0);
  };
  if ((below(task) || below("alloc")) && !below(task + "/private")) return *normalized;
  return Error{ErrorCode::invalid_argument,
               "the path \"" + path + "\" leads out of the task's folder"};
}

}  // namespace yurt::agent
