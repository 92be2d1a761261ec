#include "agent/gpu/process_owner.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "base/file.h"
#include "base/ids.h"

namespace yurt::agent {
namespace {

constexpr int most_ancestors = 32;
constexpr std::size_t uuid_length = 36;
constexpr std::size_t run_suffix_length = 9;  // ".1a2b3c4d"

std::string proc_file(const std::string& root, std::int32_t pid, const char* name) {
  return read_file(root + "/proc/" + std::to_string(pid) + "/" + name).value_or("");
}

std::optional<std::string> variable(const std::string& environment, std::string_view name) {
  std::size_t at = 0;
  while (at < environment.size()) {
    const std::size_t end = std::min(environment.find('\0', at), environment.size());
    const std::string_view entry(environment.data() + at, end - at);
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return std::string(entry.substr(name.size() + 1));
    }
    at = end + 1;
  }
  return std::nullopt;
}

GpuProcessOwner named_by_environment(std::int32_t pid, const std::string& root) {
  GpuProcessOwner owner;
  const std::string environment = proc_file(root, pid, "environ");
  const auto alloc = variable(environment, "NOMAD_ALLOC_ID");
  const auto task = variable(environment, "NOMAD_TASK_NAME");
  if (!alloc || !task) return owner;
  owner.alloc_id = *alloc;
  owner.task = *task;
  if (const auto index = variable(environment, "YURT_WORKER_INDEX")) {
    std::uint32_t number = 0;
    const char* const end = index->data() + index->size();
    if (std::from_chars(index->data(), end, number).ptr == end) owner.worker = number;
  }
  return owner;
}

// Cgroups of tasks are called "<allocation>.<task>.<8 digits>".
GpuProcessOwner named_by_cgroup(std::int32_t pid, const std::string& root) {
  GpuProcessOwner owner;
  const std::string text = proc_file(root, pid, "cgroup");
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find_first_of("/\n", at), text.size());
    const std::string_view part(text.data() + at, end - at);
    at = end + 1;
    if (part.size() <= uuid_length + 1 + run_suffix_length || part[uuid_length] != '.' ||
        part[part.size() - run_suffix_length] != '.') {
      continue;
    }
    const std::string id(part.substr(0, uuid_length));
    if (AllocId::parse_or_nil(id).is_nil()) continue;
    owner.alloc_id = id;
    owner.task = part.substr(uuid_length + 1, part.size() - uuid_length - 1 - run_suffix_length);
    break;
  }
  return owner;
}

std::int32_t parent_of(std::int32_t pid, const std::string& root) {
  const std::string stat = proc_file(root, pid, "stat");
  const std::size_t name_end = stat.rfind(')');  // the name may hold anything
  if (name_end == std::string::npos || name_end + 4 >= stat.size()) return 0;
  std::int32_t parent = 0;
  std::from_chars(stat.data() + name_end + 4, stat.data() + stat.size(), parent);
  return parent;
}

}  // namespace

GpuProcessOwner process_owner(std::int32_t pid, const std::string& root) {
  const GpuProcessOwner by_cgroup = named_by_cgroup(pid, root);
  for (int i = 0; i < most_ancestors && pid > 1; ++i) {
    GpuProcessOwner owner = named_by_environment(pid, root);
    if (!owner.alloc_id.empty() &&
        (by_cgroup.alloc_id.empty() || owner.alloc_id == by_cgroup.alloc_id)) {
      return owner;
    }
    pid = parent_of(pid, root);
  }
  return by_cgroup;
}

}  // namespace yurt::agent
