#include "drivers/shim/process_table.h"

#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <set>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"

namespace yurt::drivers {
namespace {

std::int64_t ticks_to_ns(std::int64_t ticks) {
  static const std::int64_t ticks_per_second = ::sysconf(_SC_CLK_TCK);
  return ticks * (nanoseconds_per_second / ticks_per_second);
}

std::int64_t to_number(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::optional<ProcessStat> read_process(std::int32_t pid) {
  const Result<std::string> text = read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!text.ok()) return std::nullopt;
  // Field 2, the name in parentheses, may hold anything; count from its end. Fields as in proc(5).
  const std::size_t name_end = text->rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::string_view rest(*text);
  rest.remove_prefix(name_end + 2);
  ProcessStat stat;
  stat.pid = pid;
  for (int field = 3; field <= 24 && !rest.empty(); ++field) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, space);
    switch (field) {
      case 3: stat.state = word.empty() ? '?' : word[0]; break;
      case 4: stat.parent = static_cast<std::int32_t>(to_number(word)); break;
      case 6: stat.session = static_cast<std::int32_t>(to_number(word)); break;
      case 14:
      case 15: stat.cpu_time_ns += ticks_to_ns(to_number(word)); break;
      case 16:
      case 17: stat.reaped_children_cpu_ns += ticks_to_ns(to_number(word)); break;
      case 22: stat.start_ticks = to_number(word); break;
      case 24: stat.rss_bytes = to_number(word) * ::sysconf(_SC_PAGESIZE); break;
      default: break;
    }
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  return stat;
}

std::vector<ProcessStat> read_all_processes() {
  std::vector<ProcessStat> all;
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc", error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name[0] < '1' || name[0] > '9') continue;
    if (auto stat = read_process(static_cast<std::int32_t>(to_number(name)))) all.push_back(*stat);
  }
  return all;
}

std::vector<ProcessStat> descendants_of(std::int32_t ancestor,
                                        const std::vector<ProcessStat>& all) {
  std::set<std::int32_t> family{ancestor};
  std::vector<ProcessStat> found;
  // Pids wrap, so a child may be listed before its parent: go round until nobody is added.
  for (bool grew = true; grew;) {
    grew = false;
    for (const ProcessStat& process : all) {
      if (!family.contains(process.parent) || !family.insert(process.pid).second) continue;
      found.push_back(process);
      grew = true;
    }
  }
  return found;
}

std::string boot_id() {
  std::string id = read_file("/proc/sys/kernel/random/boot_id").value_or("");
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id.empty() ? "unknown" : id;
}

}  // namespace yurt::drivers
