#include "agent/runner/alloc_machine.h"

#include <algorithm>
#include <utility>

#include "agent/runner/task_event.h"
#include "base/assert.h"
#include "base/duration.h"

namespace yurt::agent {
namespace {

bool before_poststop(const TaskSpec& spec) { return spec.role != TaskRole::poststop; }
bool carries_the_group(const TaskSpec& spec) {
  return spec.role != TaskRole::poststop && !is_sidecar(spec.role);
}
bool any_task(const TaskSpec&) { return true; }
bool is_failed(const WorkerSet& task) { return task.failed(); }

}  // namespace

AllocMachine::AllocMachine(AllocSpec spec, Random& random)
    : spec_(std::move(spec)), random_(random) {
  tasks_.reserve(spec_.tasks.size());
  for (const auto& task : spec_.tasks) tasks_.emplace_back(task);
  if (spec_.health) health_.emplace(*spec_.health);
}

template <typename F>
void AllocMachine::with(std::size_t task, F f) {
  YURT_ASSERT(task < tasks_.size());
  TaskEffects effects;
  f(tasks_[task], effects);
  for (const auto& effect : effects) pending_.push_back({task, effect});
}

bool AllocMachine::all_dead(bool (*counts)(const TaskSpec&)) const {
  return std::all_of(tasks_.begin(), tasks_.end(),
                     [&](const WorkerSet& task) { return task.dead() || !counts(task.spec()); });
}

void AllocMachine::restore_task(std::size_t task, const model::TaskState& state,
                                const std::vector<KnownCopy>& copies, Instant now) {
  tasks_.at(task).restore(state, copies, now);
}

void AllocMachine::restore_health(bool healthy, std::int64_t wall_ns) {
  if (health_) health_->restore(healthy, wall_ns);
}

void AllocMachine::update(AllocSpec spec) {
  YURT_ASSERT(spec.tasks.size() == tasks_.size());
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    YURT_ASSERT(spec.tasks[i].name == tasks_[i].spec().name);
    tasks_[i].update(spec.tasks[i]);
  }
  spec_ = std::move(spec);
  health_.reset();
  if (spec_.health) health_.emplace(*spec_.health);
}

void AllocMachine::receive(Instant now) {
  for (auto& task : tasks_) task.received(now);
}

AllocEffects AllocMachine::start(Instant now) {
  started_ = true;
  if (spec_.deadline_wall_ns) {
    deadline_steady_ns_ = now.steady_ns + (*spec_.deadline_wall_ns - now.wall_ns);
  }
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    with(i, [&](auto& machine, auto& out) { machine.resume(now, out); });
  }
  return advance(now);
}

AllocEffects AllocMachine::skip(Instant now, const model::TaskEvent& event) {
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    note(i, now, event);
    with(i, [&](auto& machine, auto& out) { machine.kill(now, KillOrder{}, out); });
  }
  return advance(now);
}

AllocEffects AllocMachine::setup_failed(Instant now, const model::TaskEvent& event) {
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    with(i, [&](auto& machine, auto& out) { machine.fail(now, event, out); });
  }
  return advance(now);
}

AllocEffects AllocMachine::fail(std::size_t task, Instant now, const model::TaskEvent& event) {
  with(task, [&](auto& machine, auto& out) { machine.fail(now, event, out); });
  return advance(now);
}

AllocEffects AllocMachine::prepared(CopyRef copy, Instant now,
                                    const std::optional<PrepareFailure>& failure) {
  with(copy.task, [&](auto& machine, auto& out) {
    machine.prepared(copy.worker, now, random_.fraction(), failure, out);
  });
  return advance(now);
}

AllocEffects AllocMachine::started(CopyRef copy, Instant now, std::int64_t started_at_ns) {
  with(copy.task,
       [&](auto& machine, auto& out) { machine.started(copy.worker, now, started_at_ns, out); });
  return advance(now);
}

AllocEffects AllocMachine::start_failed(CopyRef copy, Instant now, const Error& error) {
  with(copy.task, [&](auto& machine, auto& out) {
    machine.start_failed(copy.worker, now, random_.fraction(), error, out);
  });
  return advance(now);
}

AllocEffects AllocMachine::exited(CopyRef copy, Instant now, const drivers::ExitResult& result) {
  with(copy.task, [&](auto& machine, auto& out) {
    machine.exited(copy.worker, now, random_.fraction(), result, out);
  });
  return advance(now);
}

AllocEffects AllocMachine::became_ready(CopyRef copy, Instant now) {
  with(copy.task, [&](auto& machine, auto& out) { machine.became_ready(copy.worker, now, out); });
  return advance(now);
}

AllocEffects AllocMachine::set_ready(CopyRef copy, Instant now, bool ready) {
  tasks_.at(copy.task).set_ready(copy.worker, ready);
  return advance(now);
}

AllocEffects AllocMachine::stop(Instant now, const StopOrder& order) {
  rerun_ = false;
  if (order.skip_poststop) skip_poststop_ = true;
  const std::int64_t delay_ns = order.skip_delays ? 0 : spec_.shutdown_delay_ns;
  if (!stop_ || stop_->only_sidecars) {
    stop_ = Stop{.kill_at_steady_ns = now.steady_ns + delay_ns,
                 .reason = order.reason,
                 .event = {},
                 .skip_delays = order.skip_delays};
  } else if (order.skip_delays) {
    stop_->skip_delays = true;
    stop_->kill_at_steady_ns = std::min(stop_->kill_at_steady_ns, now.steady_ns);
  }
  return advance(now);
}

Result<AllocEffects> AllocMachine::restart(std::optional<std::size_t> task,
                                           std::optional<std::size_t> worker, Instant now,
                                           const std::string& reason) {
  if (stop_ && !stop_->only_sidecars) {
    return Error{ErrorCode::failed_precondition, "the allocation is being stopped"};
  }
  bool any = false;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (task && *task != i) continue;
    with(i, [&](auto& machine, auto& out) { any |= machine.restart(worker, now, reason, out); });
  }
  if (!any) return Error{ErrorCode::failed_precondition, "Task not running"};
  return advance(now);
}

AllocEffects AllocMachine::unhealthy(std::size_t task, std::optional<std::size_t> worker,
                                     Instant now, const std::string& reason) {
  with(task, [&](auto& machine, auto& out) { machine.unhealthy(worker, now, reason, out); });
  return advance(now);
}

void AllocMachine::checks_pass(bool pass, Instant now) {
  if (std::exchange(checks_pass_, pass) != pass) observe_health(now);
}

Result<AllocEffects> AllocMachine::restart_all(Instant now, const std::string& reason) {
  if (terminal()) {
    return Error{ErrorCode::failed_precondition, "the allocation has ended"};
  }
  if (stop_ && !stop_->only_sidecars) {
    return Error{ErrorCode::failed_precondition, "the allocation is being stopped"};
  }
  rerun_ = true;
  stop_ = Stop{.kill_at_steady_ns = now.steady_ns,
               .reason = reason,
               .event = task_event::restart_signaled(reason)};
  return advance(now);
}

void AllocMachine::note(CopyRef copy, Instant now, model::TaskEvent event) {
  tasks_.at(copy.task).note(copy.worker, now, std::move(event));
}

void AllocMachine::report(std::size_t task, const std::map<std::string, double>& metrics) {
  tasks_.at(task).report(metrics);
}

void AllocMachine::note_gpu_memory(CopyRef copy, std::int64_t bytes) {
  tasks_.at(copy.task).note_gpu_memory(copy.worker, bytes);
}

AllocEffects AllocMachine::on_time(Instant now) {
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    with(i, [&](auto& machine, auto& out) { machine.on_time(now, out); });
  }
  return advance(now);
}

std::optional<std::int64_t> AllocMachine::wake_steady_ns() const {
  std::optional<std::int64_t> wake;
  const auto consider = [&wake](std::optional<std::int64_t> at_ns) {
    if (at_ns && (!wake || *at_ns < *wake)) wake = at_ns;
  };
  for (const auto& task : tasks_) consider(task.wake_steady_ns());
  if (!all_dead(before_poststop)) {
    if (stop_ && !stop_->killing) consider(stop_->kill_at_steady_ns);
    if (started_ && !timed_out_ && std::none_of(tasks_.begin(), tasks_.end(), is_failed)) {
      consider(deadline_steady_ns_);
    }
    if (health_ && !stop_) consider(health_->wake_steady_ns());
  }
  return wake;
}

AllocEffects AllocMachine::advance(Instant now) {
  if (started_ || stop_) {
    // One change can make the next possible: go on until nothing moves.
    std::size_t effects_before = 0;
    bool moved = true;
    while (moved) {
      effects_before = pending_.size();
      std::vector<TaskMachine::Phase> phases;
      for (const auto& task : tasks_) phases.push_back(task.phase());
      const bool stopping_before = stop_.has_value();
      decide_stop(now);
      if (stop_) advance_stop(now);
      if (!stop_) advance_lifecycle(now);
      if (all_dead(before_poststop) && !rerun_) advance_poststop(now);
      moved = pending_.size() != effects_before || stopping_before != stop_.has_value();
      for (std::size_t i = 0; i < tasks_.size() && !moved; ++i) {
        moved = tasks_[i].phase() != phases[i];
      }
    }
  }
  observe_health(now);
  return std::exchange(pending_, {});
}

// Whether the state of the tasks, or the time, asks for the others to be stopped.
void AllocMachine::decide_stop(Instant now) {
  if (!timed_out_ && started_ && deadline_steady_ns_ && *deadline_steady_ns_ <= now.steady_ns &&
      !all_dead(before_poststop) && std::none_of(tasks_.begin(), tasks_.end(), is_failed)) {
    timed_out_ = true;
    rerun_ = false;
    stop_ = Stop{.kill_at_steady_ns = now.steady_ns,
                 .reason = "max_run_duration has passed",
                 .event = {},
                 .skip_delays = true};
    return;
  }
  if (stop_ && !stop_->only_sidecars) return;
  if (all_dead(before_poststop)) return;
  for (const auto& task : tasks_) {
    if (!task.dead() || !before_poststop(task.spec())) continue;
    if (task.failed()) {
      stop_ = Stop{.kill_at_steady_ns = now.steady_ns,
                   .reason = {},
                   .event = task_event::sibling_failed(task.spec().name)};
      return;
    }
    if (task.spec().leader) {
      stop_ = Stop{
          .kill_at_steady_ns = now.steady_ns, .reason = {}, .event = task_event::leader_dead()};
      return;
    }
  }
  if (!stop_ && all_dead(carries_the_group)) {
    stop_ = Stop{.kill_at_steady_ns = now.steady_ns,
                 .reason = {},
                 .event = task_event::main_tasks_dead(),
                 .only_sidecars = true};
  }
}

void AllocMachine::advance_stop(Instant now) {
  if (stop_->kill_at_steady_ns > now.steady_ns) return;
  stop_->killing = true;
  const KillOrder order{stop_->event, stop_->reason, stop_->skip_delays};
  // Leader, then what carries the group, then sidecars: each step waits for the one before.
  const auto kill_those = [&](auto counts) {
    bool alive = false;
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      if (!counts(tasks_[i].spec()) || tasks_[i].dead()) continue;
      with(i, [&](auto& machine, auto& out) { machine.kill(now, order, out); });
      alive |= !tasks_[i].dead();
    }
    return alive;
  };
  if (kill_those([](const TaskSpec& s) { return s.leader && before_poststop(s); })) return;
  if (kill_those(carries_the_group)) return;
  if (kill_those(before_poststop)) return;
  if (skip_poststop_ && kill_those(any_task)) return;
  if (rerun_) {
    rerun_ = false;
    stop_.reset();
    for (auto& task : tasks_) {
      if (task.dead()) task.reset();
    }
  }
}

void AllocMachine::begin_role(TaskRole role, Instant now) {
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (tasks_[i].spec().role != role || tasks_[i].phase() != TaskMachine::Phase::waiting) continue;
    with(i, [&](auto& machine, auto& out) { machine.begin(now, out); });
  }
}

void AllocMachine::advance_lifecycle(Instant now) {
  if (!started_) return;
  const auto every = [&](TaskRole role, auto holds) {
    return std::all_of(tasks_.begin(), tasks_.end(), [&](const WorkerSet& task) {
      return task.spec().role != role || holds(task);
    });
  };
  const auto has_started = [](const WorkerSet& task) {
    return task.all_started() && task.phase() != TaskMachine::Phase::waiting;
  };
  begin_role(TaskRole::prestart, now);
  begin_role(TaskRole::prestart_sidecar, now);
  if (!every(TaskRole::prestart, [](const WorkerSet& t) { return t.dead() && !t.failed(); }) ||
      !every(TaskRole::prestart_sidecar, has_started)) {
    return;
  }
  begin_role(TaskRole::main, now);
  if (every(TaskRole::main, has_started)) {
    begin_role(TaskRole::poststart, now);
    begin_role(TaskRole::poststart_sidecar, now);
  }
}

// REQUIRES: every other task is dead. Poststop tasks clean up after what ran; there is nothing to
// clean up when nothing did, and no time when the time is up.
void AllocMachine::advance_poststop(Instant now) {
  const bool any_started = std::any_of(tasks_.begin(), tasks_.end(),
                                       [](const WorkerSet& task) { return task.ever_started(); });
  if (any_started && started_ && !timed_out_ && !skip_poststop_) {
    begin_role(TaskRole::poststop, now);
    return;
  }
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (tasks_[i].phase() != TaskMachine::Phase::waiting) continue;
    with(i, [&](auto& machine, auto& out) { machine.kill(now, KillOrder{}, out); });
  }
}

void AllocMachine::observe_health(Instant now) {
  if (!health_ || !started_) return;
  HealthTracker::Observation seen;
  seen.all_steady = !stop_ && (checks_pass_ || !spec_.health->wait_for_checks);
  for (const auto& task : tasks_) {
    if (!before_poststop(task.spec())) continue;
    seen.any_started |= task.ever_started();
    seen.any_failed |= task.dead() && task.failed();
    const bool finishes =
        task.spec().role == TaskRole::prestart || task.spec().role == TaskRole::poststart;
    seen.all_steady &= task.ready() || (finishes && task.dead());
  }
  if (stop_ && !seen.any_failed) return;  // its health no longer matters to anyone
  health_->observe(seen, now);
}

std::optional<std::size_t> AllocMachine::find(const std::string& task) const {
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (tasks_[i].spec().name == task) return i;
  }
  return std::nullopt;
}

bool AllocMachine::terminal() const { return all_dead(any_task); }

const char* AllocMachine::client_status() const {
  const bool any_failed = std::any_of(tasks_.begin(), tasks_.end(), is_failed);
  if (any_failed && !timed_out_ && all_dead(before_poststop)) return "failed";
  if (terminal()) return "complete";
  const bool any_runs = std::any_of(tasks_.begin(), tasks_.end(), [](const WorkerSet& task) {
    return task.runs() || (task.failed() && task.ever_started());
  });
  return any_runs ? "running" : "pending";
}

bool AllocMachine::was_skipped() const {
  return std::all_of(tasks_.begin(), tasks_.end(), [](const WorkerSet& task) {
    const auto& events = task.state().events();
    return !task.ever_started() &&
           std::any_of(events.begin(), events.end(), task_event::is_outputs_exist);
  });
}

std::string AllocMachine::client_description() const {
  const std::string status = client_status();
  if (timed_out_ && status == "complete") return "Stopped: max_run_duration has passed";
  if (status == "failed") return "Failed tasks";
  if (status == "complete" && was_skipped()) return "Not run: its output exists already";
  if (status == "complete") return "All tasks have completed";
  if (status == "running") return "Tasks are running";
  return "No tasks have started";
}

}  // namespace yurt::agent
