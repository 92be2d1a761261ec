#include "drivers/shim/process/cgroups.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "drivers/cgroup/kill.h"
#include "drivers/shim/process/small_file.h"
#include "drivers/shim/process/text.h"

namespace yurt::shim {
namespace {

using Path = Text<PATH_MAX>;

bool is_folder(const char* operation) { return operation[0] == 'D' || operation[0] == 'J'; }

// Writes "<file>=<value>" into `folder`.
bool write_setting(const char* folder, const char* setting) {
  const char* equals = std::strchr(setting, '=');
  if (equals == nullptr) {
    errno = EINVAL;
    return false;
  }
  Path path;
  path.append(folder).append("/").append(setting, static_cast<std::size_t>(equals - setting));
  return write_control_file(AT_FDCWD, path.c_str(), equals + 1, std::strlen(equals + 1)) == 0;
}

}  // namespace

bool Cgroups::create(int& detail) {
  // What is shared may be removed by the task that leaves it while we enter it: then once more.
  constexpr int most_tries = 20;
  for (int i = 1;; ++i) {
    if (try_create(detail)) return true;
    const bool gone = errno == ENOENT || errno == ENODEV;
    if (!gone || i == most_tries || spec_.cgroup_operations[0][0] != 'P') return false;
  }
}

bool Cgroups::try_create(int& detail) {
  const char* folder = nullptr;
  for (detail = 0; spec_.cgroup_operations[detail] != nullptr; ++detail) {
    const char* operation = spec_.cgroup_operations[detail];
    bool done = true;
    switch (operation[0]) {
      case 'D':
      case 'P':
        folder = operation + 1;
        done = ::mkdir(folder, 0755) == 0 || errno == EEXIST;
        break;
      case 'J': folder = operation + 1; break;
      case 'W': done = folder != nullptr && write_setting(folder, operation + 1); break;
      case 'w': done = folder != nullptr && (write_setting(folder, operation + 1) || true); break;
      default: errno = EINVAL; done = false;
    }
    if (done) continue;
    const int saved = errno;
    remove();
    errno = saved;
    return false;
  }
  return true;
}

bool Cgroups::join(bool already_in_v2, int& detail) const {
  for (detail = 0; spec_.cgroup_operations[detail] != nullptr; ++detail) {
    const char* operation = spec_.cgroup_operations[detail];
    if (!is_folder(operation) || (already_in_v2 && operation[0] == 'D')) continue;
    const Path path = Path().append(operation + 1).append("/cgroup.procs");
    if (write_control_file(AT_FDCWD, path.c_str(), "0", 1) != 0) return false;
  }
  return true;
}

int Cgroups::open_v2_folder() const {
  if (spec_.header->cgroup_version != 2) return -1;
  for (char** operation = spec_.cgroup_operations; *operation != nullptr; ++operation) {
    if ((*operation)[0] == 'D') return ::open(*operation + 1, O_PATH | O_DIRECTORY | O_CLOEXEC);
  }
  return -1;
}

bool Cgroups::kill_all() const {
  // Every process is in all the folders: one of them tells.
  for (char** operation = spec_.cgroup_operations; *operation != nullptr; ++operation) {
    if ((*operation)[0] == 'D') {
      return drivers::kill_cgroup(*operation + 1) != drivers::CgroupKill::signalled;
    }
  }
  return true;
}

const char* Cgroups::memory_folder() const {
  const int index = spec_.header->memory_operation;
  return index < 0 ? nullptr : spec_.cgroup_operations[index] + 1;
}

std::uint64_t Cgroups::memory_number(const char* file, const char* key) const {
  const char* folder = memory_folder();
  if (folder == nullptr) return 0;
  const Path path = Path().append(folder).append("/").append(file);
  char buffer[512];
  if (read_small_file(AT_FDCWD, path.c_str(), buffer, sizeof buffer) < 0) return 0;
  const char* at = buffer;
  if (*key != '\0') {
    // The key opens a line of its own: "oom_kill 1", not "oom_kill_disable 0".
    const std::size_t size = std::strlen(key);
    while (std::strncmp(at, key, size) != 0 || at[size] != ' ') {
      at = std::strchr(at, '\n');
      if (at == nullptr) return 0;
      ++at;
    }
    at += size + 1;
  }
  const std::int64_t number = take_number(at);
  return number < 0 ? 0 : static_cast<std::uint64_t>(number);
}

bool Cgroups::had_oom_kill(bool killed_by_signal) const {
  if (spec_.header->cgroup_version == 2) return memory_number("memory.events", "oom_kill") > 0;
  if (spec_.header->cgroup_version == 0) return false;
  if (memory_number("memory.oom_control", "oom_kill") > 0) return true;
  return killed_by_signal && memory_number("memory.failcnt", "") > 0;
}

std::uint64_t Cgroups::peak_memory_bytes() const {
  return memory_number(
      spec_.header->cgroup_version == 2 ? "memory.peak" : "memory.max_usage_in_bytes", "");
}

void Cgroups::remove() const {
  for (char** operation = spec_.cgroup_operations; *operation != nullptr; ++operation) {
    if ((*operation)[0] == 'D') ::rmdir(*operation + 1);
  }
  // Only the last to leave succeeds.
  for (char** operation = spec_.cgroup_operations; *operation != nullptr; ++operation) {
    if ((*operation)[0] == 'P') ::rmdir(*operation + 1);
  }
}

}  // namespace yurt::shim
