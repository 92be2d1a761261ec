#include "agent/fingerprint/machine.h"

#include <linux/magic.h>
#include <sched.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "base/file.h"
#include "drivers/signals.h"

namespace yurt::agent {
namespace {

std::string trimmed(std::string_view text) {
  const char* spaces = " \t\r\n\"";
  const std::size_t from = text.find_first_not_of(spaces);
  if (from == std::string_view::npos) return "";
  return std::string(text.substr(from, text.find_last_not_of(spaces) - from + 1));
}

// Calls `f(name, value)` for every line "name<separator>value".
template <typename F>
void each_line(std::string_view text, char separator, F f) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::size_t middle = line.find(separator);
    if (middle != std::string_view::npos) {
      f(trimmed(line.substr(0, middle)), trimmed(line.substr(middle + 1)));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// "… @ 2.50GHz" → 2500
std::int64_t mhz_of_name(const std::string& model) {
  const std::size_t at = model.rfind('@');
  if (at == std::string::npos) return 0;
  char* unit = nullptr;
  const double number = std::strtod(model.c_str() + at + 1, &unit);
  const std::string rest = trimmed(unit);
  if (rest.rfind("GHz", 0) == 0) return static_cast<std::int64_t>(std::lround(number * 1000));
  if (rest.rfind("MHz", 0) == 0) return static_cast<std::int64_t>(std::lround(number));
  return 0;
}

std::vector<int> usable_cores() {
  std::vector<int> cores;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int core = 0; core < CPU_SETSIZE; ++core) {
      if (CPU_ISSET(core, &set)) cores.push_back(core);
    }
  }
  return cores;
}

std::int64_t max_frequency_khz(int core) {
  const std::string folder = "/sys/devices/system/cpu/cpu" + std::to_string(core) + "/cpufreq/";
  for (const char* file : {"base_frequency", "cpuinfo_max_freq"}) {
    const auto text = read_file(folder + file);
    if (text.ok()) return std::strtoll(text->c_str(), nullptr, 10);
  }
  return 0;
}

}  // namespace

CpuFacts parse_cpu(std::string_view cpuinfo, std::int64_t max_frequency_khz_of_core,
                   std::vector<int> cores) {
  CpuFacts facts;
  facts.cores = std::move(cores);
  double highest_mhz = 0;
  each_line(cpuinfo, ':', [&](const std::string& name, const std::string& value) {
    if (facts.model.empty() && (name == "model name" || name == "Model" || name == "cpu model")) {
      facts.model = value;
    }
    if (name == "cpu MHz") highest_mhz = std::max(highest_mhz, std::strtod(value.c_str(), nullptr));
  });
  facts.core_mhz = max_frequency_khz_of_core / 1000;
  if (facts.core_mhz == 0) facts.core_mhz = static_cast<std::int64_t>(std::lround(highest_mhz));
  if (facts.core_mhz == 0) facts.core_mhz = mhz_of_name(facts.model);
  return facts;
}

CpuFacts read_cpu() {
  auto cores = usable_cores();
  const std::int64_t khz = cores.empty() ? 0 : max_frequency_khz(cores.front());
  return parse_cpu(read_file("/proc/cpuinfo").value_or(""), khz, std::move(cores));
}

std::int64_t parse_memory_total(std::string_view meminfo) {
  std::int64_t total_kb = 0;
  each_line(meminfo, ':', [&](const std::string& name, const std::string& value) {
    if (name == "MemTotal") total_kb = std::strtoll(value.c_str(), nullptr, 10);
  });
  return total_kb * 1024;
}

OsFacts parse_os_release(std::string_view text) {
  OsFacts facts;
  each_line(text, '=', [&](const std::string& name, const std::string& value) {
    if (name == "ID") facts.name = value;
    if (name == "VERSION_ID") facts.version = value;
  });
  return facts;
}

std::string go_architecture(const std::string& machine) {
  static const std::map<std::string, std::string> names = {
      {"x86_64", "amd64"}, {"aarch64", "arm64"},   {"armv7l", "arm"},
      {"i686", "386"},     {"ppc64le", "ppc64le"}, {"s390x", "s390x"}};
  const auto found = names.find(machine);
  return found == names.end() ? machine : found->second;
}

std::string signal_names() {
  std::set<std::string> names;
  for (int number = 1; number < 32; ++number) names.insert(drivers::signal_name(number));
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

CgroupFacts read_cgroups() {
  struct statfs info {};
  const char* const root = "/sys/fs/cgroup";
  if (::statfs(root, &info) != 0) return {};
  if (info.f_type == CGROUP2_SUPER_MAGIC) return {"v2", root};
  const std::string unified = std::string(root) + "/unified";
  if (::statfs((std::string(root) + "/memory").c_str(), &info) == 0) return {"v1", root};
  if (::statfs(unified.c_str(), &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC) {
    return {"v2", unified};
  }
  return {};
}

}  // namespace yurt::agent
