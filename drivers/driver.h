// The driver interface: how the agent runs one task, whatever runs it (a process, a container, a
// compose project).
//
// A Driver lives as long as the agent's process (let go of all its Tasks first); a Task is the
// agent's view of one started task. The task itself belongs to neither: it outlives both objects
// and the agent's process. Destroying a Task object only lets go of it. What an agent must remember
// over its own death is Task::reattach_state(), an opaque text that Driver::recover turns into a
// Task again; and Driver::discover finds tasks whose text was never saved because the agent died in
// between.
//
// One Task is one run: a restarted task is a new Task with a new id. Several workers of one task
// are several Tasks that differ in id, environment and log prefix.
//
// Thread-safety: every method of Driver, Task and ExecSession may be called from any thread at any
// time. Callbacks come from the driver's own threads, never from inside the call that hands them
// over, one at a time for one Task; they must return soon and may call any method of any Task
// except `destroy`. After a Task is let go no further callback of it starts, and letting go (from
// any other thread than the callback's) waits for one that is running.
//
// Units: int64 nanoseconds, `_ns` = since the Unix epoch for points in time; sizes as named.
// Errors: Result/Status with a sentence for the user; see is_recoverable for what may be retried.
// This header knows neither protobuf nor JSON libraries: the agent converts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace yurt::drivers {

// What a driver found on this machine.
struct Fingerprint {
  bool detected = false;  // the machine can run it: false takes the driver from the node's list
  bool healthy = false;   // it can start tasks now
  std::string health_description;  // one sentence, e.g. "Healthy" or why not
  // Node attributes to publish, as Nomad names them: {"driver.raw_exec", "1"}.
  std::vector<std::pair<std::string, std::string>> attributes;
  // Things that work less well than they could, one sentence each (e.g. no cgroups). For the log
  // and the node's events, once.
  std::vector<std::string> warnings;
};

// One thing wrong with a task's `config` block.
struct ConfigError {
  std::string field;    // where, e.g. "args[2]" or "cgroup_v1_override.memory"
  std::string message;  // what, as a sentence that names the field
};

struct Resources {
  std::int64_t cpu_mhz = 0;          // shares, in MHz as in the job file
  std::vector<std::uint32_t> cores;  // reserved core ids; empty = may use all
  std::int64_t memory_mib = 0;       // 0 = no limit and no reservation
  std::int64_t memory_max_mib = 0;   // hard limit: 0 = memory_mib, -1 = none
  // Character devices the task must not open, as "major:minor".
  std::vector<std::string> denied_devices{};
  // What the whole machine has, so that a share of it can be told; 0 = not known.
  std::int64_t machine_cpu_mhz = 0;
};

// A port of the machine that the task was given.
struct TaskPort {
  std::string label;
  std::string host_ip;
  int host_port = 0;
  int inner_port = 0;  // where the program listens, when it has a network of its own
};

// A folder of the machine that the task is to see (a host volume).
struct HostMount {
  std::string host_path;  // absolute; exists
  std::string task_path;  // absolute, within the task's own file system
  bool read_only = false;
};

// A GPU, or an instance of one, that the task was granted.
struct TaskDevice {
  std::string vendor;              // "nvidia", "amd"
  std::string id;                  // as the vendor's tools name it: a UUID
  std::vector<std::string> files;  // of its own, e.g. "/dev/nvidia0"
};

struct TaskDevices {
  std::vector<TaskDevice> granted;
  // The files of the machine's other GPUs: a task that was granted some is to use no others.
  std::vector<std::string> withheld_files;
};

// Where a task's output goes: `<folder>/<prefix>.stdout.<N>` and `<prefix>.stderr.<N>`, N growing,
// the oldest removed; a new run of the task appends to the newest.
struct LogFiles {
  bool disabled = false;  // output is thrown away
  std::string folder;     // absolute; exists
  std::string prefix;     // the task's name; with several workers "<task>.<worker>"
  std::int64_t max_files = 10;
  std::int64_t max_file_size_mib = 10;
};

struct TaskConfig {
  // Unique on this machine for ever: a start with the id of a task that is still there fails with
  // already_exists, so nothing runs twice. 1–128 characters of [A-Za-z0-9._-], not starting with a
  // dot: e.g. "<alloc id>.<task name>.<8 random hex digits>" with foreign characters replaced.
  std::string id;

  // Whose it is: for labels, messages and the cgroup's name. None may be needed to find it again.
  std::string alloc_id;
  std::string ns;
  std::string job_id;
  std::string group_name;
  std::string task_name;

  std::string config;  // the driver's `config` block as JSON text (an object), interpolated
  std::vector<std::pair<std::string, std::string>> env;  // the whole environment; later wins
  std::string user;  // name or numeric id; empty = the driver's default
  Resources resources;
  // Of a task that runs as several workers: those with the same group share `resources`, which
  // hold for all of them together, and there are so many of them. Named like an id. Empty: the
  // resources are for this one alone.
  std::string limits_group;
  int limits_group_size = 1;

  // Absolute host paths; they exist.
  std::string task_dir;     // the task's own folder: working folder unless configured
  std::string alloc_dir;    // shared by the group's tasks
  std::string secrets_dir;  // may be empty

  LogFiles logs;

  // The job's kill_signal: what stop() will most likely be asked to send. 0 = the driver's own.
  int stop_signal = 0;

  TaskDevices devices;

  // For drivers whose tasks have a network and a file system of their own.
  std::vector<TaskPort> ports;
  std::string network_mode;  // the group's: "" or host, bridge, none
  std::vector<HostMount> mounts;
};

// How a task ended. Exactly one of three shapes: exited (signal 0, error empty), killed by a signal
// (signal > 0, error empty), or lost (error says what happened; exit_code is 1 so that policies
// that only look at it treat it as a failure).
struct ExitResult {
  int exit_code = 0;                  // as a shell shows it: 128 + signal when a signal ended it
  int signal = 0;                     // 0 = ended by itself
  bool oom_killed = false;            // the memory limit (or the machine's lack of memory) ended it
  std::string error;                  // non-empty: the driver lost the task, and this is why
  std::vector<std::string> warnings;  // e.g. log bytes that could not be stored, with counts
  std::int64_t started_at_ns = 0;
  std::int64_t finished_at_ns = 0;     // when it ended, not when the agent heard of it
  std::int64_t cpu_time_ns = 0;        // user + system of the whole tree, as far as known
  std::int64_t peak_memory_bytes = 0;  // 0 = not known

  [[nodiscard]] bool successful() const { return exit_code == 0 && signal == 0 && error.empty(); }
};

struct TaskStats {
  std::int64_t sampled_at_ns = 0;
  double cpu_percent = 0;               // of one core, since the previous call; 0 at the first
  std::int64_t cpu_time_ns = 0;         // user + system since the start
  std::int64_t cpu_throttled_ns = 0;    // time the scheduler held it back; 0 = not known
  std::int64_t memory_usage_bytes = 0;  // as the limit counts it (page cache included)
  std::int64_t memory_rss_bytes = 0;    // anonymous memory
  std::int64_t memory_cache_bytes = 0;  // page cache
  std::int64_t memory_swap_bytes = 0;
  std::int64_t memory_peak_bytes = 0;  // highest memory_usage_bytes; 0 = not known
  std::vector<std::int32_t> pids;      // every process of the task now
};

// Running a further command inside a task (`alloc exec`, script checks).
struct ExecRequest {
  std::vector<std::string> command;  // non-empty; command[0] is looked up in the task's PATH
  bool tty = false;                  // a terminal instead of three pipes; stderr joins stdout
  std::uint16_t rows = 24;
  std::uint16_t columns = 80;
  // Where, in a task of several parts: a compose project's service "worker" or one of it,
  // "worker-2". Empty: where the driver sees fit.
  std::string part{};
};

// For tasks that are one piece.
[[nodiscard]] inline Error no_parts(const std::string& part) {
  return {ErrorCode::invalid_argument,
          "the task has no part \"" + part + "\": only those of the compose driver have services"};
}

enum class ExecStream { standard_output, standard_error };

struct ExecEvents {
  // A piece of output, in order for each stream. It may block: then the command is held back.
  std::function<void(ExecStream, std::string_view)> on_output;
  // The last event: output is complete. `error` set: the command never ran or was lost.
  std::function<void(const ExitResult&)> on_exit;
};

// A command running in a task. Letting go of it kills the command, if it still runs, and waits for
// a callback under way; so it must not be let go from inside its own callbacks.
class ExecSession {
 public:
  virtual ~ExecSession() = default;
  // Blocks while the command does not read. unavailable when the command has ended.
  [[nodiscard]] virtual Status write_input(std::string_view bytes) = 0;
  // The command sees the end of its input (with a terminal: Ctrl-D). Idempotent.
  [[nodiscard]] virtual Status close_input() = 0;
  // REQUIRES: started with tty (failed_precondition otherwise)
  [[nodiscard]] virtual Status resize(std::uint16_t rows, std::uint16_t columns) = 0;
  [[nodiscard]] virtual Status signal(int number) = 0;
};

class Task {
 public:
  virtual ~Task() = default;

  [[nodiscard]] virtual const std::string& id() const = 0;

  // What recover() needs, one line of JSON without secrets. Constant from start on: save it once.
  [[nodiscard]] virtual std::string reattach_state() const = 0;

  [[nodiscard]] virtual std::int64_t started_at_ns() const = 0;

  // Where the task is reached when it has a network of its own; "": at the machine's addresses.
  [[nodiscard]] virtual std::string address() const { return {}; }

  // Calls `callback` once when the task has ended, its whole process tree is gone and its logs are
  // complete; soon, when that is so already. Each call adds a callback.
  virtual void on_exit(std::function<void(const ExitResult&)> callback) = 0;

  // For tasks that are not at work as soon as they run: calls `callback` whenever that changes,
  // first (soon) with how it is now. A task that is not ready does not count as healthy. Without
  // a call it is ready.
  virtual void on_ready(std::function<void(bool ready)> callback) { static_cast<void>(callback); }

  // Sends a signal to the task's main process. failed_precondition once the task has ended.
  [[nodiscard]] virtual Status signal(int number) = 0;

  // Asks the main process to end with `signal_number` (0 = what the driver takes for that: SIGINT
  // for a process, a container image's own signal), and kills the whole tree once `timeout_ns` has
  // passed (0 = at once). Returns as soon as that is under way: it goes on without the agent;
  // on_exit tells the end. Another call can shorten the time left, never extend it. Ok when the
  // task has ended.
  [[nodiscard]] virtual Status stop(int signal_number, std::int64_t timeout_ns) = 0;

  // Kills the task if it still runs, waits for its end and removes every trace of it but its logs
  // and folders (state, cgroup, container). Idempotent. The Task is of no use afterwards. Blocks;
  // not to be called from a callback.
  [[nodiscard]] virtual Status destroy() = 0;

  // unavailable when the task has ended.
  [[nodiscard]] virtual Result<TaskStats> stats() = 0;

  // failed_precondition once the task has ended, unimplemented where the driver can't.
  [[nodiscard]] virtual Result<std::unique_ptr<ExecSession>> exec(const ExecRequest& request,
                                                                  ExecEvents events) = 0;
};

// What happens while a task is being started, for the task's list of events.
struct StartEvents {
  // E.g. ("Driver", "Downloading image redis:7"). May be empty. Called any number of times before
  // on_done.
  std::function<void(const std::string& type, const std::string& message)> on_progress;
  // Called once: the task runs (its exec has succeeded), or why not. See is_recoverable.
  std::function<void(Result<std::shared_ptr<Task>>)> on_done;
};

// Where tasks with a file system of their own see their folders.
struct InnerFolders {
  std::string alloc_dir, task_dir, secrets_dir;
};

class Driver {
 public:
  virtual ~Driver() = default;

  // As in the job file: "raw_exec".
  [[nodiscard]] virtual std::string_view name() const = 0;

  // Cheap enough to be asked every few seconds; never blocks for longer than a second.
  [[nodiscard]] virtual Fingerprint fingerprint() = 0;

  // Everything wrong with a `config` block (JSON text), all at once; empty = usable. Looks at the
  // text only, not at the machine.
  [[nodiscard]] virtual std::vector<ConfigError> validate(std::string_view config) const = 0;

  // nullopt: tasks see the machine's files under the machine's paths.
  [[nodiscard]] virtual std::optional<InnerFolders> inner_folders() const { return std::nullopt; }

  // Starts a task; the outcome comes through events.on_done. Returns quickly and never fails by
  // itself. Cancelling a start: cancel_start, wait for on_done, and destroy what it may give.
  virtual void start(TaskConfig config, StartEvents events) = 0;

  // Lets a start under way that waits for something slow (a download) fail soon. The start of a
  // task that has no such wait may go on to its end. No effect for other ids.
  virtual void cancel_start(const std::string& id) { static_cast<void>(id); }

  // Finds a task again from what reattach_state() gave, perhaps to another process before the last
  // reboot. Ok also when the task has ended meanwhile: on_exit then tells how, also for a task that
  // nothing is known of but its state (lost: e.g. the machine was restarted). Errors only when
  // `reattach_state` is not of this driver's making (invalid_argument). Blocks for at most a few
  // milliseconds, for any number of callers.
  [[nodiscard]] virtual Result<std::shared_ptr<Task>> recover(std::string_view reattach_state) = 0;

  // The reattach states of every task this driver has started on this machine and not destroyed,
  // running or ended: what an agent compares with its own records after a crash.
  [[nodiscard]] virtual Result<std::vector<std::string>> discover() = 0;
};

// Whether starting the same task again may help: false for what only an edit of the job or the
// machine mends (bad config, command not found, user unknown, not permitted).
[[nodiscard]] inline bool is_recoverable(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::not_found:
    case ErrorCode::permission_denied:
    case ErrorCode::failed_precondition:
    case ErrorCode::already_exists:
    case ErrorCode::unimplemented: return false;
    default: return true;
  }
}

}  // namespace yurt::drivers
