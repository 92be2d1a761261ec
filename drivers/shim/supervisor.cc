#include "drivers/shim/supervisor.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "base/clock.h"
#include "base/file.h"
#include "drivers/cgroup/usage.h"
#include "drivers/shim/packet_io.h"
#include "drivers/shim/process_table.h"
#include "drivers/shim/shim_task.h"
#include "drivers/shim/start_failure.h"

namespace yurt::drivers {
namespace {

constexpr const char* lock_name = ".lock";
constexpr std::int64_t leftover_kill_timeout_ns = nanoseconds_per_second;

Result<UniqueFd> lock_folder(const std::string& folder) {
  const std::string path = folder + "/" + lock_name;
  while (true) {
    UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock.valid()) return system_error("cannot create the lock of " + folder, errno);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      return Error{ErrorCode::failed_precondition,
                   "another agent runs with the same data folder (" + folder + " is locked)"};
    }
    // The agent before us removes the file as it ends: what we have locked must still be it.
    struct stat ours {};
    struct stat there {};
    if (::fstat(lock.get(), &ours) == 0 && ::stat(path.c_str(), &there) == 0 &&
        ours.st_ino == there.st_ino) {
      return lock;
    }
  }
}

// The folder may lie where everybody can make one (/dev/shm): who made this one could command the
// shims.
Status check_ours(const std::string& folder) {
  struct stat info {};
  if (::lstat(folder.c_str(), &info) != 0) return system_error("cannot use " + folder, errno);
  if (S_ISDIR(info.st_mode) && info.st_uid == ::geteuid() && (info.st_mode & 022) == 0) return {};
  return Error{ErrorCode::failed_precondition,
               folder + " is not a folder that belongs to the agent's user alone; remove it"};
}

// The names of the folders in `path` that are task ids (or boot ids, which look the same).
std::vector<std::string> subfolders(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(path, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (is_valid_task_id(name) && entry->is_directory(ignored)) names.push_back(std::move(name));
  }
  return names;
}

Result<UniqueFd> memory_file(const std::string& content) {
  UniqueFd fd(::memfd_create("yurt-spec", MFD_CLOEXEC));
  if (!fd.valid()) return system_error("cannot create a memory file", errno);
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t written = ::write(fd.get(), content.data() + done, content.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("cannot write a memory file", errno);
    done += static_cast<std::size_t>(written);
  }
  return fd;
}

}  // namespace

Result<std::unique_ptr<Supervisor>> Supervisor::open(SupervisorOptions options) {
  YURT_TRY(make_folders(options.state_folder, 0700));
  YURT_TRY(check_ours(options.state_folder));
  YURT_TRY(make_folders(options.state_folder + "/" + boot_id(), 0700));
  YURT_ASSIGN(UniqueFd lock, lock_folder(options.state_folder));
  YURT_ASSIGN(std::unique_ptr<EventLoop> loop, EventLoop::create());
  return std::unique_ptr<Supervisor>(
      new Supervisor(std::move(options), std::move(lock), std::move(loop)));
}

Supervisor::Supervisor(SupervisorOptions options, UniqueFd lock, std::unique_ptr<EventLoop> loop)
    : options_(std::move(options)),
      boot_id_(drivers::boot_id()),
      lock_(std::move(lock)),
      launcher_(options_.shim_program),
      loop_(std::move(loop)) {}

Supervisor::~Supervisor() {
  std::unique_lock lock(mutex_);
  start_over_.wait(lock, [this] { return starting_.empty(); });
  // Nothing is left behind where no task is.
  if (::rmdir((options_.state_folder + "/" + boot_id_).c_str()) == 0) {
    ::unlink((options_.state_folder + "/" + lock_name).c_str());
    ::rmdir(options_.state_folder.c_str());
  }
}

std::string Supervisor::state_path(const std::string& boot, const std::string& id) const {
  return options_.state_folder + "/" + boot + "/" + id;
}

void Supervisor::forget_start(const std::string& id) {
  std::lock_guard lock(mutex_);
  starting_.erase(id);
  start_over_.notify_all();
}

void Supervisor::start(LaunchSpec spec, StartEvents events) {
  Status launched = Error{ErrorCode::invalid_argument, "\"" + spec.id + "\" is not a task id"};
  if (is_valid_task_id(spec.id)) {
    bool first = false;
    {
      std::lock_guard lock(mutex_);
      first = starting_.insert(spec.id).second;
    }
    launched = first ? launch(spec, events)
                     : Error{ErrorCode::already_exists, "this task is being started already"};
    if (first && !launched.ok()) forget_start(spec.id);
  }
  if (launched.ok()) return;
  refuse(launched.error(), std::move(events));
}

void Supervisor::refuse(Error error, StartEvents events) {
  loop_->post([done = std::move(events.on_done), error = std::move(error)] { done(error); });
}

Status Supervisor::launch(const LaunchSpec& spec, StartEvents& events) {
  YURT_ASSIGN(const std::string encoded, encode(spec));
  YURT_ASSIGN(const UniqueFd spec_file, memory_file(encoded));
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return system_error("cannot create a socket", errno);
  }
  UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);

  auto supervision =
      std::make_shared<Supervision>(*loop_, background_, state_path(boot_id_, spec.id),
                                    Reattach{spec.id, boot_id_, {}, folders_of(spec.cgroups)});
  const StateFolder& folder = supervision->folder();
  YURT_ASSIGN(const UniqueFd folder_fd, folder.create());
  const Result<UniqueFd> listener = listen_for_agents(folder_fd.get());
  auto explain = [context = StartContext{spec.program, spec.work_folder, spec.cgroups.operations}](
                     const shim::StartFailure& failure) {
    return explain_start_failure(context, failure);
  };
  auto on_started = [this, supervision, done = events.on_done](const Status& started) {
    const std::string id = supervision->reattach().id;
    if (started.ok()) {
      done(std::shared_ptr<Task>(std::make_shared<ShimTask>(supervision)));
    } else {
      done(started.error());
    }
    forget_start(id);
  };
  Status ready = listener.ok() ? Status() : listener.error();
  if (ready.ok()) {
    ready = supervision->await_start(std::move(ours), std::move(explain), std::move(on_started));
  }
  if (ready.ok()) {
    ready = launcher_.launch(folder_fd.get(), listener->get(), theirs.get(), spec_file.get());
  }
  if (!ready.ok()) {
    supervision->cancel_start();
    folder.remove();
  }
  // Once handed over, every outcome comes through the connection.
  return ready;
}

Result<std::shared_ptr<Task>> Supervisor::recover(std::string_view reattach_state) {
  YURT_ASSIGN(Reattach reattach, parse_reattach(reattach_state));
  std::string path = state_path(reattach.boot_id, reattach.id);
  auto supervision =
      std::make_shared<Supervision>(*loop_, background_, std::move(path), std::move(reattach));
  supervision->resume();
  return std::shared_ptr<Task>(std::make_shared<ShimTask>(std::move(supervision)));
}

Result<std::vector<std::string>> Supervisor::discover() {
  std::vector<std::string> found;
  for (const std::string& boot : subfolders(options_.state_folder)) {
    for (const std::string& id : subfolders(options_.state_folder + "/" + boot)) {
      if (auto reattach = discover_one(boot, id)) found.push_back(encode(*reattach));
    }
    // Goes once the last of an earlier boot's tasks has been destroyed.
    if (boot != boot_id_) ::rmdir((options_.state_folder + "/" + boot).c_str());
  }
  return found;
}

std::optional<Reattach> Supervisor::discover_one(const std::string& boot, const std::string& id) {
  {
    std::lock_guard lock(mutex_);
    if (starting_.contains(id)) return std::nullopt;
  }
  const StateFolder folder(state_path(boot, id));
  CgroupFolders cgroups = possible_folders(options_.cgroups, id);
  std::erase_if(cgroups.made, [](const std::string& made) {
    std::error_code ignored;
    return !std::filesystem::is_directory(made, ignored);
  });
  const std::optional<StartedState> started = folder.started();
  if (!started && folder.shim_is_gone() && !folder.started()) {
    // An agent and its shim died before the task ran: nothing to find again.
    if (kill_and_remove(cgroups, leftover_kill_timeout_ns).ok()) folder.remove();
    return std::nullopt;
  }
  return Reattach{id, boot, started.value_or(StartedState{}), std::move(cgroups)};
}

}  // namespace yurt::drivers
