#include "agent/runner/worker_set.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "agent/runner/task_event.h"
#include "base/assert.h"

namespace yurt::agent {
namespace {

// The detail of a task's event that says which worker it is of.
constexpr const char* worker_detail = "worker";

std::string event_prefix(std::size_t worker) { return "Worker " + std::to_string(worker) + ": "; }

// All workers' events travel with every report: many workers keep few each.
int events_kept(std::size_t workers) {
  return std::clamp(32 / static_cast<int>(workers), 2, task_event::kept);
}

// The agent may have died between the start and hearing of it.
void note_start(model::TaskState& state, const KnownCopy& copy) {
  if (!copy.attached || state.state() == "dead" || state.started_at() != 0) return;
  state.set_started_at(copy.started_at_ns);
  task_event::append(state, task_event::started(), copy.started_at_ns);
}

}  // namespace

WorkerSet::WorkerSet(TaskSpec spec) : spec_(std::move(spec)) {
  const std::size_t count = spec_.workers ? spec_.workers->count : 1;
  copies_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) copies_.emplace_back(spec_);
  refresh();
}

template <typename F>
auto WorkerSet::with(std::size_t worker, Instant now, TaskEffects& out, F f) {
  TaskEffects effects;
  if constexpr (std::is_void_v<decltype(f(copies_[worker].machine, effects))>) {
    f(copies_.at(worker).machine, effects);
    pass_on(worker, now, effects, out);
  } else {
    const auto result = f(copies_.at(worker).machine, effects);
    pass_on(worker, now, effects, out);
    return result;
  }
}

void WorkerSet::pass_on(std::size_t worker, Instant now, const TaskEffects& effects,
                        TaskEffects& out) {
  Copy& copy = copies_[worker];
  for (TaskEffect effect : effects) {
    effect.worker = worker;
    if (effect.action == TaskAction::prepare && has_workers() && spec_.workers->serial) {
      copy.held = true;  // admit() lets it go on
    } else if (effect.action == TaskAction::cancel_prepare && copy.held) {
      // It was never told to prepare, so nobody will answer.
      copy.held = false;
      TaskEffects none;
      copy.machine.prepared(now, 0, std::nullopt, none);
    } else {
      out.push_back(effect);
    }
  }
}

void WorkerSet::restore(const model::TaskState& state, const std::vector<KnownCopy>& copies,
                        Instant now) {
  YURT_ASSERT(copies.size() == copies_.size());
  if (!has_workers()) {
    model::TaskState known = state;
    note_start(known, copies[0]);
    copies_[0].machine.restore(std::move(known), copies[0].tracker, copies[0].attached, now);
    begun_ = copies_[0].machine.phase() != Phase::waiting;
    return;
  }
  own_.Clear();
  *own_.mutable_metrics() = state.metrics();
  std::vector<model::TaskState> known(copies_.size());
  for (const auto& event : state.events()) {
    const auto worker = event.details().find(worker_detail);
    const std::size_t index =
        worker == event.details().end() ? known.size() : std::stoul(worker->second);
    if (index >= known.size()) {
      *own_.add_events() = event;
      continue;
    }
    auto& kept = *known[index].add_events() = event;
    kept.mutable_details()->erase(worker_detail);
    const std::string prefix = event_prefix(index);
    if (kept.display_message().starts_with(prefix)) {
      kept.set_display_message(kept.display_message().substr(prefix.size()));
    }
  }
  earlier_peak_bytes_ = state.peak_memory();
  earlier_cpu_ns_ = state.cpu_time();
  for (std::size_t i = 0; i < copies_.size(); ++i) {
    model::TaskState& one = known[i];
    one.set_state(state.state() == "dead" ? "dead" : "pending");
    const auto worker =
        std::find_if(state.workers().begin(), state.workers().end(),
                     [i](const model::WorkerState& told) { return told.index() == i; });
    bool was_ready = false;
    if (worker != state.workers().end()) {
      if (state.state() != "dead") one.set_state(worker->state());
      one.set_failed(worker->failed());
      one.set_restarts(worker->restarts());
      one.set_started_at(worker->started_at());
      one.set_finished_at(worker->finished_at());
      was_ready = worker->ready();
      copies_[i].gpu_peak_bytes = worker->peak_gpu_memory();
    }
    const bool runs = copies[i].attached && one.state() != "dead";
    note_start(one, copies[i]);
    Copy& copy = copies_[i];
    copy.ever_ready = was_ready;
    copy.machine.restore(std::move(one), copies[i].tracker, copies[i].attached, now);
    begun_ |= copy.machine.phase() != Phase::waiting;
    if (!runs) continue;
    if (was_ready) {
      set_ready(copy);
    } else if (!spec_.workers->ready_by_check) {
      copy.ready_at_steady_ns = now.steady_ns + worker_settle_ns;
    }
  }
  refresh();
}

void WorkerSet::update(const TaskSpec& spec) {
  // Another number of workers, or other rules for them, take another allocation.
  auto workers = std::move(spec_.workers);
  spec_ = spec;
  spec_.workers = std::move(workers);
  for (Copy& copy : copies_) copy.machine.update(spec_);
}

void WorkerSet::resume(Instant now, TaskEffects& out) {
  if (has_workers() && begun_) settle(now, out);
}

void WorkerSet::received(Instant now) {
  if (!has_workers()) return copies_[0].machine.received(now);
  task_event::append(own_, task_event::received(), now.wall_ns);
  refresh();
}

void WorkerSet::begin(Instant now, TaskEffects& out) {
  YURT_ASSERT(phase() == Phase::waiting);
  begun_ = true;
  settle(now, out);
}

// A copy takes the turn from the moment it is told to prepare until it is ready, or has ended.
bool WorkerSet::is_loading(const Copy& copy) const {
  switch (copy.machine.phase()) {
    case Phase::preparing: return !copy.held;
    case Phase::starting: return true;
    case Phase::running: return !copy.ready;
    default: return false;
  }
}

bool WorkerSet::any_loading() const {
  return std::any_of(copies_.begin(), copies_.end(),
                     [this](const Copy& copy) { return is_loading(copy); });
}

void WorkerSet::admit(Instant now, TaskEffects& out) {
  const bool serial = has_workers() && spec_.workers->serial;
  bool all_before_ready = true;
  for (std::size_t i = 0; i < copies_.size(); ++i) {
    if (serial && any_loading()) return;
    Copy& copy = copies_[i];
    if (copy.machine.phase() == Phase::waiting && (!serial || all_before_ready)) {
      with(i, now, out, [&](auto& machine, auto& effects) { machine.begin(now, effects); });
    }
    if (copy.held) {
      copy.held = false;
      out.push_back({.action = TaskAction::prepare, .worker = i});
    }
    all_before_ready &= copy.ever_ready || copy.machine.dead();
  }
}

void WorkerSet::settle(Instant now, TaskEffects& out) {
  if (!has_workers()) {
    if (begun_ && copies_[0].machine.phase() == Phase::waiting) admit(now, out);
    return;
  }
  const auto failed_copy = std::find_if(copies_.begin(), copies_.end(), [](const Copy& copy) {
    return copy.machine.dead() && copy.machine.failed();
  });
  if (failed_copy != copies_.end() && !std::exchange(ending_, true)) {
    const auto index = static_cast<std::size_t>(failed_copy - copies_.begin());
    const KillOrder order{.event = task_event::sibling_failed(worker_name(spec_.name, index)),
                          .reason = {},
                          .skip_delay = false};
    for (std::size_t i = 0; i < copies_.size(); ++i) {
      with(i, now, out, [&](auto& machine, auto& effects) { machine.kill(now, order, effects); });
    }
  }
  if (begun_ && !ending_) admit(now, out);
  refresh();
}

void WorkerSet::prepared(std::size_t worker, Instant now, double fraction,
                         const std::optional<PrepareFailure>& failure, TaskEffects& out) {
  with(worker, now, out,
       [&](auto& machine, auto& effects) { machine.prepared(now, fraction, failure, effects); });
  settle(now, out);
}

void WorkerSet::started(std::size_t worker, Instant now, std::int64_t started_at_ns,
                        TaskEffects& out) {
  with(worker, now, out,
       [&](auto& machine, auto& effects) { machine.started(now, started_at_ns, effects); });
  Copy& copy = copies_[worker];
  if (has_workers() && copy.machine.phase() == Phase::running && !spec_.workers->ready_by_check) {
    copy.ready_at_steady_ns = now.steady_ns + worker_settle_ns;
  }
  settle(now, out);
}

void WorkerSet::start_failed(std::size_t worker, Instant now, double fraction, const Error& error,
                             TaskEffects& out) {
  with(worker, now, out,
       [&](auto& machine, auto& effects) { machine.start_failed(now, fraction, error, effects); });
  settle(now, out);
}

void WorkerSet::exited(std::size_t worker, Instant now, double fraction,
                       const drivers::ExitResult& result, TaskEffects& out) {
  Copy& copy = copies_.at(worker);
  copy.ready = false;
  copy.ready_at_steady_ns.reset();
  with(worker, now, out,
       [&](auto& machine, auto& effects) { machine.exited(now, fraction, result, effects); });
  settle(now, out);
}

void WorkerSet::set_ready(Copy& copy) {
  copy.ready = copy.ever_ready = true;
  copy.ready_at_steady_ns.reset();
}

bool WorkerSet::awaits_ready(std::size_t worker) const {
  const Copy& copy = copies_.at(worker);
  return has_workers() && spec_.workers->ready_by_check && !copy.ready &&
         copy.machine.phase() == Phase::running;
}

void WorkerSet::became_ready(std::size_t worker, Instant now, TaskEffects& out) {
  if (!awaits_ready(worker)) return;
  set_ready(copies_[worker]);
  settle(now, out);
}

void WorkerSet::kill(Instant now, const KillOrder& order, TaskEffects& out) {
  ending_ = true;
  for (std::size_t i = 0; i < copies_.size(); ++i) {
    with(i, now, out, [&](auto& machine, auto& effects) { machine.kill(now, order, effects); });
  }
  refresh();
}

bool WorkerSet::restart(std::optional<std::size_t> worker, Instant now, const std::string& reason,
                        TaskEffects& out) {
  bool any = false;
  for (std::size_t i = 0; i < copies_.size(); ++i) {
    if (worker && *worker != i) continue;
    any |= with(i, now, out, [&](auto& machine, auto& effects) {
      return machine.restart(now, reason, effects);
    });
  }
  settle(now, out);
  return any;
}

void WorkerSet::unhealthy(std::optional<std::size_t> worker, Instant now, const std::string& reason,
                          TaskEffects& out) {
  for (std::size_t i = 0; i < copies_.size(); ++i) {
    if (worker && *worker != i) continue;
    with(i, now, out,
         [&](auto& machine, auto& effects) { machine.unhealthy(now, reason, effects); });
  }
  settle(now, out);
}

void WorkerSet::reset() {
  for (Copy& copy : copies_) {
    copy.machine.reset();
    copy.held = copy.ready = copy.ever_ready = false;
    copy.ready_at_steady_ns.reset();
  }
  begun_ = ending_ = false;
  refresh();
}

void WorkerSet::note(std::size_t worker, Instant now, model::TaskEvent event) {
  copies_.at(worker).machine.note(now, std::move(event));
  refresh();
}

void WorkerSet::report(const std::map<std::string, double>& metrics) {
  if (!has_workers()) return copies_[0].machine.report(metrics);
  for (const auto& [name, value] : metrics) (*own_.mutable_metrics())[name] = value;
  refresh();
}

void WorkerSet::note_gpu_memory(std::size_t worker, std::int64_t bytes) {
  std::int64_t& peak = copies_.at(worker).gpu_peak_bytes;
  if (bytes <= peak) return;
  peak = bytes;
  refresh();
}

void WorkerSet::fail(Instant now, const model::TaskEvent& event, TaskEffects& out) {
  ending_ = true;
  for (std::size_t i = 0; i < copies_.size(); ++i) {
    with(i, now, out, [&](auto& machine, auto& effects) { machine.fail(now, event, effects); });
  }
  refresh();
}

void WorkerSet::on_time(Instant now, TaskEffects& out) {
  for (std::size_t i = 0; i < copies_.size(); ++i) {
    with(i, now, out, [&](auto& machine, auto& effects) { machine.on_time(now, effects); });
    Copy& copy = copies_[i];
    if (copy.ready_at_steady_ns && *copy.ready_at_steady_ns <= now.steady_ns) set_ready(copy);
  }
  settle(now, out);
}

std::optional<std::int64_t> WorkerSet::wake_steady_ns() const {
  std::optional<std::int64_t> wake;
  for (const Copy& copy : copies_) {
    for (const auto& at_ns : {copy.machine.wake_steady_ns(), copy.ready_at_steady_ns}) {
      if (at_ns && (!wake || *at_ns < *wake)) wake = at_ns;
    }
  }
  return wake;
}

TaskMachine::Phase WorkerSet::phase() const {
  if (!has_workers()) return copies_[0].machine.phase();
  if (dead()) return Phase::dead;
  if (!begun_) return Phase::waiting;
  for (const Copy& copy : copies_) {
    const Phase phase = copy.machine.phase();
    if (phase == Phase::dead || (phase == Phase::running && copy.ready)) continue;
    // One that waits for its turn, or runs and is not ready, is on its way.
    return phase == Phase::waiting || phase == Phase::running ? Phase::starting : phase;
  }
  return Phase::running;
}

bool WorkerSet::ready() const {
  return phase() == Phase::running &&
         std::all_of(copies_.begin(), copies_.end(),
                     [](const Copy& copy) { return copy.machine.dead() || copy.machine.ready(); });
}

bool WorkerSet::dead() const {
  return std::all_of(copies_.begin(), copies_.end(),
                     [](const Copy& copy) { return copy.machine.dead(); });
}
bool WorkerSet::failed() const {
  return std::any_of(copies_.begin(), copies_.end(),
                     [](const Copy& copy) { return copy.machine.failed(); });
}
bool WorkerSet::runs() const {
  return std::any_of(copies_.begin(), copies_.end(),
                     [](const Copy& copy) { return copy.machine.runs(); });
}
bool WorkerSet::ever_started() const {
  return std::any_of(copies_.begin(), copies_.end(),
                     [](const Copy& copy) { return copy.machine.ever_started(); });
}
bool WorkerSet::all_started() const {
  return std::all_of(copies_.begin(), copies_.end(),
                     [](const Copy& copy) { return copy.machine.ever_started(); });
}

const model::TaskState& WorkerSet::state() const {
  return has_workers() ? state_ : copies_[0].machine.state();
}

// Adds the copies up. Cheap beside what follows each change: storing and reporting it.
void WorkerSet::refresh() {
  if (!has_workers()) return;
  state_.Clear();
  std::int64_t peak_bytes = 0;
  std::int64_t cpu_ns = earlier_cpu_ns_;
  for (std::size_t i = 0; i < copies_.size(); ++i) {
    const model::TaskState& one = copies_[i].machine.state();
    auto& worker = *state_.add_workers();
    worker.set_index(static_cast<std::uint32_t>(i));
    worker.set_state(one.state());
    worker.set_ready(copies_[i].ready);
    worker.set_failed(one.failed());
    worker.set_restarts(one.restarts());
    worker.set_started_at(one.started_at());
    worker.set_finished_at(one.finished_at());
    worker.set_peak_gpu_memory(copies_[i].gpu_peak_bytes);
    if (i < spec_.workers->gpus.size()) worker.add_device_ids(spec_.workers->gpus[i]);
    state_.set_restarts(state_.restarts() + one.restarts());
    state_.set_last_restart(std::max(state_.last_restart(), one.last_restart()));
    state_.set_finished_at(std::max(state_.finished_at(), one.finished_at()));
    if (one.started_at() != 0 &&
        (state_.started_at() == 0 || one.started_at() < state_.started_at())) {
      state_.set_started_at(one.started_at());
    }
    peak_bytes += one.peak_memory();
    cpu_ns += one.cpu_time();
  }
  state_.set_state(dead() ? "dead" : runs() ? "running" : "pending");
  state_.set_failed(dead() && failed());
  if (!dead()) state_.set_finished_at(0);
  state_.set_peak_memory(std::max(earlier_peak_bytes_, peak_bytes));
  state_.set_cpu_time(cpu_ns);
  *state_.mutable_metrics() = own_.metrics();
  merge_events();
}

void WorkerSet::merge_events() {
  std::vector<model::TaskEvent> events(own_.events().begin(), own_.events().end());
  for (std::size_t i = 0; i < copies_.size(); ++i) {
    const auto& own = copies_[i].machine.state().events();
    for (int at = std::max(0, own.size() - events_kept(copies_.size())); at < own.size(); ++at) {
      model::TaskEvent event = own.Get(at);
      event.set_display_message(event_prefix(i) + event.display_message());
      (*event.mutable_details())[worker_detail] = std::to_string(i);
      events.push_back(std::move(event));
    }
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const auto& a, const auto& b) { return a.time() < b.time(); });
  for (auto& event : events) *state_.add_events() = std::move(event);
}

}  // namespace yurt::agent
