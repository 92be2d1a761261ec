#include "agent/alloc_dir/alloc_dir.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <pwd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/file.h"
#include "base/log.h"

namespace yurt::agent {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t default_secrets_mb = 1;

// Makes one folder with exactly `mode`, whatever the umask. Ok when it is there already; then its
// mode is left alone.
Status make_folder(const fs::path& path, unsigned mode) {
  if (::mkdir(path.c_str(), mode) == 0) {
    if (::chmod(path.c_str(), mode) == 0) return {};
    return system_error("setting the mode of " + path.string(), errno);
  }
  if (errno == EEXIST) return {};
  return system_error("creating " + path.string(), errno);
}

bool is_tmpfs(const fs::path& path) {
  struct statfs info {};
  return ::statfs(path.c_str(), &info) == 0 && info.f_type == TMPFS_MAGIC;
}

// Whether `path` is where a file system is mounted: its device differs from its parent's.
bool is_mount_point(const fs::path& path) {
  struct stat own {};
  struct stat parent {};
  return ::lstat(path.c_str(), &own) == 0 && ::lstat(path.parent_path().c_str(), &parent) == 0 &&
         own.st_dev != parent.st_dev;
}

void mount_secrets(const fs::path& path, std::int64_t size_mb, const char* mode) {
  if (::geteuid() != 0 || is_mount_point(path)) return;
  const std::string options = "mode=" + std::string(mode) + ",size=" +
                              std::to_string(size_mb > 0 ? size_mb : default_secrets_mb) + "m";
  if (::mount("tmpfs", path.c_str(), "tmpfs", MS_NODEV | MS_NOSUID | MS_NOEXEC, options.c_str()) !=
      0) {
    YURT_LOG(debug, "agent", "{} stays on disk: {}", path.string(),
             std::error_code(errno, std::generic_category()).message());
  }
}

void unmount_secrets(const fs::path& path) {
  if (is_mount_point(path) && is_tmpfs(path)) ::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
}

Status give_to(const fs::path& path, const UserIds& ids) {
  if (::lchown(path.c_str(), ids.uid, ids.gid) == 0) return {};
  return system_error("giving " + path.string() + " to user " + std::to_string(ids.uid), errno);
}

// Replaces the (empty) folder `to` by `from`, when `from` exists.
Status move_folder(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(from, error))) return {};
  fs::remove_all(to, error);
  fs::rename(from, to, error);
  if (error) return system_error("moving " + from.string() + " to " + to.string(), error.value());
  return {};
}

}  // namespace

AllocDir::AllocDir(const fs::path& data_dir, AllocId id)
    : root_(folder_of_all(data_dir) / id.to_string()) {}

TaskFolders AllocDir::task(const std::string& name) const {
  const fs::path task = root_ / name;
  return {task, task / "local", task / "secrets", task / "tmp", task / "private"};
}

Status AllocDir::create() const {
  YURT_TRY(make_folder(root_, 0755));
  YURT_TRY(make_folder(shared(), 0777));
  for (const char* name : {"data", "logs", "tmp"}) YURT_TRY(make_folder(shared() / name, 0777));
  return {};
}

Status AllocDir::create_task(const std::string& name, const std::string& user,
                             std::int64_t secrets_mb) const {
  const TaskFolders folders = task(name);
  YURT_TRY(make_folder(folders.task, 0777));
  YURT_TRY(make_folder(folders.local, 0777));
  YURT_TRY(make_folder(folders.tmp, 0777));
  YURT_TRY(make_folder(folders.private_dir, 0700));
  YURT_TRY(make_folder(folders.secrets, 0700));
  mount_secrets(folders.secrets, secrets_mb, "0700");
  if (!user.empty() && ::geteuid() == 0) {
    YURT_ASSIGN(const UserIds ids, find_user(user));
    for (const auto& path : {folders.local, folders.tmp, folders.secrets}) {
      YURT_TRY(give_to(path, ids));
    }
  }
  return {};
}

Status AllocDir::create_isolated_task(const std::string& name, std::int64_t secrets_mb) const {
  const TaskFolders folders = task(name);
  YURT_TRY(make_folder(folders.task, 0700));
  // A folder that was taken over from a predecessor is there already.
  if (::chmod(folders.task.c_str(), 0700) != 0) {
    return system_error("setting the mode of " + folders.task.string(), errno);
  }
  YURT_TRY(make_folder(folders.local, 0777));
  YURT_TRY(make_folder(folders.tmp, 0777));
  YURT_TRY(make_folder(folders.private_dir, 0700));
  YURT_TRY(make_folder(folders.secrets, 0777));
  mount_secrets(folders.secrets, secrets_mb, "0777");
  return {};
}

Status AllocDir::take_over(const AllocDir& previous, const std::vector<std::string>& tasks) const {
  YURT_TRY(move_folder(previous.data(), data()));
  for (const auto& name : tasks) {
    const TaskFolders own = task(name);
    YURT_TRY(make_folder(own.task, 0777));
    YURT_TRY(move_folder(previous.task(name).local, own.local));
  }
  return {};
}

void AllocDir::drop_secrets() const {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root_, error)) {
    const fs::path secrets = entry.path() / "secrets";
    if (entry.path().filename() == "alloc" ||
        !fs::is_directory(fs::symlink_status(secrets, error))) {
      continue;
    }
    unmount_secrets(secrets);
    for (const auto& left : fs::directory_iterator(secrets, error)) {
      fs::remove_all(left.path(), error);
    }
  }
}

Status AllocDir::remove() const {
  drop_secrets();
  std::error_code error;
  fs::remove_all(root_, error);
  if (error) return system_error("removing " + root_.string(), error.value());
  return {};
}

Result<UserIds> find_user(const std::string& name) {
  if (name.empty()) return UserIds{::geteuid(), ::getegid()};
  std::vector<char> buffer(16384);
  struct passwd entry {};
  struct passwd* found = nullptr;
  const bool numeric =
      name.find_first_not_of("0123456789") == std::string::npos && name.size() < 10;
  if (numeric) {
    const auto uid = static_cast<uid_t>(std::stoul(name));
    ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
    return UserIds{uid, found != nullptr ? found->pw_gid : static_cast<gid_t>(uid)};
  }
  ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) {
    return Error{ErrorCode::not_found, "there is no user \"" + name + "\" on this node"};
  }
  return UserIds{found->pw_uid, found->pw_gid};
}

}  // namespace yurt::agent
