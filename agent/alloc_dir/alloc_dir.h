// AllocDir: an allocation's folders on this node.
//
//   <data_dir>/alloc/<alloc id>/
//     alloc/{data,logs,tmp}                     shared by the group's tasks, mode 0777
//     <task>/{local,tmp}                        the task's own, mode 0777
//     <task>/secrets                            mode 0700, in memory (tmpfs) when the agent is root
//     <task>/private                            the agent's own notes for the task, mode 0700
//
// A task with a file system of its own (a container) has users that this machine does not know, so
// its folders are open to all, secrets included, and the way to them is closed: <task> has mode
// 0700, and the container sees the folders mounted.
//
// A plain value that names paths; its operations work on the disk and block. Operations on
// different allocations may run at the same time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace yurt::agent {

struct TaskFolders {
  std::filesystem::path task, local, secrets, tmp, private_dir;
};

class AllocDir {
 public:
  AllocDir(const std::filesystem::path& data_dir, AllocId id);

  [[nodiscard]] const std::filesystem::path& root() const { return root_; }
  [[nodiscard]] std::filesystem::path shared() const { return root_ / "alloc"; }
  [[nodiscard]] std::filesystem::path data() const { return root_ / "alloc" / "data"; }
  [[nodiscard]] std::filesystem::path logs() const { return root_ / "alloc" / "logs"; }
  [[nodiscard]] TaskFolders task(const std::string& name) const;

  // Makes the shared folders. Idempotent.
  [[nodiscard]] Status create() const;
  // Makes a task's folders and gives local, tmp and secrets to `user` ("" = the agent's own).
  // Idempotent. secrets_mb: the size of the secrets folder in memory; 0 = 1 MiB.
  [[nodiscard]] Status create_task(const std::string& name, const std::string& user,
                                   std::int64_t secrets_mb) const;
  // The same for a task with a file system of its own.
  [[nodiscard]] Status create_isolated_task(const std::string& name, std::int64_t secrets_mb) const;
  // Takes over what `previous` kept for its successor: alloc/data and each task's local folder.
  // What is missing there stays as it is here.
  [[nodiscard]] Status take_over(const AllocDir& previous,
                                 const std::vector<std::string>& tasks) const;
  // Empties the secrets folders and unmounts them: for an allocation that has ended.
  void drop_secrets() const;
  // Removes everything, secrets first. Idempotent.
  [[nodiscard]] Status remove() const;

  [[nodiscard]] static std::filesystem::path folder_of_all(const std::filesystem::path& data_dir) {
    return data_dir / "alloc";
  }

 private:
  std::filesystem::path root_;
};

// A user's numeric ids by name or number; "" is the caller's own. not_found for unknown names.
struct UserIds {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};
[[nodiscard]] Result<UserIds> find_user(const std::string& name);

}  // namespace yurt::agent
