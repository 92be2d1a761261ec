#include "agent/fs/confined_root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <vector>

namespace yurt::agent {
namespace {

Error escapes(std::string_view path) {
  return {ErrorCode::permission_denied,
          "the path \"" + std::string(path) + "\" leads out of the allocation's folder"};
}

Error failed(std::string_view path, int error_number) {
  if (error_number == EXDEV || error_number == ELOOP) return escapes(path);
  return system_error("\"" + std::string(path) + "\"", error_number);
}

std::vector<std::string> components(const std::string& normalized) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  while (from < normalized.size()) {
    const std::size_t slash = std::min(normalized.find('/', from), normalized.size());
    parts.push_back(normalized.substr(from, slash - from));
    from = slash + 1;
  }
  return parts;
}

// Kernels before 5.6 and some container runtimes do not have openat2; found out once.
std::atomic<bool> openat2_missing{false};

int open_beneath(int root, const std::string& path, int flags, mode_t mode,
                 ConfinedRoot::Links links) {
  struct open_how how {};
  how.flags = static_cast<__u64>(flags);
  how.mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  if (links == ConfinedRoot::Links::none) how.resolve |= RESOLVE_NO_SYMLINKS;
  return static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
}

int open_without_links(int root, const std::string& path, int flags, mode_t mode) {
  const auto parts = components(path);
  UniqueFd folder(::fcntl(root, F_DUPFD_CLOEXEC, 0));
  for (std::size_t i = 0; folder.valid() && i + 1 < parts.size(); ++i) {
    folder.reset(
        ::openat(folder.get(), parts[i].c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  }
  if (!folder.valid()) return -1;
  return ::openat(folder.get(), parts.empty() ? "." : parts.back().c_str(), flags | O_NOFOLLOW,
                  mode);
}

}  // namespace

Result<std::string> normalized_path(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) {
    return Error{ErrorCode::invalid_argument, "a path can't hold a NUL byte"};
  }
  std::vector<std::string> parts;
  for (auto& part : components(std::string(path))) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (parts.empty()) return escapes(path);
      parts.pop_back();
      continue;
    }
    parts.push_back(std::move(part));
  }
  std::string result;
  for (const auto& part : parts) result += (result.empty() ? "" : "/") + part;
  return result;
}

Result<ConfinedRoot> ConfinedRoot::open(const std::filesystem::path& root) {
  UniqueFd fd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return system_error(root.string(), errno);
  return ConfinedRoot(root, std::move(fd));
}

Result<UniqueFd> ConfinedRoot::open_file(std::string_view path, int flags, mode_t mode,
                                         Links links) const {
  YURT_ASSIGN(std::string normalized, normalized_path(path));
  if (normalized.empty()) normalized = ".";
  flags |= O_CLOEXEC | O_NOCTTY;
  int fd = -1;
  if (!openat2_missing) {
    do {
      fd = open_beneath(fd_.get(), normalized, flags, mode, links);
    } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) openat2_missing = true;
  }
  if (openat2_missing) fd = open_without_links(fd_.get(), normalized, flags, mode);
  if (fd < 0) return failed(path, errno);
  return UniqueFd(fd);
}

Result<UniqueFd> ConfinedRoot::open_folder(std::string_view path, Links links) const {
  return open_file(path, O_RDONLY | O_DIRECTORY, 0, links);
}

Status ConfinedRoot::make_folders(std::string_view path, mode_t mode, Links links) const {
  YURT_ASSIGN(const std::string normalized, normalized_path(path));
  std::string done;
  for (const auto& part : components(normalized)) {
    YURT_ASSIGN(const UniqueFd parent, open_folder(done, links));
    if (::mkdirat(parent.get(), part.c_str(), mode) == 0) {
      ::fchmodat(parent.get(), part.c_str(), mode, 0);
    } else if (errno != EEXIST) {
      return failed(path, errno);
    }
    done += (done.empty() ? "" : "/") + part;
  }
  YURT_ASSIGN(const UniqueFd folder, open_folder(done, links));
  return {};
}

Status ConfinedRoot::replace_file(std::string_view path, std::string_view content, mode_t mode,
                                  int owner, int group) const {
  YURT_ASSIGN(const std::string normalized, normalized_path(path));
  const std::size_t slash = normalized.rfind('/');
  const std::string folder_path = slash == std::string::npos ? "" : normalized.substr(0, slash);
  const std::string name = normalized.substr(slash == std::string::npos ? 0 : slash + 1);
  if (name.empty()) {
    return Error{ErrorCode::invalid_argument, "\"" + std::string(path) + "\" names no file"};
  }
  YURT_ASSIGN(const UniqueFd folder, open_folder(folder_path));
  const std::string temporary = ".yurt-" + name + ".new";
  ::unlinkat(folder.get(), temporary.c_str(), 0);
  UniqueFd file(::openat(folder.get(), temporary.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return failed(path, errno);
  std::size_t written = 0;
  while (written < content.size()) {
    const ssize_t n = ::write(file.get(), content.data() + written, content.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error_number = errno;
      ::unlinkat(folder.get(), temporary.c_str(), 0);
      return failed(path, error_number);
    }
    written += static_cast<std::size_t>(n);
  }
  if ((owner >= 0 || group >= 0) &&
      ::fchown(file.get(), owner >= 0 ? static_cast<uid_t>(owner) : static_cast<uid_t>(-1),
               group >= 0 ? static_cast<gid_t>(group) : static_cast<gid_t>(-1)) != 0) {
    return failed(path, errno);
  }
  if (::fchmod(file.get(), mode) != 0 ||
      ::renameat(folder.get(), temporary.c_str(), folder.get(), name.c_str()) != 0) {
    const int error_number = errno;
    ::unlinkat(folder.get(), temporary.c_str(), 0);
    return failed(path, error_number);
  }
  return {};
}

}  // namespace yurt::agent
