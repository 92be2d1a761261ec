#include "drivers/raw_exec/lookup.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>

namespace yurt::drivers {
namespace {

constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

enum class Program { found, not_executable, missing };

Program look_at(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return Program::missing;
  if (!S_ISREG(info.st_mode)) return Program::not_executable;
  // Any executable bit: whether the task's own user may use it shows at the exec.
  return (info.st_mode & 0111) != 0 ? Program::found : Program::not_executable;
}

std::string path_of(const std::vector<std::pair<std::string, std::string>>& env) {
  std::string path = default_path;
  for (const auto& [name, value] : env) {
    if (name == "PATH") path = value;
  }
  return path;
}

bool parse_id(std::string_view text, std::uint32_t& id) {
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, id);
  return !text.empty() && error == std::errc() && rest == end;
}

}  // namespace

Result<std::string> find_command(const std::string& command, const std::string& task_folder,
                                 const std::vector<std::pair<std::string, std::string>>& env) {
  std::vector<std::string> candidates;
  std::string looked_at;
  if (command.starts_with('/')) {
    candidates = {command};
    looked_at = "there is no such file";
  } else {
    candidates = {task_folder + "/local/" + command, task_folder + "/" + command};
    looked_at = "it is neither in the task's folder";
    if (command.find('/') == std::string::npos) {
      const std::string path = path_of(env);
      for (std::size_t at = 0; at <= path.size();) {
        const std::size_t end = std::min(path.find(':', at), path.size());
        if (end > at && path[at] == '/') {
          candidates.push_back(path.substr(at, end - at) + "/" + command);
        }
        at = end + 1;
      }
      looked_at += " nor in its PATH (" + path + ")";
    } else {
      looked_at += " nor in its local folder";
    }
  }
  std::string not_executable;
  for (const std::string& candidate : candidates) {
    switch (look_at(candidate)) {
      case Program::found: return candidate;
      case Program::not_executable:
        if (not_executable.empty()) not_executable = candidate;
        break;
      case Program::missing: break;
    }
  }
  if (!not_executable.empty()) {
    return Error{ErrorCode::permission_denied,
                 "the command " + not_executable + " is not an executable file"};
  }
  return Error{ErrorCode::not_found, "the command \"" + command + "\" was not found: " + looked_at};
}

Result<std::optional<UserIds>> find_user(const std::string& user) {
  if (user.empty()) return std::optional<UserIds>();
  std::vector<char> buffer(16 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  std::uint32_t number = 0;
  const bool numeric = parse_id(user, number);
  int error = ::getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr && numeric) {
    error = ::getpwuid_r(number, &entry, buffer.data(), buffer.size(), &found);
  }
  UserIds ids;
  if (found != nullptr) {
    ids.uid = found->pw_uid;
    ids.gid = found->pw_gid;
    int count = 64;
    ids.groups.resize(static_cast<std::size_t>(count));
    while (::getgrouplist(found->pw_name, found->pw_gid, ids.groups.data(), &count) < 0) {
      ids.groups.resize(static_cast<std::size_t>(count));
    }
    ids.groups.resize(static_cast<std::size_t>(count));
  } else if (numeric) {
    // A number without an account, as container images and shared file systems use them.
    ids.uid = ids.gid = number;
    ids.groups = {number};
  } else if (error != 0 && error != ENOENT && error != ESRCH) {
    return system_error("cannot look up the user \"" + user + "\"", error);
  } else {
    return Error{ErrorCode::not_found, "there is no user \"" + user + "\" on this machine"};
  }
  if (ids.uid == ::geteuid() && ids.gid == ::getegid()) return std::optional<UserIds>();
  if (::geteuid() != 0) {
    return Error{ErrorCode::permission_denied,
                 "cannot run the task as \"" + user +
                     "\": the agent must run as root to run tasks as another user"};
  }
  return std::optional(std::move(ids));
}

Result<IdRanges> parse_id_ranges(const std::string& text) {
  IdRanges ranges;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    std::string part = text.substr(at, end - at);
    std::erase(part, ' ');
    const std::size_t dash = std::min(part.find('-'), part.size());
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    const bool sound =
        parse_id(std::string_view(part).substr(0, dash), from) &&
        (dash == part.size() ? (to = from, true)
                             : parse_id(std::string_view(part).substr(dash + 1), to));
    if (!sound || from > to) {
      return Error{ErrorCode::invalid_argument,
                   "\"" + part + "\" is no id and no range of ids (e.g. 0,100-200)"};
    }
    ranges.emplace_back(from, to);
    at = end + 1;
  }
  return ranges;
}

bool contains(const IdRanges& ranges, std::uint32_t id) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [id](const auto& range) { return range.first <= id && id <= range.second; });
}

}  // namespace yurt::drivers
