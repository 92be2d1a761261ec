#include "drivers/shim/launch_spec.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "drivers/shim/protocol.h"

namespace yurt::drivers {
namespace {

template <typename T>
void append_raw(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// NAME=value for each name once, in the order of first mention.
std::vector<std::string> environment_of(
    const std::vector<std::pair<std::string, std::string>>& env) {
  std::vector<std::string> reversed;
  std::set<std::string_view> seen;
  for (auto pair = env.rbegin(); pair != env.rend(); ++pair) {
    if (seen.insert(pair->first).second) reversed.push_back(pair->first + "=" + pair->second);
  }
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

}  // namespace

Result<std::string> encode(const LaunchSpec& spec) {
  const std::vector<std::string> environment = environment_of(spec.env);
  std::string text;
  Status sound;
  const auto add = [&text, &sound](const std::string& value, const char* what) {
    if (value.find('\0') != std::string::npos && sound.ok()) {
      sound = Error{ErrorCode::invalid_argument,
                    std::string(what) + " contains a NUL byte, which a process cannot be given"};
    }
    text.append(value).push_back('\0');
  };
  add(spec.program, "the command");
  add(spec.work_folder, "the working folder");
  add(spec.logs.folder, "the log folder");
  add(spec.logs.prefix + ".stdout.", "the log prefix");
  add(spec.logs.prefix + ".stderr.", "the log prefix");
  for (const std::string& argument : spec.arguments) add(argument, "an argument");
  for (const std::string& variable : environment) add(variable, "an environment variable");
  for (const std::string& operation : spec.cgroups.operations) add(operation, "a cgroup path");
  YURT_TRY(sound);

  const UserIds user = spec.user.value_or(UserIds{});
  shim::SpecHeader header{};
  header.magic = shim::spec_magic;
  header.version = shim::protocol_version;
  header.text_bytes = static_cast<std::uint32_t>(text.size());
  header.argument_count = static_cast<std::uint32_t>(spec.arguments.size());
  header.environment_count = static_cast<std::uint32_t>(environment.size());
  header.cgroup_operation_count = static_cast<std::uint32_t>(spec.cgroups.operations.size());
  header.cgroup_version = static_cast<std::uint32_t>(spec.cgroups.version);
  header.memory_operation = spec.cgroups.memory_operation;
  header.switch_user = spec.user ? 1 : 0;
  header.uid = user.uid;
  header.gid = user.gid;
  header.group_count = static_cast<std::uint32_t>(user.groups.size());
  header.oom_score_adj = spec.oom_score_adj;
  header.log_disabled = spec.logs.disabled ? 1 : 0;
  header.log_max_files = static_cast<std::uint32_t>(std::max<std::int64_t>(1, spec.logs.max_files));
  header.log_max_bytes =
      static_cast<std::uint64_t>(std::max<std::int64_t>(1, spec.logs.max_file_size_mib)) << 20;
  std::string bytes;
  bytes.reserve(sizeof header + user.groups.size() * 4 + text.size());
  append_raw(bytes, header);
  for (std::uint32_t group : user.groups) append_raw(bytes, group);
  return bytes + text;
}

}  // namespace yurt::drivers
