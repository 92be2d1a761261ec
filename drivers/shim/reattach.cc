#include "drivers/shim/reattach.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace yurt::drivers {
namespace {

constexpr int reattach_version = 1;

}  // namespace

std::string encode(const Reattach& reattach) {
  const nlohmann::json json = {
      {"version", reattach_version},
      {"id", reattach.id},
      {"boot_id", reattach.boot_id},
      {"shim_pid", reattach.started.shim_pid},
      {"task_pid", reattach.started.task_pid},
      {"task_start_ticks", reattach.started.task_start_ticks},
      {"started_at_ns", reattach.started.started_at_ns},
      {"cgroup_version", static_cast<int>(reattach.cgroups.version)},
      {"cgroups", reattach.cgroups.made},
      {"memory_cgroup", reattach.cgroups.memory},
  };
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<Reattach> parse_reattach(std::string_view text) {
  const Error unusable{ErrorCode::invalid_argument,
                       "this is no task state that yurt-shim's driver has written"};
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    if (json.at("version").get<int>() != reattach_version) return unusable;
    Reattach reattach;
    json.at("id").get_to(reattach.id);
    json.at("boot_id").get_to(reattach.boot_id);
    json.at("shim_pid").get_to(reattach.started.shim_pid);
    json.at("task_pid").get_to(reattach.started.task_pid);
    json.at("task_start_ticks").get_to(reattach.started.task_start_ticks);
    json.at("started_at_ns").get_to(reattach.started.started_at_ns);
    reattach.cgroups.version = static_cast<CgroupVersion>(json.at("cgroup_version").get<int>());
    json.at("cgroups").get_to(reattach.cgroups.made);
    json.at("memory_cgroup").get_to(reattach.cgroups.memory);
    if (!is_valid_task_id(reattach.id)) return unusable;
    return reattach;
  } catch (const nlohmann::json::exception&) {
    return unusable;
  }
}

bool is_valid_task_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 && id[0] != '.' &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

}  // namespace yurt::drivers
