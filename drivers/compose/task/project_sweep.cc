#include "drivers/compose/task/project_sweep.h"

#include "base/log.h"
#include "drivers/compose/project/engine_objects.h"
#include "drivers/compose/project/project_group.h"
#include "drivers/compose/project/project_record.h"

namespace yurt::drivers::compose {

bool ProjectSweep::is_due(const std::string& thing, std::int64_t now_wall_ns) {
  const auto before = ownerless_since_ns_.find(thing);
  const std::int64_t since_ns = before == ownerless_since_ns_.end() ? now_wall_ns : before->second;
  seen_[thing] = since_ns;
  return now_wall_ns - since_ns >= grace_ns_;
}

void ProjectSweep::run(std::int64_t now_wall_ns) {
  const std::lock_guard lock(mutex_);
  seen_.clear();
  const auto containers = list_containers(services_, "");
  if (!containers.ok()) return;
  for (const ListedContainer& container : *containers) {
    if (services_.is_kept(container.task_id) || !is_due(container.id, now_wall_ns)) continue;
    YURT_LOG(warn, "compose", "removing {} of {}: no allocation owns it", container.key,
             container.task_id);
    (void)services_.engine.call({"DELETE", "/containers/" + container.id + "?v=1&force=1"});
  }
  if (const auto networks = list_networks(services_); networks.ok()) {
    for (const LeftOver& network : *networks) {
      if (services_.is_kept(network.owner_id) || !is_due(network.name, now_wall_ns)) continue;
      remove_network(services_, network.name);
    }
  }
  if (const auto volumes = list_volumes(services_); volumes.ok()) {
    for (const LeftOver& volume : *volumes) {
      if (services_.keeps_any_of(volume.owner_id) || !is_due(volume.name, now_wall_ns)) continue;
      remove_volume(services_, volume.name);
    }
  }
  for (const std::string& task_id : ProjectFolder::task_ids(services_.state_folder)) {
    if (services_.is_kept(task_id) || !is_due(task_id, now_wall_ns)) continue;
    remove_project_group(task_id);
    ProjectFolder(services_.state_folder, task_id).remove();
  }
  ownerless_since_ns_ = seen_;
}

}  // namespace yurt::drivers::compose
