// What all containers of one driver share. Owned by the driver; outlives them.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "drivers/docker/container/limit_groups.h"
#include "drivers/docker/engine/engine.h"
#include "drivers/docker/engine/workers.h"
#include "drivers/shim/background.h"
#include "drivers/shim/event_loop.h"

namespace yurt::drivers::docker {

struct Services {
  Services(const std::string& endpoint, std::string folder, std::string owner_id,
           std::unique_ptr<EventLoop> event_loop, const CgroupOptions& cgroups)
      : engine(endpoint),
        state_folder(std::move(folder)),
        owner(std::move(owner_id)),
        loop(std::move(event_loop)),
        limit_groups(cgroups) {}

  // As many calls as the Engine is asked to serve for us at a time.
  static constexpr std::size_t most_calls = 12;

  Engine engine;
  const std::string state_folder;
  const std::string owner;  // this agent, in the label of its containers
  std::unique_ptr<EventLoop> loop;
  LimitGroups limit_groups;
  Workers workers{most_calls};
  Background background;

  // Tasks that somebody answers for: the sweep leaves their containers alone.
  void keep(const std::string& task_id) {
    const std::lock_guard lock(kept_mutex_);
    kept_.insert(task_id);
  }
  void give_up(const std::string& task_id) {
    const std::lock_guard lock(kept_mutex_);
    kept_.erase(task_id);
  }
  [[nodiscard]] bool is_kept(const std::string& task_id) const {
    const std::lock_guard lock(kept_mutex_);
    return kept_.contains(task_id);
  }

  // Whether any of them belongs to the allocation: their ids begin with its id and a dot.
  [[nodiscard]] bool keeps_any_of(const std::string& alloc_id) const {
    const std::lock_guard lock(kept_mutex_);
    const auto found = kept_.lower_bound(alloc_id + ".");
    return found != kept_.end() && found->starts_with(alloc_id + ".");
  }

  // How the Engine manages control groups: "cgroupfs", "systemd"; "" until it has said so.
  void set_cgroup_driver(const std::string& name) {
    const std::lock_guard lock(kept_mutex_);
    cgroup_driver_ = name;
  }
  [[nodiscard]] std::string cgroup_driver() const {
    const std::lock_guard lock(kept_mutex_);
    return cgroup_driver_;
  }

  // Where the note of a task's log position is.
  [[nodiscard]] std::string position_path(const std::string& task_id) const {
    return state_folder + "/" + task_id + ".position";
  }

 private:
  mutable std::mutex kept_mutex_;
  std::set<std::string> kept_;
  std::string cgroup_driver_;
};

}  // namespace yurt::drivers::docker
