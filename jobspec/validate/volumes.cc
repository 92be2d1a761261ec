#include <map>

#include "jobspec/validate/checks.h"

namespace yurt::jobspec {
namespace {

bool shared_by_one(const std::string& access_mode) {
  return access_mode == "single-node-single-writer" || access_mode == "single-node-reader-only" ||
         access_mode == "single-node-writer";
}

void check_per_alloc(const model::Job& job, const model::TaskGroup& group,
                     const model::VolumeRequest& volume, const std::string& path, Issues& issues) {
  if (!volume.per_alloc()) {
    if (group.count() > 1 && shared_by_one(volume.access_mode())) {
      issues.error(path_of(path, "access_mode"), "access mode " + quoted(volume.access_mode()) +
                                                     " serves one allocation and the "
                                                     "group has a count of " +
                                                     std::to_string(group.count()) +
                                                     ": set per_alloc = true");
    }
    return;
  }
  const std::string own_path = path_of(path, "per_alloc");
  if (is_system(job))
    issues.error(own_path, "per_alloc is not possible in a " + job.type() + " job");
  if (group.update().canary() > 0) {
    issues.error(own_path,
                 "per_alloc is not possible with canaries, which share an index with "
                 "the allocations they replace");
  }
  if (volume.sticky()) issues.error(own_path, "per_alloc and sticky exclude each other");
}

void check_volume(const model::Job& job, const model::TaskGroup& group,
                  const model::VolumeRequest& volume, const std::string& path, Issues& issues) {
  if (volume.type() == "csi") {
    issues.error(path_of(path, "type"),
                 "volumes of type \"csi\" are not supported: mount the storage on the node and use "
                 "a host volume");
    return;
  }
  if (!volume.type().empty()) {
    check_choice("type", volume.type(), {"host", "csi"}, path_of(path, "type"), issues);
  }
  if (volume.source().empty()) issues.error(path_of(path, "source"), "\"source\" is required");
  if (!volume.access_mode().empty()) {
    check_choice("access_mode", volume.access_mode(),
                 {"single-node-writer", "single-node-reader-only", "single-node-single-writer",
                  "single-node-multi-writer"},
                 path_of(path, "access_mode"), issues);
  }
  if (!volume.attachment_mode().empty()) {
    check_choice("attachment_mode", volume.attachment_mode(), {"file-system", "block-device"},
                 path_of(path, "attachment_mode"), issues);
  }
  check_per_alloc(job, group, volume, path, issues);
}

}  // namespace

void check_group_volumes(const model::Job& job, const model::TaskGroup& group,
                         const std::string& path, Issues& issues) {
  std::map<std::string, const model::VolumeRequest*> volumes;
  for (int i = 0; i < group.volume_size(); ++i) {
    const model::VolumeRequest& volume = group.volume(i);
    const std::string own_path = path_of(path, "volume", i);
    if (!volumes.emplace(volume.name(), &volume).second) {
      issues.error(own_path,
                   "another volume of the group is called " + quoted(volume.name()) + " too");
    }
    check_volume(job, group, volume, own_path, issues);
  }
  for (int t = 0; t < group.task_size(); ++t) {
    const model::Task& task = group.task(t);
    for (int i = 0; i < task.volume_mount_size(); ++i) {
      const model::VolumeMount& mount = task.volume_mount(i);
      const std::string own_path = path_of(path_of(path, "task", t), "volume_mount", i);
      if (mount.volume().empty()) continue;
      if (volumes.count(mount.volume()) == 0) {
        issues.error(path_of(own_path, "volume"),
                     "the group has no volume " + quoted(mount.volume()));
      }
      check_choice("propagation_mode", mount.propagation_mode(),
                   {"private", "host-to-task", "bidirectional"},
                   path_of(own_path, "propagation_mode"), issues);
    }
  }
}

}  // namespace yurt::jobspec
