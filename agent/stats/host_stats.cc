#include "agent/stats/host_stats.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "agent/gpu/device_stats.h"
#include "base/file.h"

namespace yurt::agent {
namespace {

nlohmann::json disk_stats(const std::string& mount, const std::string& device) {
  struct statvfs info {};
  if (::statvfs(mount.c_str(), &info) != 0) return nullptr;
  const std::uint64_t size = info.f_blocks * info.f_frsize;
  const std::uint64_t available = info.f_bavail * info.f_frsize;
  const std::uint64_t used = (info.f_blocks - info.f_bfree) * info.f_frsize;
  const auto percent = [](double part, double all) { return all > 0 ? 100 * part / all : 0; };
  return {
      {"Device", device},
      {"Mountpoint", mount},
      {"Size", size},
      {"Used", used},
      {"Available", available},
      {"UsedPercent", percent(static_cast<double>(used), static_cast<double>(used + available))},
      {"InodesUsedPercent", percent(static_cast<double>(info.f_files - info.f_ffree),
                                    static_cast<double>(info.f_files))}};
}

// Real disks from /proc/self/mounts: (device, mount point), each device once.
std::vector<std::pair<std::string, std::string>> disks(const std::string& mounts) {
  std::vector<std::pair<std::string, std::string>> found;
  std::set<std::string> seen;
  std::istringstream lines(mounts);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string device;
    std::string mount;
    fields >> device >> mount;
    if (device.rfind("/dev/", 0) == 0 && device.rfind("/dev/loop", 0) != 0 &&
        seen.insert(device).second) {
      found.emplace_back(device, mount);
    }
  }
  return found;
}

}  // namespace

std::vector<CpuTicks> parse_cpu_ticks(std::string_view proc_stat) {
  std::vector<CpuTicks> all;
  std::istringstream lines{std::string(proc_stat)};
  std::string line;
  while (std::getline(lines, line)) {
    if (line.rfind("cpu", 0) != 0 || line.size() < 4 || line[3] == ' ') continue;
    std::istringstream fields(line);
    CpuTicks cpu;
    std::uint64_t user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0,
                  steal = 0;
    fields >> cpu.name >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
    cpu.user = user + nice;
    cpu.system = system + irq + softirq;
    cpu.idle = idle + iowait;
    cpu.total = cpu.user + cpu.system + cpu.idle + steal;
    all.push_back(cpu);
  }
  return all;
}

MemoryUse parse_memory_use(std::string_view meminfo) {
  MemoryUse use;
  std::istringstream lines{std::string(meminfo)};
  std::string name;
  std::uint64_t kb = 0;
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    fields >> name >> kb;
    if (name == "MemTotal:") use.total = kb * 1024;
    if (name == "MemAvailable:") use.available = kb * 1024;
    if (name == "MemFree:") use.free = kb * 1024;
  }
  use.used = use.total - std::min(use.total, use.available);
  return use;
}

HostStats::HostStats(std::filesystem::path data_dir, std::int64_t total_mhz, LatestGpus gpus)
    : data_dir_(std::move(data_dir)),
      total_mhz_(total_mhz),
      gpus_(std::move(gpus)),
      previous_(parse_cpu_ticks(read_file("/proc/stat").value_or(""))) {}

std::string HostStats::sample(std::int64_t now_wall_ns) {
  const auto ticks = parse_cpu_ticks(read_file("/proc/stat").value_or(""));
  auto cpus = nlohmann::json::array();
  double busy_sum = 0;
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      const CpuTicks before = i < previous_.size() ? previous_[i] : CpuTicks{};
      const auto share = [&](std::uint64_t now, std::uint64_t then) {
        const double all = static_cast<double>(ticks[i].total) - static_cast<double>(before.total);
        const double part = static_cast<double>(now) - static_cast<double>(then);
        return all > 0 ? std::clamp(100 * part / all, 0.0, 100.0) : 0.0;
      };
      const double idle = share(ticks[i].idle, before.idle);
      const double busy = ticks[i].total > before.total ? 100 - idle : 0;
      busy_sum += busy;
      cpus.push_back({{"CPU", ticks[i].name},
                      {"User", share(ticks[i].user, before.user)},
                      {"System", share(ticks[i].system, before.system)},
                      {"Idle", idle},
                      {"TotalPercent", busy}});
    }
    previous_ = ticks;
  }
  const MemoryUse memory = parse_memory_use(read_file("/proc/meminfo").value_or(""));
  auto disk_list = nlohmann::json::array();
  for (const auto& [device, mount] : disks(read_file("/proc/self/mounts").value_or(""))) {
    if (auto stats = disk_stats(mount, device); !stats.is_null())
      disk_list.push_back(std::move(stats));
  }
  const double share = ticks.empty() ? 0 : busy_sum / static_cast<double>(ticks.size()) / 100;
  const nlohmann::json stats = {
      {"AllocDirStats", disk_stats(data_dir_.string(), "")},
      {"CPU", std::move(cpus)},
      {"CPUTicksConsumed", share * static_cast<double>(total_mhz_)},
      {"DeviceStats", node_device_stats(*gpus_())},
      {"DiskStats", std::move(disk_list)},
      {"Memory",
       {{"Total", memory.total},
        {"Available", memory.available},
        {"Free", memory.free},
        {"Used", memory.used}}},
      {"Timestamp", now_wall_ns},
      {"Uptime", static_cast<std::int64_t>(
                     std::strtod(read_file("/proc/uptime").value_or("0").c_str(), nullptr))}};
  return stats.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace yurt::agent
