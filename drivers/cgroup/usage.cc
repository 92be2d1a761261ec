#include "drivers/cgroup/usage.h"

#include <poll.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"
#include "drivers/cgroup/kill.h"

namespace yurt::drivers {
namespace {

// The pause between two looks at a group whose processes have been killed.
constexpr int kill_interval_ms = 2;

std::int64_t to_number(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::int64_t read_number(const std::string& path) {
  return to_number(read_file(path).value_or(""));
}

// The number after "key " in a file of such lines; 0 when it is not there.
std::int64_t value_of(const std::string& text, std::string_view key) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line(text.data() + at, end - at);
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ') {
      return to_number(line.substr(key.size() + 1));
    }
    at = end + 1;
  }
  return 0;
}

// Groups within a group; they may vanish at any time.
std::vector<std::string> child_folders(const std::string& folder) {
  std::vector<std::string> children;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_directory(ignored)) children.push_back(entry->path());
  }
  return children;
}

void append_processes(const std::string& folder, std::vector<std::int32_t>& processes) {
  const std::string text = read_file(folder + "/cgroup.procs").value_or("");
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::int64_t pid = to_number(std::string_view(text).substr(at, end - at));
    if (pid > 0) processes.push_back(static_cast<std::int32_t>(pid));
    at = end + 1;
  }
  for (const std::string& child : child_folders(folder)) append_processes(child, processes);
}

void remove_tree(const std::string& folder) {
  for (const std::string& child : child_folders(folder)) remove_tree(child);
  ::rmdir(folder.c_str());
}

}  // namespace

CgroupMemory read_memory(const CgroupFolders& folders) {
  CgroupMemory memory;
  if (folders.memory.empty()) return memory;
  const std::string base = folders.memory + "/";
  const std::string stat = read_file(base + "memory.stat").value_or("");
  if (folders.version == CgroupVersion::v2) {
    memory.usage_bytes = read_number(base + "memory.current");
    memory.rss_bytes = value_of(stat, "anon");
    memory.cache_bytes = value_of(stat, "file");
    memory.swap_bytes = read_number(base + "memory.swap.current");
    memory.peak_bytes = read_number(base + "memory.peak");
  } else {
    memory.usage_bytes = read_number(base + "memory.usage_in_bytes");
    memory.rss_bytes = value_of(stat, "total_rss");
    memory.cache_bytes = value_of(stat, "total_cache");
    memory.swap_bytes = value_of(stat, "total_swap");
    memory.peak_bytes = read_number(base + "memory.max_usage_in_bytes");
  }
  return memory;
}

std::int64_t read_throttled_ns(const CgroupFolders& folders) {
  for (const std::string& folder : folders.made) {
    const Result<std::string> stat = read_file(folder + "/cpu.stat");
    if (!stat.ok()) continue;
    return folders.version == CgroupVersion::v2 ? value_of(*stat, "throttled_usec") * 1000
                                                : value_of(*stat, "throttled_time");
  }
  return 0;
}

std::vector<std::int32_t> read_processes(const CgroupFolders& folders) {
  std::vector<std::int32_t> processes;
  // Every process is in all the folders: the first will do.
  if (!folders.made.empty()) append_processes(folders.made.front(), processes);
  return processes;
}

Status kill_and_remove(const CgroupFolders& folders, std::int64_t timeout_ns) {
  const SystemClock clock;
  const std::int64_t deadline = clock.steady_ns() + timeout_ns;
  for (const std::string& folder : folders.made) {
    while (kill_cgroup(folder.c_str()) == CgroupKill::signalled) {
      if (clock.steady_ns() >= deadline) {
        return Error{ErrorCode::deadline_exceeded,
                     "processes in " + folder +
                         " do not end although they were killed; they hang "
                         "in the kernel (a dead disk, network file system or GPU?)"};
      }
      ::poll(nullptr, 0, kill_interval_ms);
    }
    remove_tree(folder);
    // The last to leave what workers share takes it along; while others are in it this fails.
    const std::string parent = std::filesystem::path(folder).parent_path();
    if (is_limits_folder(parent)) ::rmdir(parent.c_str());
  }
  return {};
}

}  // namespace yurt::drivers
