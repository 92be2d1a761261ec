// Device blocks: what is asked for, whole or in slices, and its alternatives.
#include <algorithm>

#include "base/size.h"
#include "jobspec/validate/checks.h"

namespace yurt::jobspec {
namespace {

// So many combinations of alternatives are tried for one group.
constexpr int most_alternatives = 32;

void check_device_name(const std::string& name, const std::string& path, Issues& issues) {
  if (name.empty()) {
    issues.error(path,
                 "a device needs a name: type, vendor/type or vendor/type/model, for "
                 "instance \"nvidia/gpu\"");
    return;
  }
  const auto first = name.find('/');
  const auto second = first == std::string::npos ? first : name.find('/', first + 1);
  const bool gap = name.starts_with('/') || name.ends_with('/') ||
                   (second != std::string::npos && second == first + 1);
  if (gap) {
    issues.error(path, quoted(name) +
                           " is no device's name: expected type, vendor/type or "
                           "vendor/type/model, for instance \"nvidia/gpu\"");
  }
}

void check_share(const model::ShareDevices& share, const std::string& path, Issues& issues) {
  if (!share.memory().empty()) {
    const auto memory = parse_size(share.memory());
    if (!memory.ok()) {
      issues.error(path_of(path, "memory"), memory.error().message);
    } else if (*memory == 0) {
      issues.error(path_of(path, "memory"), "memory must be above 0");
    }
  }
  if (share.has_fraction() && !(share.fraction() >= 0.000001 && share.fraction() <= 1)) {
    issues.error(path_of(path, "fraction"),
                 "fraction is a share of the device: above 0 (at least 0.000001) and at most 1");
  }
  if (share.has_max() && share.max() < 1) {
    issues.error(path_of(path, "max"),
                 "max is the number of tasks on the device, this one "
                 "included: at least 1, not " +
                     std::to_string(share.max()));
  }
  const bool enabled = !share.has_enabled() || share.enabled();
  if (enabled && share.memory().empty() && !share.has_fraction()) {
    issues.error(path, "share_devices needs memory, fraction or both: how large is the slice?");
  }
}

template <typename Request>
void check_request(const Request& device, const std::string& path, Issues& issues) {
  check_device_name(device.name(), path, issues);
  if (device.count() == 0) {
    issues.error(path_of(path, "count"), "a device's count must be at least 1");
  }
  check_constraints(device.constraint(), Level::device, path_of(path, "constraint"), issues);
  check_each_affinity(device.affinity(), path_of(path, "affinity"), issues);
  if (device.has_share_devices()) {
    check_share(device.share_devices(), path_of(path, "share_devices"), issues);
  }
}

}  // namespace

void check_device(const model::RequestedDevice& device, const std::string& path, Issues& issues) {
  check_request(device, path, issues);
  for (int i = 0; i < device.first_available_size(); ++i) {
    check_request(device.first_available(i), path_of(path, "first_available", i), issues);
  }
}

void check_alternatives(const model::TaskGroup& group, const std::string& path, Issues& issues) {
  std::int64_t combinations = 1;
  for (const auto& task : group.task()) {
    for (const auto& device : task.resources().device()) {
      combinations =
          std::min<std::int64_t>(combinations * (1 + device.first_available_size()), 1'000'000);
    }
  }
  if (combinations <= most_alternatives) return;
  issues.error(path, "the alternatives of the group's devices have " +
                         std::to_string(combinations) + " combinations; at most " +
                         std::to_string(most_alternatives) + " are tried");
}

Status check_devices(const List<model::RequestedDevice>& devices) {
  Issues issues;
  for (int i = 0; i < devices.size(); ++i) {
    check_device(devices[i], path_of("", "device", i), issues);
  }
  for (const Issue& issue : issues.list()) {
    if (issue.is_error) {
      return Error{ErrorCode::invalid_argument, issue.path + ": " + issue.message};
    }
  }
  return {};
}

}  // namespace yurt::jobspec
