#include "drivers/docker/task/usage.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "drivers/cgroup/hierarchy.h"

namespace yurt::drivers::docker {
namespace {

using Json = nlohmann::json;

std::int64_t number_in(const Json& json, const char* field) {
  return json.is_object() && json.contains(field) && json[field].is_number()
             ? json[field].get<std::int64_t>()
             : 0;
}

Json object_in(const Json& json, const char* field) {
  return json.is_object() && json.contains(field) ? json[field] : Json::object();
}

std::vector<std::int32_t> numbers_in(const std::string& text) {
  std::vector<std::int32_t> numbers;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    std::int32_t number = 0;
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error != std::errc()) break;
    numbers.push_back(number);
    at = rest + 1;
  }
  return numbers;
}

}  // namespace

Result<TaskStats> parse_stats(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  const Json cpu = object_in(json, "cpu_stats");
  const Json memory = object_in(json, "memory_stats");
  const Json detail = object_in(memory, "stats");
  TaskStats stats;
  stats.cpu_time_ns = number_in(object_in(cpu, "cpu_usage"), "total_usage");
  if (stats.cpu_time_ns == 0 && number_in(memory, "usage") == 0) {
    return Error{ErrorCode::unavailable, "the task has ended"};
  }
  stats.cpu_throttled_ns = number_in(object_in(cpu, "throttling_data"), "throttled_time");
  stats.memory_usage_bytes = number_in(memory, "usage");
  stats.memory_peak_bytes = number_in(memory, "max_usage");
  // Version 1 of the control groups has the first names, version 2 the second.
  const auto either = [&detail](const char* v1, const char* v2) {
    return detail.contains(v1) ? number_in(detail, v1) : number_in(detail, v2);
  };
  stats.memory_rss_bytes = either("total_rss", "anon");
  stats.memory_cache_bytes = either("total_cache", "file");
  stats.memory_swap_bytes = either("total_swap", "swap");
  return stats;
}

Result<TaskStats> read_stats(Engine& engine, const std::string& path) {
  // Without one-shot (which older Engines ignore) the Engine takes two samples, a second apart.
  YURT_ASSIGN(const std::string text, engine.call({"GET", path + "/stats?stream=0&one-shot=1"}));
  return parse_stats(text);
}

std::int32_t main_process(Engine& engine, const std::string& path) {
  const auto inspect = engine.json({"GET", path + "/json"});
  if (!inspect.ok() || !inspect->contains("State")) return 0;
  return (*inspect)["State"].value("Pid", 0);
}

std::vector<std::int32_t> group_members(std::int32_t pid) {
  const auto groups = read_file("/proc/" + std::to_string(pid) + "/cgroup");
  if (pid <= 0 || !groups.ok()) return {};
  const CgroupHierarchy hierarchy = detect_cgroups({});
  // Lines are "<n>:<controllers>:<path>"; version 2 has one without controllers.
  for (std::size_t from = 0; from < groups->size();) {
    const std::size_t end = std::min(groups->find('\n', from), groups->size());
    const std::string line = groups->substr(from, end - from);
    from = end + 1;
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool v2 = controllers.empty() && hierarchy.version == CgroupVersion::v2;
    const bool v1 = controllers == "memory" && hierarchy.version == CgroupVersion::v1;
    const auto mount = hierarchy.mounts.find(v2 ? "" : "memory");
    if ((!v1 && !v2) || mount == hierarchy.mounts.end()) continue;
    const auto members = read_file(mount->second + line.substr(second + 1) + "/cgroup.procs");
    return members.ok() ? numbers_in(*members) : std::vector<std::int32_t>{};
  }
  return {};
}

}  // namespace yurt::drivers::docker
