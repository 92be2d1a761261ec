// AllocMachine: the life of one allocation as a pure state machine over its tasks: which task's
// turn it is, in which order they are stopped, and what the whole looks like to the servers.
//
//   prestart tasks (sidecars run, others finish) → main tasks → poststart tasks
//   → all but sidecars have ended → sidecars are stopped → poststop tasks
//
// A task that fails for good, or the end of the leader, stops the others: the leader first, then
// the other tasks, sidecars last; poststop tasks run after all of them. Inputs take the time;
// what has to be done comes back as effects. Not thread-safe; no clock, no thread, no driver.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/runner/health_tracker.h"
#include "agent/runner/worker_set.h"
#include "base/random.h"

namespace yurt::agent {

struct AllocSpec {
  std::vector<TaskSpec> tasks;
  std::int64_t shutdown_delay_ns = 0;              // the group's
  std::optional<std::int64_t> deadline_wall_ns{};  // max_run_duration's end
  std::optional<HealthRule> health{};
};

struct AllocEffect {
  std::size_t task = 0;  // position in AllocSpec::tasks
  TaskEffect effect;
};
using AllocEffects = std::vector<AllocEffect>;

struct StopOrder {
  std::string reason{};        // for the tasks' Killing events; may be empty
  bool skip_delays = false;    // no group or task shutdown_delay
  bool skip_poststop = false;  // the allocation is to vanish: end poststop tasks too
};

class AllocMachine {
 public:
  // `random` is for the jitter of restarts; it must outlive the machine.
  AllocMachine(AllocSpec spec, Random& random);

  // Before start(), task by task: see WorkerSet::restore.
  void restore_task(std::size_t task, const model::TaskState& state,
                    const std::vector<KnownCopy>& copies, Instant now);
  void restore_health(bool healthy, std::int64_t wall_ns);
  // The same tasks with new settings (an in-place update). REQUIRES: same names, same order
  void update(AllocSpec spec);

  void receive(Instant now);  // notes that the tasks have arrived here; once in their life
  AllocEffects start(Instant now);
  // In place of start(): nothing is run, and all is complete; `event` says why.
  AllocEffects skip(Instant now, const model::TaskEvent& event);
  // The allocation's own preparation failed: every task fails with `event`.
  AllocEffects setup_failed(Instant now, const model::TaskEvent& event);
  // A task fails for a reason of its own (a change script); if it runs, it is killed first.
  AllocEffects fail(std::size_t task, Instant now, const model::TaskEvent& event);
  AllocEffects prepared(CopyRef copy, Instant now, const std::optional<PrepareFailure>& failure);
  AllocEffects started(CopyRef copy, Instant now, std::int64_t started_at_ns);
  AllocEffects start_failed(CopyRef copy, Instant now, const Error& error);
  AllocEffects exited(CopyRef copy, Instant now, const drivers::ExitResult& result);
  AllocEffects stop(Instant now, const StopOrder& order);
  // A worker whose readiness is checked has become ready.
  AllocEffects became_ready(CopyRef copy, Instant now);
  // One running task (or one of its workers), or (nullopt) all that run. failed_precondition when
  // none is alive.
  Result<AllocEffects> restart(std::optional<std::size_t> task, std::optional<std::size_t> worker,
                               Instant now, const std::string& reason);
  // A task that runs, or a worker of it, has failed its health checks: restarted as after a
  // failure.
  AllocEffects unhealthy(std::size_t task, std::optional<std::size_t> worker, Instant now,
                         const std::string& reason);
  // Whether all checks of the allocation's services pass; false until told. No effects.
  void checks_pass(bool pass, Instant now);
  [[nodiscard]] bool checks_passing() const { return checks_pass_; }
  // Every task from the beginning, those that have ended included. failed_precondition once the
  // allocation is terminal or being stopped.
  Result<AllocEffects> restart_all(Instant now, const std::string& reason);
  // What a task reported of itself; no effects.
  void report(std::size_t task, const std::map<std::string, double>& metrics);
  // A worker was seen to use so much GPU memory; no effects.
  void note_gpu_memory(CopyRef copy, std::int64_t bytes);
  // A run says whether it is at work.
  AllocEffects set_ready(CopyRef copy, Instant now, bool ready);
  void note(CopyRef copy, Instant now, model::TaskEvent event);
  AllocEffects on_time(Instant now);
  [[nodiscard]] std::optional<std::int64_t> wake_steady_ns() const;

  [[nodiscard]] const std::vector<WorkerSet>& tasks() const { return tasks_; }
  [[nodiscard]] std::optional<std::size_t> find(const std::string& task) const;
  // All tasks are dead and none will start: nothing changes any more.
  [[nodiscard]] bool terminal() const;
  // pending | running | complete | failed. `failed` shows once all but poststop tasks have ended,
  // so that nobody gives their resources away before.
  [[nodiscard]] const char* client_status() const;
  [[nodiscard]] std::string client_description() const;
  [[nodiscard]] const std::optional<HealthTracker>& health() const { return health_; }
  [[nodiscard]] bool stopping() const { return stop_.has_value(); }

 private:
  struct Stop {
    std::int64_t kill_at_steady_ns = 0;
    std::string reason;
    model::TaskEvent event;
    bool skip_delays = false;
    bool only_sidecars = false;
    bool killing = false;  // kill_at has passed
  };

  AllocEffects advance(Instant now);
  [[nodiscard]] bool was_skipped() const;
  void advance_stop(Instant now);
  void advance_lifecycle(Instant now);
  void advance_poststop(Instant now);
  void decide_stop(Instant now);
  void begin_role(TaskRole role, Instant now);
  void observe_health(Instant now);
  // Calls `f(task, effects)` and keeps the effects with the task's position.
  template <typename F>
  void with(std::size_t task, F f);
  [[nodiscard]] bool all_dead(bool (*counts)(const TaskSpec&)) const;

  AllocSpec spec_;
  Random& random_;
  std::vector<WorkerSet> tasks_;
  std::optional<HealthTracker> health_;
  AllocEffects pending_;
  std::optional<Stop> stop_;
  bool checks_pass_ = false;
  bool started_ = false;
  bool timed_out_ = false;  // max_run_duration ended it
  bool skip_poststop_ = false;
  bool rerun_ = false;  // restart_all waits for the tasks to end
  std::optional<std::int64_t> deadline_steady_ns_;
};

}  // namespace yurt::agent
