#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/unique_fd.h"

namespace yurt {
namespace {

Status write_all(int fd, std::string_view content, const std::string& name) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return system_error("cannot write " + name, errno);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Status sync_folder(const std::filesystem::path& folder) {
  UniqueFd fd(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) {
    return system_error("cannot sync folder " + folder.string(), errno);
  }
  return {};
}

Result<std::string> read_file(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    Error error = system_error("cannot open " + path.string(), errno);
    if (errno == ENOENT) error.code = ErrorCode::not_found;
    return error;
  }
  std::string content;
  char buffer[64 * 1024];
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got == 0) return content;
    if (got < 0) {
      if (errno == EINTR) continue;
      return system_error("cannot read " + path.string(), errno);
    }
    content.append(buffer, static_cast<std::size_t>(got));
  }
}

Status write_file_atomically(const std::filesystem::path& path, std::string_view content,
                             unsigned mode) {
  std::string temporary = path.string() + ".new-XXXXXX";
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.valid()) return system_error("cannot create " + temporary, errno);
  Status status = write_all(fd.get(), content, temporary);
  if (status.ok() && ::fchmod(fd.get(), static_cast<mode_t>(mode)) != 0) {
    status = system_error("cannot set the mode of " + temporary, errno);
  }
  if (status.ok() && ::fsync(fd.get()) != 0) {
    status = system_error("cannot sync " + temporary, errno);
  }
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    status = system_error("cannot replace " + path.string(), errno);
  }
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return sync_folder(path.parent_path());
}

Status make_folders(const std::filesystem::path& path, unsigned mode) {
  std::filesystem::path made;
  for (const auto& part : path) {
    made /= part;
    if (::mkdir(made.c_str(), static_cast<mode_t>(mode)) != 0 && errno != EEXIST &&
        errno != EISDIR) {
      return system_error("cannot create folder " + made.string(), errno);
    }
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return system_error("cannot use " + path.string(), errno);
  if (!S_ISDIR(info.st_mode)) {
    return Error{ErrorCode::io, path.string() + " exists and is not a folder"};
  }
  return {};
}

}  // namespace yurt
