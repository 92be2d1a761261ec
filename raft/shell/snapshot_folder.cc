#include "raft/shell/snapshot_folder.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "base/unique_fd.h"

namespace yurt::raft {
namespace {

Status sync_one(const std::filesystem::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) {
    return system_error("cannot sync folder " + folder.string(), errno);
  }
  return {};
}

}  // namespace

std::filesystem::path snapshots_folder(const std::filesystem::path& data_folder) {
  return data_folder / "snapshots";
}

std::filesystem::path log_folder(const std::filesystem::path& data_folder) {
  return data_folder / "log";
}

Result<std::vector<std::string>> files_beneath(const std::filesystem::path& folder) {
  std::vector<std::string> files;
  std::error_code failure;
  std::filesystem::recursive_directory_iterator at(folder, failure);
  for (; !failure && at != std::filesystem::recursive_directory_iterator(); at.increment(failure)) {
    const std::filesystem::file_status status = at->symlink_status(failure);
    if (failure) break;
    if (std::filesystem::is_regular_file(status)) {
      files.push_back(at->path().lexically_relative(folder).generic_string());
    } else if (!std::filesystem::is_directory(status)) {
      return Error{ErrorCode::failed_precondition,
                   at->path().string() + " is neither a file nor a folder"};
    }
  }
  if (failure) return system_error("cannot list " + folder.string(), failure.value());
  std::sort(files.begin(), files.end());
  return files;
}

bool stays_inside(const std::string& path) {
  const std::filesystem::path parsed(path);
  if (path.empty() || parsed.is_absolute() || path.find('\0') != std::string::npos) return false;
  return std::all_of(parsed.begin(), parsed.end(), [](const std::filesystem::path& part) {
    return !part.empty() && part != "." && part != "..";
  });
}

Status sync_folders(const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::recursive_directory_iterator at(folder, failure);
  for (; !failure && at != std::filesystem::recursive_directory_iterator(); at.increment(failure)) {
    if (at->is_directory(failure)) YURT_TRY(sync_one(at->path()));
  }
  if (failure) return system_error("cannot list " + folder.string(), failure.value());
  YURT_TRY(sync_one(folder));
  return sync_one(folder.parent_path());
}

void remove_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::remove_all(folder, failure);
  if (failure) {
    YURT_LOG(warn, "raft", "cannot remove {}: {}", folder.string(), failure.message());
  }
}

}  // namespace yurt::raft
