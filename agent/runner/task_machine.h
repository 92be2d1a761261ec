// TaskMachine: the life of one task, or of one of its workers, as a pure state machine.
//
//   waiting → preparing → starting → running → (backing_off → preparing …) → dead
//
// Inputs are member functions that take the time; what has to be done in the world comes back as
// effects, whose outcome is fed in again. It holds no thread, clock or driver. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/runner/instant.h"
#include "agent/runner/restart_policy.h"
#include "agent/runner/task_spec.h"
#include "base/result.h"
#include "drivers/driver.h"
#include "proto/state.pb.h"

namespace yurt::agent {

// What the shell does for a task. Each is answered: prepare by prepared(), start by started() or
// start_failed(), stop by the run's exited(). The others need no answer.
enum class TaskAction {
  prepare,         // folders, artifacts, templates, environment
  cancel_prepare,  // end a preparation early, if it can be; prepared() still follows
  start,           // hand the prepared task to its driver
  cancel_start,    // end a start early, if it can be; started() or start_failed() still follows
  stop,            // end the run: `signal`, then by force after `timeout_ns`
  destroy,         // remove what the ended run left at its driver
};

struct TaskEffect {
  TaskAction action;
  int signal = 0;
  std::int64_t timeout_ns = 0;
  std::size_t worker = 0;  // of a task with several: which one
};
using TaskEffects = std::vector<TaskEffect>;

// Why a preparation failed: the event to show, and whether trying again may help.
struct PrepareFailure {
  model::TaskEvent event;
  bool recoverable = true;
};

struct KillOrder {
  model::TaskEvent event;   // shown first; without a type: nothing is shown
  std::string reason;       // for the Killing event
  bool skip_delay = false;  // do not wait for the task's shutdown_delay
};

class TaskMachine {
 public:
  enum class Phase {
    waiting,        // its turn in the lifecycle has not come
    preparing,      // prepare is under way
    starting,       // start is under way
    running,        //
    delaying_stop,  // to be killed after its shutdown_delay; still running
    stopping,       // stop is under way
    backing_off,    // waits for its restart
    dead,           // for good
  };

  explicit TaskMachine(TaskSpec spec) : spec_(std::move(spec)) { state_.set_state("pending"); }

  // Brings back what an earlier process of this agent knew. `attached`: a run was found at the
  // driver (perhaps ended; exited() will tell); else a task that was not dead begins anew, a
  // restart it was waiting for keeping its time.
  void restore(model::TaskState state, RestartTracker tracker, bool attached, Instant now);

  // A new job version in place: what runs goes on, later decisions follow the new spec.
  void update(TaskSpec spec) { spec_ = std::move(spec); }

  void received(Instant now);
  // Its turn has come. REQUIRES: waiting
  void begin(Instant now, TaskEffects& out);
  void prepared(Instant now, double fraction, const std::optional<PrepareFailure>& failure,
                TaskEffects& out);
  void started(Instant now, std::int64_t started_at_ns, TaskEffects& out);
  // Its run says whether it is at work yet; until it says so, it is.
  void set_ready(bool ready) { ready_ = ready; }
  void start_failed(Instant now, double fraction, const Error& error, TaskEffects& out);
  void exited(Instant now, double fraction, const drivers::ExitResult& result, TaskEffects& out);
  // Ends the task for good. Again: only skip_delay has an effect.
  void kill(Instant now, const KillOrder& order, TaskEffects& out);
  // Runs it again without counting against the restart policy. False when it is not alive.
  bool restart(Instant now, const std::string& reason, TaskEffects& out);
  // Its health checks fail: the run is ended and counts as failed. No effect unless it runs.
  void unhealthy(Instant now, const std::string& reason, TaskEffects& out);
  // Dead or not, back to waiting for its turn. REQUIRES: dead
  void reset();
  void note(Instant now, model::TaskEvent event);
  // The newest values of what the task reported.
  void report(const std::map<std::string, double>& metrics);
  // Fails the task for good; one that runs is killed first.
  void fail(Instant now, model::TaskEvent event, TaskEffects& out);
  void on_time(Instant now, TaskEffects& out);
  // When on_time has something to do; nullopt: never.
  [[nodiscard]] std::optional<std::int64_t> wake_steady_ns() const { return wake_steady_ns_; }

  [[nodiscard]] const TaskSpec& spec() const { return spec_; }
  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] bool dead() const { return phase_ == Phase::dead; }
  [[nodiscard]] bool failed() const { return state_.failed(); }
  // Running at its driver, wanted or not.
  [[nodiscard]] bool runs() const {
    return phase_ == Phase::running || phase_ == Phase::delaying_stop || phase_ == Phase::stopping;
  }
  // Runs, is wanted, and does its work.
  [[nodiscard]] bool ready() const { return phase_ == Phase::running && ready_; }
  [[nodiscard]] bool ever_started() const { return state_.started_at() != 0; }
  // What the task's history says: for the API and the agent's store.
  [[nodiscard]] const model::TaskState& state() const { return state_; }
  [[nodiscard]] const RestartTracker& tracker() const { return tracker_; }

 private:
  void prepare(Instant now, TaskEffects& out);
  void send_stop(Instant now, TaskEffects& out);
  void end_run(Instant now, double fraction, RunEnd end, TaskEffects& out);
  void die(Instant now, bool failed);

  TaskSpec spec_;
  Phase phase_ = Phase::waiting;
  model::TaskState state_;
  RestartTracker tracker_;
  std::optional<std::int64_t> wake_steady_ns_;
  bool ready_ = true;
  bool kill_requested_ = false;
  bool restart_requested_ = false;
  bool unhealthy_ = false;  // restart_requested_ because of its checks
  bool fails_when_dead_ = false;
  std::string kill_reason_;
};

}  // namespace yurt::agent
