#include "drivers/compose/project/project_group.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>

#include "base/unique_fd.h"
#include "drivers/cgroup/hierarchy.h"
#include "drivers/cgroup/plan.h"

namespace yurt::drivers::compose {
namespace {

namespace fs = std::filesystem;

// Beside raw_exec's own, which clears what it does not know.
constexpr const char* group_parent = "yurt-compose";

// One operation of a plan, in the letters of shim/protocol.h; `folder`: made last, where settings
// go.
Status carry_out(const std::string& operation, std::string& folder) {
  const char kind = operation[0];
  const std::string operand = operation.substr(1);
  if (kind == 'D') {
    folder = operand;
    if (::mkdir(operand.c_str(), 0755) == 0 || errno == EEXIST) return {};
    return system_error("making " + operand, errno);
  }
  const std::size_t equals = operand.find('=');
  const std::string path = folder + "/" + operand.substr(0, equals);
  const std::string value = operand.substr(equals + 1);
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  const bool written = file.valid() && ::write(file.get(), value.data(), value.size()) ==
                                           static_cast<ssize_t>(value.size());
  if (written || kind == 'w') return {};
  return system_error("writing " + path, errno);
}

}  // namespace

Result<std::string> make_project_group(const std::string& task_id, const Resources& resources) {
  CgroupHierarchy hierarchy = detect_cgroups({group_parent, ""});
  prepare_cgroups(hierarchy);
  if (hierarchy.version == CgroupVersion::none || !hierarchy.has("memory")) {
    return Error{ErrorCode::unavailable, "this machine has no control group for memory"};
  }
  Resources limits = resources;
  limits.denied_devices.clear();  // the Engine gives each container its own devices
  std::string folder;
  for (const std::string& operation : plan_cgroups(hierarchy, task_id, limits).operations) {
    if (const Status done = carry_out(operation, folder); !done.ok()) {
      remove_project_group(task_id);
      return done.error();
    }
  }
  return "/" + std::string(group_parent) + "/" + task_id;
}

void remove_project_group(const std::string& task_id) {
  // The Engine makes the group in every controller that it knows, which lie side by side.
  const CgroupHierarchy hierarchy = detect_cgroups({group_parent, ""});
  std::set<fs::path> mounts;
  for (const auto& [controller, mount] : hierarchy.mounts) {
    mounts.insert(mount);
    if (hierarchy.version == CgroupVersion::v2) continue;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(fs::path(mount).parent_path(), error)) {
      mounts.insert(entry.path());
    }
  }
  for (const fs::path& mount : mounts) {
    ::rmdir((mount / group_parent / task_id).c_str());
  }
}

}  // namespace yurt::drivers::compose
