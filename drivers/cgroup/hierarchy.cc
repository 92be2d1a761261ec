#include "drivers/cgroup/hierarchy.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "base/file.h"
#include "base/unique_fd.h"

namespace yurt::drivers {
namespace {

constexpr std::array<const char*, 3> used_controllers = {"cpu", "memory", "cpuset"};
// v1's only, and worth no warning where it is missing: most machines have nothing to deny.
constexpr const char* devices_controller = "devices";

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

bool listed(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// proc(5) writes space, tab, newline and backslash of a path as three octal digits.
std::string unescape(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

struct Mount {
  std::string folder;
  std::string type;
  std::vector<std::string> options;
};

// The cgroup mounts of a mountinfo file (proc(5)): "36 35 98:0 / /mnt rw,... [tags] - type source
// options".
std::vector<Mount> cgroup_mounts(const std::string& mountinfo) {
  std::vector<Mount> mounts;
  for (const std::string& line : split(mountinfo, '\n')) {
    const std::vector<std::string> fields = split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 5 || fields.end() - dash < 4) continue;
    if (dash[1] != "cgroup" && dash[1] != "cgroup2") continue;
    mounts.push_back({unescape(fields[4]), dash[1], split(dash[3], ',')});
  }
  return mounts;
}

std::string read_or_empty(const std::string& path) {
  std::string text = read_file(path).value_or("");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

Status write_existing(const std::string& path, const std::string& text) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return system_error("cannot open " + path, errno);
  if (::write(fd.get(), text.data(), text.size()) < 0) {
    return system_error("cannot write \"" + text + "\" to " + path, errno);
  }
  return {};
}

// Every folder from the mount down to the parent, the mount first.
std::vector<std::string> folders_down_to(const std::string& mount, const std::string& parent) {
  std::vector<std::string> folders{mount};
  for (const std::string& part : split(parent, '/')) folders.push_back(folders.back() + "/" + part);
  return folders;
}

void give_up(CgroupHierarchy& hierarchy, const std::string& why) {
  hierarchy.version = CgroupVersion::none;
  hierarchy.mounts.clear();
  hierarchy.warnings.push_back("tasks run without CPU and memory limits: " + why);
}

void prepare_v2(CgroupHierarchy& hierarchy) {
  const std::string mount = hierarchy.mounts.at("");
  const std::vector<std::string> folders = folders_down_to(mount, hierarchy.parent);
  const Status made = make_folders(folders.back());
  if (!made.ok()) return give_up(hierarchy, made.error().message);
  for (const char* controller : used_controllers) {
    if (!hierarchy.has(controller)) continue;
    for (const std::string& folder : folders) {
      const std::string file = folder + "/cgroup.subtree_control";
      if (listed(split(read_or_empty(file), ' '), controller)) continue;
      const Status enabled = write_existing(file, std::string("+") + controller);
      if (enabled.ok()) continue;
      hierarchy.warnings.push_back("tasks run without the cgroup controller " +
                                   std::string(controller) + ": " + enabled.error().message);
      hierarchy.mounts.erase(controller);
      break;
    }
  }
}

// A v1 cpuset is empty when made, and takes no process until both its sets are filled.
Status fill_cpuset(const std::vector<std::string>& folders) {
  for (std::size_t i = 1; i < folders.size(); ++i) {
    for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
      if (read_or_empty(folders[i] + file).empty()) {
        YURT_TRY(write_existing(folders[i] + file, read_or_empty(folders[i - 1] + file)));
      }
    }
  }
  return {};
}

void prepare_v1(CgroupHierarchy& hierarchy) {
  for (const char* controller : used_controllers) {
    if (!hierarchy.has(controller)) continue;
    const std::vector<std::string> folders =
        folders_down_to(hierarchy.mounts.at(controller), hierarchy.parent);
    Status ready = make_folders(folders.back());
    if (ready.ok() && std::string(controller) == "cpuset") {
      ready = fill_cpuset(folders);
      hierarchy.cpuset_memory_nodes = read_or_empty(folders.back() + "/cpuset.mems");
    }
    if (ready.ok()) continue;
    hierarchy.warnings.push_back("tasks run without the cgroup controller " +
                                 std::string(controller) + ": " + ready.error().message);
    hierarchy.mounts.erase(controller);
  }
  if (hierarchy.has(devices_controller) &&
      !make_folders(hierarchy.parent_folder(devices_controller)).ok()) {
    hierarchy.mounts.erase(devices_controller);
  }
  if (hierarchy.mounts.empty()) give_up(hierarchy, "no control group can be written");
}

}  // namespace

const char* CgroupHierarchy::version_name() const {
  switch (version) {
    case CgroupVersion::v1: return "v1";
    case CgroupVersion::v2: return "v2";
    case CgroupVersion::none: break;
  }
  return "none";
}

CgroupHierarchy detect_cgroups(const CgroupOptions& options) {
  CgroupHierarchy hierarchy;
  hierarchy.parent = options.parent;
  std::string v2_mount;
  std::vector<std::string> v2_controllers;
  std::map<std::string, std::string> v1_mounts;
  std::string v1_devices;
  for (const Mount& mount :
       cgroup_mounts(read_or_empty(options.root_prefix + "/proc/self/mountinfo"))) {
    const std::string folder = options.root_prefix + mount.folder;
    if (mount.type == "cgroup2") {
      if (!v2_mount.empty()) continue;
      v2_mount = folder;
      v2_controllers = split(read_or_empty(folder + "/cgroup.controllers"), ' ');
      continue;
    }
    for (const char* controller : used_controllers) {
      if (listed(mount.options, controller)) v1_mounts.emplace(controller, folder);
    }
    if (listed(mount.options, devices_controller)) v1_devices = folder;
  }
  const bool v2_limits = listed(v2_controllers, "cpu") || listed(v2_controllers, "memory");
  if (!v2_mount.empty() && (v2_limits || v1_mounts.empty())) {
    hierarchy.version = CgroupVersion::v2;
    hierarchy.mounts.emplace("", v2_mount);
    for (const char* controller : used_controllers) {
      if (listed(v2_controllers, controller)) hierarchy.mounts.emplace(controller, v2_mount);
    }
  } else if (!v1_mounts.empty()) {
    hierarchy.version = CgroupVersion::v1;
    hierarchy.mounts = std::move(v1_mounts);
    if (!v1_devices.empty()) hierarchy.mounts.emplace(devices_controller, v1_devices);
  } else {
    give_up(hierarchy, "no cgroup file system is mounted");
    return hierarchy;
  }
  for (const char* controller : used_controllers) {
    if (!hierarchy.has(controller)) {
      hierarchy.warnings.push_back("tasks run without the cgroup controller " +
                                   std::string(controller) + ": the machine does not offer it");
    }
  }
  return hierarchy;
}

void prepare_cgroups(CgroupHierarchy& hierarchy) {
  if (hierarchy.version == CgroupVersion::v2) prepare_v2(hierarchy);
  if (hierarchy.version == CgroupVersion::v1) prepare_v1(hierarchy);
}

}  // namespace yurt::drivers
