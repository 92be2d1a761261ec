#include "server/api/variable_checks.h"

#include <algorithm>
#include <cctype>

#include "base/duration.h"

namespace yurt::server {
namespace {

Error bad_path(const std::string& path, const std::string& why) {
  return {ErrorCode::invalid_argument, "invalid path \"" + path + "\": " + why};
}

Status check_lock_time(const char* what, std::int64_t ns, std::int64_t least) {
  if (ns >= least && ns <= longest_lock_ttl_ns) return {};
  return Error{ErrorCode::invalid_argument, std::string("the lock's ") + what + " must be " +
                                                format_duration(least) + " to 24h, not " +
                                                format_duration(ns)};
}

}  // namespace

Status check_variable_path(const std::string& path) {
  if (path.empty()) return Error{ErrorCode::invalid_argument, "missing path of the variable"};
  const bool allowed = std::all_of(path.begin(), path.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '~' || c == '/';
  });
  if (!allowed || path.size() > longest_variable_path) {
    return bad_path(path, "1 to 128 letters, digits and the characters - _ ~ / are allowed");
  }
  if (path.front() == '/' || path.back() == '/' || path.find("//") != std::string::npos) {
    return bad_path(path, "it must not begin or end with a slash, nor hold two in a row");
  }
  const bool reserved = path == "nomad" || path.starts_with("nomad/");
  const auto lies_below = [&](const std::string& folder) {
    return path == folder || path.starts_with(folder + "/");
  };
  if (reserved && !lies_below("nomad/jobs") && !lies_below("nomad/job-templates")) {
    return bad_path(path,
                    "below \"nomad\" only \"nomad/jobs\" and \"nomad/job-templates\" may be used");
  }
  return {};
}

Status check_variable_items(const model::Variable& variable) {
  if (variable.items().empty()) {
    return Error{ErrorCode::invalid_argument, "the variable has no items: Items is required"};
  }
  std::size_t bytes = 0;
  for (const auto& [name, value] : variable.items()) {
    if (name.empty()) {
      return Error{ErrorCode::invalid_argument, "an item of the variable has no name"};
    }
    bytes += name.size() + value.size();
  }
  if (bytes <= most_variable_bytes) return {};
  return Error{ErrorCode::invalid_argument, "the variable's items take " + std::to_string(bytes) +
                                                " bytes: at most 65536 (64 KiB) are allowed"};
}

Status complete_lock(model::VariableLock& lock) {
  if (lock.ttl() == 0) lock.set_ttl(default_lock_ttl_ns);
  if (lock.lock_delay() == 0) lock.set_lock_delay(default_lock_delay_ns);
  YURT_TRY(check_lock_time("TTL", lock.ttl(), shortest_lock_ttl_ns));
  return check_lock_time("LockDelay", lock.lock_delay(), 1);
}

}  // namespace yurt::server
