#include "agent/stats/alloc_stats.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/gpu/device_stats.h"

namespace yurt::agent {
namespace {

nlohmann::json usage(const drivers::TaskStats& stats, nlohmann::json devices, double core_mhz) {
  return {{"CpuStats",
           {{"Measured", {"Throttled Time", "Percent", "Total Ticks"}},
            {"Percent", stats.cpu_percent},
            {"SystemMode", 0},
            {"UserMode", 0},
            {"ThrottledPeriods", 0},
            {"ThrottledTime", stats.cpu_throttled_ns},
            {"TotalTicks", stats.cpu_percent / 100 * core_mhz}}},
          {"MemoryStats",
           {{"Measured", {"RSS", "Cache", "Swap", "Usage", "Max Usage"}},
            {"RSS", stats.memory_rss_bytes},
            {"Cache", stats.memory_cache_bytes},
            {"Swap", stats.memory_swap_bytes},
            {"MappedFile", 0},
            {"Usage", stats.memory_usage_bytes},
            {"MaxUsage", stats.memory_peak_bytes},
            {"KernelUsage", 0},
            {"KernelMaxUsage", 0}}},
          {"DeviceStats", std::move(devices)}};
}

void add(drivers::TaskStats& sum, const drivers::TaskStats& stats) {
  sum.sampled_at_ns = std::max(sum.sampled_at_ns, stats.sampled_at_ns);
  sum.cpu_percent += stats.cpu_percent;
  sum.cpu_throttled_ns += stats.cpu_throttled_ns;
  sum.memory_usage_bytes += stats.memory_usage_bytes;
  sum.memory_rss_bytes += stats.memory_rss_bytes;
  sum.memory_cache_bytes += stats.memory_cache_bytes;
  sum.memory_swap_bytes += stats.memory_swap_bytes;
  sum.memory_peak_bytes += stats.memory_peak_bytes;
}

}  // namespace

std::string alloc_stats_json(const std::vector<TaskSample>& samples, const AllocGpus& gpus,
                             double core_mhz, std::int64_t now_wall_ns) {
  std::set<std::string> all_gpus;
  const auto devices_of = [&gpus](const std::string& task) {
    const auto own = gpus.by_task.find(task);
    const std::set<std::string> none;
    return alloc_device_stats(*gpus.latest, own == gpus.by_task.end() ? none : own->second,
                              gpus.alloc_id, task);
  };
  drivers::TaskStats all_of_it;
  std::map<std::string, drivers::TaskStats> by_name;
  for (const auto& [task, name, stats] : samples) {
    add(all_of_it, stats);
    add(by_name[task], stats);
    if (name != task) add(by_name[name], stats);
    if (const auto own = gpus.by_task.find(task); own != gpus.by_task.end()) {
      all_gpus.insert(own->second.begin(), own->second.end());
    }
  }
  auto by_task = nlohmann::json::object();
  for (const auto& [name, stats] : by_name) {
    by_task[name] = {{"ResourceUsage", usage(stats, devices_of(name), core_mhz)},
                     {"Timestamp", stats.sampled_at_ns},
                     {"Pids", nullptr}};
  }
  auto devices = alloc_device_stats(*gpus.latest, all_gpus, gpus.alloc_id, "");
  const nlohmann::json all = {{"ResourceUsage", usage(all_of_it, std::move(devices), core_mhz)},
                              {"Tasks", std::move(by_task)},
                              {"Timestamp", now_wall_ns}};
  return all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace yurt::agent
