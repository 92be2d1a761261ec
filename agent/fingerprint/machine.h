// What the kernel tells about the machine, parsed from its files. The parsing is pure, so that
// tests can hand in other machines' files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace yurt::agent {

struct CpuFacts {
  std::string model;          // "" where the kernel does not say
  std::vector<int> cores;     // ids this process may use, ascending
  std::int64_t core_mhz = 0;  // 0: not known
};

// `cpuinfo` as /proc/cpuinfo; max_frequency_khz from cpufreq, 0 when there is none. The frequency
// is cpufreq's, else the highest "cpu MHz", else what the model's name says ("@ 2.50GHz").
[[nodiscard]] CpuFacts parse_cpu(std::string_view cpuinfo, std::int64_t max_frequency_khz,
                                 std::vector<int> cores);
[[nodiscard]] CpuFacts read_cpu();

// MemTotal of /proc/meminfo in bytes; 0 when it can't be read.
[[nodiscard]] std::int64_t parse_memory_total(std::string_view meminfo);

struct OsFacts {
  std::string name;     // "debian"
  std::string version;  // "12"
};
// /etc/os-release.
[[nodiscard]] OsFacts parse_os_release(std::string_view text);

// The machine's architecture as Go names it: x86_64 → amd64, aarch64 → arm64.
[[nodiscard]] std::string go_architecture(const std::string& machine);

// The names of the signals a task can be sent, comma-separated and sorted.
[[nodiscard]] std::string signal_names();

// "v2", "v1" or "" where no cgroups are mounted, and where.
struct CgroupFacts {
  std::string version;
  std::string mount_point;
};
[[nodiscard]] CgroupFacts read_cgroups();

}  // namespace yurt::agent
