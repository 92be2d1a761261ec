#include "drivers/cgroup/plan.h"

#include <algorithm>
#include <filesystem>

namespace yurt::drivers {
namespace {

constexpr std::int64_t mebibyte = 1024 * 1024;

// The hard limit in bytes; 0 = none.
std::int64_t memory_limit_bytes(const Resources& resources) {
  if (resources.memory_max_mib < 0) return 0;
  return std::max(resources.memory_mib, resources.memory_max_mib) * mebibyte;
}

// What the task may count on when the limit lies above it; 0 = the limit itself.
std::int64_t memory_reserve_bytes(const Resources& resources) {
  return resources.memory_max_mib == 0 ? 0 : resources.memory_mib * mebibyte;
}

std::string core_list(const std::vector<std::uint32_t>& cores) {
  std::string list;
  for (std::uint32_t core : cores) {
    if (!list.empty()) list += ',';
    list += std::to_string(core);
  }
  return list;
}

class Builder {
 public:
  void make(const std::string& folder) { add('D', folder); }
  void share(const std::string& folder) { add('P', folder); }
  void join(const std::string& folder) { add('J', folder); }
  void write(const std::string& file, const std::string& value) { add('W', file + "=" + value); }
  void try_write(const std::string& file, const std::string& value) {
    add('w', file + "=" + value);
  }
  CgroupPlan plan;

 private:
  void add(char letter, const std::string& operand) { plan.operations.push_back(letter + operand); }
};

void limit_v2(const CgroupHierarchy& hierarchy, const Resources& resources, Builder& builder) {
  if (hierarchy.has("memory")) {
    if (const std::int64_t limit = memory_limit_bytes(resources); limit > 0) {
      builder.write("memory.max", std::to_string(limit));
      // Swapping would let a task creep past the limit it asked for, slowly, instead of failing.
      builder.try_write("memory.swap.max", "0");
    }
    if (const std::int64_t reserve = memory_reserve_bytes(resources); reserve > 0) {
      builder.try_write("memory.low", std::to_string(reserve));
    }
  }
  if (hierarchy.has("cpu") && resources.cpu_mhz > 0) {
    builder.write("cpu.weight", std::to_string(cpu_weight(cpu_shares(resources.cpu_mhz))));
  }
  if (hierarchy.has("cpuset") && !resources.cores.empty()) {
    builder.write("cpuset.cpus", core_list(resources.cores));
  }
}

void plan_v2(const CgroupHierarchy& hierarchy, const std::string& task_id,
             const Resources& resources, const std::string& limits_group, Builder& builder) {
  std::string parent = hierarchy.parent_folder("");
  if (!limits_group.empty()) {
    parent += "/" + limits_folder(limits_group);
    builder.share(parent);
    limit_v2(hierarchy, resources, builder);
    for (const char* controller : {"cpu", "memory", "cpuset"}) {
      if (!hierarchy.has(controller)) continue;
      builder.write("cgroup.subtree_control", std::string("+") + controller);
    }
  }
  if (hierarchy.has("memory")) {
    builder.plan.memory_operation = static_cast<int>(builder.plan.operations.size());
  }
  builder.make(parent + "/" + task_id);
  if (limits_group.empty()) limit_v2(hierarchy, resources, builder);
  // A task of which one process was killed is broken: let the kernel end it whole.
  if (hierarchy.has("memory")) builder.try_write("memory.oom.group", "1");
}

void plan_v1(const CgroupHierarchy& hierarchy, const std::string& task_id,
             const Resources& resources, const std::string& limits_group, Builder& builder) {
  // `limit` writes what the controller holds the task to; a group's own share has no limit.
  const auto plan_one = [&](const char* controller, auto limit) {
    std::string parent = hierarchy.parent_folder(controller);
    if (!limits_group.empty()) {
      parent += "/" + limits_folder(limits_group);
      builder.share(parent);
      limit();
    }
    if (controller == std::string_view("memory")) {
      builder.plan.memory_operation = static_cast<int>(builder.plan.operations.size());
    }
    builder.make(parent + "/" + task_id);
    if (limits_group.empty()) limit();
  };
  if (hierarchy.has("memory")) {
    plan_one("memory", [&] {
      // The default of kernels since 5.11, and fixed once there are groups beneath.
      if (!limits_group.empty()) builder.try_write("memory.use_hierarchy", "1");
      if (const std::int64_t limit = memory_limit_bytes(resources); limit > 0) {
        builder.write("memory.limit_in_bytes", std::to_string(limit));
        builder.try_write("memory.memsw.limit_in_bytes", std::to_string(limit));
      }
      if (const std::int64_t reserve = memory_reserve_bytes(resources); reserve > 0) {
        builder.try_write("memory.soft_limit_in_bytes", std::to_string(reserve));
      }
    });
  }
  if (hierarchy.has("cpu") && resources.cpu_mhz > 0) {
    plan_one("cpu",
             [&] { builder.write("cpu.shares", std::to_string(cpu_shares(resources.cpu_mhz))); });
  }
  if (hierarchy.has("cpuset") && !resources.cores.empty()) {
    const auto fill = [&] {
      builder.write("cpuset.cpus", core_list(resources.cores));
      builder.write("cpuset.mems", hierarchy.cpuset_memory_nodes);
    };
    plan_one("cpuset", fill);
    if (!limits_group.empty()) fill();  // a v1 cpuset is empty until it is filled
  }
  if (hierarchy.has("devices") && !resources.denied_devices.empty()) {
    builder.make(hierarchy.parent_folder("devices") + "/" + task_id);
    for (const std::string& device : resources.denied_devices) {
      builder.write("devices.deny", "c " + device + " rwm");
    }
  }
}

constexpr std::string_view limits_ending = ".workers";

}  // namespace

std::int64_t cpu_shares(std::int64_t cpu_mhz) {
  return std::clamp<std::int64_t>(cpu_mhz, 2, 262'144);
}

std::int64_t cpu_weight(std::int64_t shares) { return 1 + ((shares - 2) * 9999) / 262'142; }

CgroupPlan plan_cgroups(const CgroupHierarchy& hierarchy, const std::string& task_id,
                        const Resources& resources, const std::string& limits_group) {
  Builder builder;
  builder.plan.version = hierarchy.version;
  if (hierarchy.version == CgroupVersion::v2) {
    plan_v2(hierarchy, task_id, resources, limits_group, builder);
  }
  if (hierarchy.version == CgroupVersion::v1) {
    plan_v1(hierarchy, task_id, resources, limits_group, builder);
  }
  return std::move(builder.plan);
}

Result<CgroupPlan> plan_cgroup_override(const CgroupHierarchy& hierarchy,
                                        const CgroupOverride& override_paths) {
  Builder builder;
  builder.plan.version = hierarchy.version;
  if (!override_paths.v2_path.empty()) {
    if (hierarchy.version != CgroupVersion::v2) {
      return Error{ErrorCode::failed_precondition,
                   std::string("cgroup_v2_override needs cgroups v2, and this machine has ") +
                       hierarchy.version_name()};
    }
    const std::string& path = override_paths.v2_path;
    const std::string& mount = hierarchy.mounts.at("");
    builder.join(path.starts_with(mount + "/") ? path
                                               : mount + (path.front() == '/' ? "" : "/") + path);
  }
  for (const auto& [controller, path] : override_paths.v1_paths) {
    if (hierarchy.version != CgroupVersion::v1) {
      return Error{ErrorCode::failed_precondition,
                   std::string("cgroup_v1_override needs cgroups v1, and this machine has ") +
                       hierarchy.version_name()};
    }
    // Any controller may be named; those we do not use ourselves stand beside those we do.
    const std::string mount = hierarchy.has(controller)
                                  ? hierarchy.mounts.at(controller)
                                  : hierarchy.mounts.begin()->second.substr(
                                        0, hierarchy.mounts.begin()->second.rfind('/') + 1) +
                                        controller;
    builder.join(path.starts_with(mount + "/") ? path
                                               : mount + (path.front() == '/' ? "" : "/") + path);
  }
  return std::move(builder.plan);
}

CgroupFolders folders_of(const CgroupPlan& plan) {
  CgroupFolders folders;
  folders.version = plan.version;
  for (std::size_t i = 0; i < plan.operations.size(); ++i) {
    if (plan.operations[i][0] != 'D') continue;
    folders.made.push_back(plan.operations[i].substr(1));
    if (static_cast<int>(i) == plan.memory_operation) folders.memory = folders.made.back();
  }
  return folders;
}

std::string limits_folder(const std::string& limits_group) {
  return limits_group + std::string(limits_ending);
}

bool is_limits_folder(std::string_view folder) { return folder.ends_with(limits_ending); }

CgroupFolders possible_folders(const CgroupHierarchy& hierarchy, const std::string& task_id) {
  Resources everything;
  everything.cpu_mhz = 1;
  everything.cores = {0};
  everything.memory_mib = 1;
  everything.denied_devices = {"1:1"};
  if (hierarchy.version != CgroupVersion::none) {
    const std::string& any_controller = hierarchy.mounts.begin()->first;
    std::error_code error;
    std::filesystem::directory_iterator entry(hierarchy.parent_folder(any_controller), error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      std::error_code ignored;
      if (!is_limits_folder(name) ||
          !std::filesystem::is_directory(entry->path() / task_id, ignored)) {
        continue;
      }
      const std::string group = name.substr(0, name.size() - limits_ending.size());
      return folders_of(plan_cgroups(hierarchy, task_id, everything, group));
    }
  }
  return folders_of(plan_cgroups(hierarchy, task_id, everything));
}

}  // namespace yurt::drivers
