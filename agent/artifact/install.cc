#include "agent/artifact/install.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace yurt::agent {
namespace {

namespace fs = std::filesystem;

Status give(int folder, const std::string& name, const std::optional<UserIds>& owner) {
  if (!owner) return {};
  if (::fchownat(folder, name.c_str(), owner->uid, owner->gid, AT_SYMLINK_NOFOLLOW) != 0) {
    return system_error("giving " + name + " to its user", errno);
  }
  return {};
}

// `from` is private to us, so its tree can be walked by path.
Status give_tree(const fs::path& path, const UserIds& owner) {
  std::error_code error;
  if (::lchown(path.c_str(), owner.uid, owner.gid) != 0) {
    return system_error("giving " + path.string() + " to its user", errno);
  }
  if (!fs::is_directory(fs::symlink_status(path, error))) return {};
  for (const auto& entry : fs::recursive_directory_iterator(path, error)) {
    if (::lchown(entry.path().c_str(), owner.uid, owner.gid) != 0) {
      return system_error("giving " + entry.path().string() + " to its user", errno);
    }
  }
  return {};
}

Status merge(const fs::path& from, int to) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(from, error)) {
    const std::string name = entry.path().filename().string();
    if (::renameat(AT_FDCWD, entry.path().c_str(), to, name.c_str()) == 0) continue;
    if (errno != ENOTEMPTY && errno != EEXIST && errno != EISDIR && errno != ENOTDIR) {
      return system_error("moving " + name, errno);
    }
    if (fs::is_directory(fs::symlink_status(entry.path(), error))) {
      const UniqueFd inner(
          ::openat(to, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (inner.valid()) {
        YURT_TRY(merge(entry.path(), inner.get()));
        continue;
      }
    }
    return Error{ErrorCode::already_exists,
                 "\"" + name + "\" is a folder at one place and a file at the other"};
  }
  if (error) return system_error(from.string(), error.value());
  return {};
}

}  // namespace

Status install_folder(const fs::path& from, const ConfinedRoot& root, const std::string& to,
                      const std::optional<UserIds>& owner) {
  if (owner) YURT_TRY(give_tree(from, *owner));
  YURT_TRY(root.make_folders(to, 0777));
  YURT_ASSIGN(const UniqueFd folder, root.open_folder(to));
  if (owner && ::fchown(folder.get(), owner->uid, owner->gid) != 0) {
    return system_error("giving " + to + " to its user", errno);
  }
  return merge(from, folder.get());
}

Status install_file(const fs::path& from, const ConfinedRoot& root, const std::string& to,
                    const std::optional<UserIds>& owner) {
  const std::size_t slash = to.rfind('/');
  const std::string folder_path = slash == std::string::npos ? "" : to.substr(0, slash);
  const std::string name = to.substr(slash == std::string::npos ? 0 : slash + 1);
  YURT_TRY(root.make_folders(folder_path, 0777));
  YURT_ASSIGN(const UniqueFd folder, root.open_folder(folder_path));
  if (::renameat(AT_FDCWD, from.c_str(), folder.get(), name.c_str()) != 0) {
    return system_error("moving " + name, errno);
  }
  return give(folder.get(), name, owner);
}

}  // namespace yurt::agent
