#include "drivers/docker/container/limit_groups.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/unique_fd.h"
#include "drivers/cgroup/plan.h"

namespace yurt::drivers::docker {
namespace {

CgroupHierarchy prepared(const CgroupOptions& options) {
  CgroupHierarchy hierarchy = detect_cgroups(options);
  prepare_cgroups(hierarchy);
  return hierarchy;
}

// "<file>=<value>" into `folder`.
Status write_limit(const std::string& folder, const std::string& setting) {
  const std::size_t equals = setting.find('=');
  const std::string path = folder + "/" + setting.substr(0, equals);
  const std::string value = setting.substr(equals + 1);
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return system_error("cannot open " + path, errno);
  if (::write(fd.get(), value.data(), value.size()) < 0) {
    return system_error("cannot write \"" + value + "\" to " + path, errno);
  }
  return {};
}

}  // namespace

LimitGroups::LimitGroups(const CgroupOptions& options) : hierarchy_(prepared(options)) {}

bool LimitGroups::usable(const std::string& cgroup_driver) const {
  return hierarchy_.has("memory") && cgroup_driver == "cgroupfs";
}

Result<std::string> LimitGroups::enter(const std::string& group, const Resources& resources) {
  const std::lock_guard lock(mutex_);
  // The part of a plan for a task of its own that makes what is shared.
  std::string folder;
  for (const std::string& operation :
       plan_cgroups(hierarchy_, "container", resources, group).operations) {
    const std::string operand = operation.substr(1);
    switch (operation[0]) {
      case 'P':
        folder = operand;
        if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) {
          return system_error("cannot create the control group " + folder, errno);
        }
        break;
      case 'W':
        if (!folder.empty()) YURT_TRY(write_limit(folder, operand));
        break;
      case 'w':
        if (!folder.empty()) static_cast<void>(write_limit(folder, operand));
        break;
      default: folder.clear();  // the Engine makes the container's own
    }
  }
  ++starting_[group];
  return "/" + hierarchy_.parent + "/" + limits_folder(group);
}

void LimitGroups::leave(const std::string& group, bool starting) {
  const std::lock_guard lock(mutex_);
  const auto found = starting_.find(group);
  if (starting && found != starting_.end() && --found->second == 0) starting_.erase(found);
  if (!starting_.contains(group)) remove_if_empty(group);
}

void LimitGroups::remove_if_empty(const std::string& group) const {
  std::error_code error;
  // The Engine makes folders of its own controllers beside ours.
  for (const auto& [controller, mount] : hierarchy_.mounts) {
    const std::string below = "/" + hierarchy_.parent + "/" + limits_folder(group);
    ::rmdir((mount + below).c_str());
    if (hierarchy_.version != CgroupVersion::v1) continue;
    const auto above = std::filesystem::path(mount).parent_path();
    for (const auto& entry : std::filesystem::directory_iterator(above, error)) {
      ::rmdir((entry.path().string() + below).c_str());
    }
  }
}

bool LimitGroups::holds(const std::string& group, const std::string& container_id) const {
  std::error_code error;
  return std::filesystem::is_directory(
      hierarchy_.parent_folder("memory") + "/" + limits_folder(group) + "/" + container_id, error);
}

}  // namespace yurt::drivers::docker
