#include "agent/runner/alloc_runner.h"

#include <algorithm>
#include <utility>

#include "agent/runner/task_event.h"
#include "base/assert.h"
#include "base/log.h"
#include "drivers/signals.h"

namespace yurt::agent {
namespace {

bool same(const TaskRun& a, const TaskRun& b) {
  return a.driver == b.driver && a.run_id == b.run_id && a.reattach_state == b.reattach_state &&
         a.tracker.count == b.tracker.count &&
         a.tracker.window_start_ns == b.tracker.window_start_ns;
}

void destroy_run(drivers::Task& run) {
  if (const auto status = run.destroy(); !status.ok()) {
    YURT_LOG(warn, "agent", "removing what {} left: {}", run.id(), status.error().message);
  }
}

AllocSpec make_spec(const model::Assignment& assignment, const model::Job& job,
                    const model::TaskGroup& group, const AgentOptions& options) {
  AllocSpec spec;
  spec.tasks = task_specs(job, group, options.max_kill_timeout_ns);
  spec.shutdown_delay_ns = group.shutdown_delay();
  if (group.max_run_duration() > 0) {
    spec.deadline_wall_ns = assignment.create_time() + group.max_run_duration();
  }
  spec.health =
      HealthRule::from(job, group, !assignment.deployment_id().empty(), assignment.canary());
  return spec;
}

}  // namespace

const model::TaskGroup* find_group(const model::Job& job, const std::string& name) {
  for (const auto& group : job.group()) {
    if (group.name() == name) return &group;
  }
  return nullptr;
}

AllocRunner::AllocRunner(RunnerContext& context, model::Assignment assignment,
                         std::shared_ptr<const model::Job> job, Events events)
    : context_(context),
      events_(std::move(events)),
      id_(AllocId::from_bytes(assignment.id())),
      assignment_(std::make_shared<model::Assignment>(std::move(assignment))),
      job_(std::move(job)),
      group_(find_group(*job_, assignment_->group())),
      dir_(context.options.data_dir, id_),
      machine_(make_spec(*assignment_, *job_, *group_, context.options), context.random) {
  for (std::size_t i = 0; i < machine_.tasks().size(); ++i) {
    tasks_.push_back(
        std::make_shared<TaskRunner>(context_, static_cast<TaskRunnerOwner&>(*this), i, id_));
  }
  set_jobs();
}

AllocRunner::~AllocRunner() {
  context_.loop.cancel(timer_);
  context_.loop.cancel(roll_timer_);
}

void AllocRunner::set_jobs() {
  services_stale_ = true;
  if (!services_ && has_services(*group_)) {
    services_ = std::make_shared<OfferedServices>(
        context_, static_cast<OfferedServicesOwner&>(*this), group_->name());
  }
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    tasks_[i]->set_job(assignment_, job_, group_, &group_->task(static_cast<int>(i)));
  }
}

void AllocRunner::wait_for_previous() {
  waits_ = true;
  if (!std::exchange(received_, true)) machine_.receive(now());
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    machine_.note(i, now(), task_event::waiting_for_previous());
  }
  perform({});
}

void AllocRunner::start(const AllocRunner* predecessor) {
  if (std::exchange(under_way_, true)) return;
  if (!std::exchange(received_, true)) {
    machine_.receive(now());
    perform({});
  }
  for (const auto& task : tasks_) task->follow();
  watch_metrics();
  std::optional<AllocDir> previous;
  if (predecessor != nullptr && group_->ephemeral_disk().sticky()) previous = predecessor->dir();
  std::vector<std::string> names;
  for (const auto& task : machine_.tasks()) names.push_back(task.spec().name);
  context_.quick.submit([self = weak_from_this(), &loop = context_.loop, dir = dir_,
                         previous = std::move(previous), names = std::move(names)] {
    Status status = dir.create();
    if (status.ok() && previous) status = dir.take_over(*previous, names);
    loop.post([self, status] {
      const auto alive = self.lock();
      if (!alive || alive->machine_.terminal()) return;
      alive->perform(status.ok()
                         ? alive->machine_.start(alive->now())
                         : alive->machine_.setup_failed(
                               alive->now(), task_event::setup_failure(status.error().message)));
    });
  });
}

void AllocRunner::restore(const StoredAlloc& stored, FoundRuns& found) {
  received_ = true;
  stored_runs_ = stored.runs;
  if (services_) services_->restore(stored.update.services());
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const std::string& name = machine_.tasks()[i].spec().name;
    const auto state = stored.update.task_states().find(name);
    const auto run = stored.runs.find(name);
    std::shared_ptr<drivers::Task> task;
    if (run != stored.runs.end() && !run->second.run_id.empty()) {
      if (auto node = found.extract(run->second.run_id); !node.empty()) {
        task = std::move(node.mapped());
      } else if (const auto driver = context_.drivers.find(run->second.driver);
                 driver != context_.drivers.end() && !run->second.reattach_state.empty()) {
        // The driver no longer knows it: it tells that the run was lost.
        auto lost = driver->second->recover(run->second.reattach_state);
        if (lost.ok()) task = std::move(*lost);
      }
    }
    const bool dead = state != stored.update.task_states().end() && state->second.state() == "dead";
    if (state != stored.update.task_states().end()) {
      model::TaskState known = state->second;
      if (task && !dead && known.started_at() == 0) {
        // The agent died between the start and hearing of it.
        known.set_started_at(task->started_at_ns());
        task_event::append(known, task_event::started(), task->started_at_ns());
      }
      machine_.restore_task(i, std::move(known),
                            run != stored.runs.end() ? run->second.tracker : RestartTracker{},
                            task != nullptr && !dead, now());
    }
    if (task && !dead) {
      tasks_[i]->attach(std::move(task));
    } else if (task) {
      context_.quick.submit([task] { destroy_run(*task); });
    }
  }
  if (stored.update.has_deployment_status() && stored.update.deployment_status().has_healthy()) {
    machine_.restore_health(stored.update.deployment_status().healthy(),
                            stored.update.deployment_status().timestamp());
  }
  if (machine_.terminal()) {
    terminal_at_wall_ns_ = 1;
    for (const auto& task : machine_.tasks()) {
      terminal_at_wall_ns_ = std::max(terminal_at_wall_ns_, task.state().finished_at());
    }
    under_way_ = true;
    context_.quick.submit([dir = dir_] { dir.drop_secrets(); });
  }
}

void AllocRunner::update(model::Assignment assignment, std::shared_ptr<const model::Job> job) {
  const auto* group = find_group(*job, assignment.group());
  const bool in_place =
      group != nullptr && group->task_size() == group_->task_size() &&
      std::equal(group->task().begin(), group->task().end(), group_->task().begin(),
                 [](const auto& a, const auto& b) { return a.name() == b.name(); });
  if (!in_place) {
    YURT_LOG(error, "agent", "allocation {}: the new job version has other tasks; it is ignored",
             id_.to_string());
    return;
  }
  const bool same_spec = job == job_ && assignment.deployment_id() == assignment_->deployment_id();
  assignment_ = std::make_shared<model::Assignment>(std::move(assignment));
  job_ = std::move(job);
  group_ = group;
  set_jobs();
  AllocEffects effects;
  if (!same_spec) {
    machine_.update(spec());
    // Its health is judged anew from now on, though nothing else happens.
    effects = machine_.on_time(now());
  }
  perform(effects);
}

AllocSpec AllocRunner::spec() const {
  return make_spec(*assignment_, *job_, *group_, context_.options);
}

void AllocRunner::stop(const StopOrder& order) {
  if (machine_.terminal()) return;
  perform(machine_.stop(now(), order));
}

Status AllocRunner::restart(const std::string& task, bool all_tasks, const std::string& reason) {
  if (all_tasks) {
    auto effects = machine_.restart_all(now(), reason);
    if (!effects.ok()) return effects.error();
    perform(*effects);
    return {};
  }
  std::optional<std::size_t> one;
  if (!task.empty()) {
    one = machine_.find(task);
    if (!one) {
      return Error{ErrorCode::not_found, "the allocation has no task \"" + task + "\""};
    }
  }
  auto effects = machine_.restart(one, now(), reason);
  if (!effects.ok()) return effects.error();
  perform(*effects);
  return {};
}

Status AllocRunner::signal(const std::string& task, const std::string& signal_name) {
  YURT_ASSIGN(const int number, drivers::parse_signal(signal_name));
  if (!task.empty() && !has_task(task)) {
    return Error{ErrorCode::not_found, "the allocation has no task \"" + task + "\""};
  }
  bool any = false;
  Status outcome = Error{ErrorCode::failed_precondition, "Task not running"};
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const auto& machine = machine_.tasks()[i];
    if ((!task.empty() && machine.spec().name != task) || !machine.runs()) continue;
    outcome = tasks_[i]->signal(number);
    if (!outcome.ok()) continue;
    any = true;
    machine_.note(i, now(), task_event::signaling(drivers::signal_name(number), "User signaled"));
  }
  if (!any) return outcome;
  perform({});
  return {};
}

void AllocRunner::task_prepared(std::size_t task, std::optional<PrepareFailure> failure) {
  perform(machine_.prepared(task, now(), failure));
}

void AllocRunner::task_started(std::size_t task, std::int64_t started_at_ns) {
  perform(machine_.started(task, now(), started_at_ns));
  watch_metrics();
}

void AllocRunner::task_start_failed(std::size_t task, const Error& error) {
  perform(machine_.start_failed(task, now(), error));
}

void AllocRunner::task_exited(std::size_t task, const drivers::ExitResult& result) {
  read_metrics(task);
  perform(machine_.exited(task, now(), result));
}

void AllocRunner::task_event(std::size_t task, model::TaskEvent event) {
  machine_.note(task, now(), std::move(event));
  perform({});
}

void AllocRunner::task_ready(std::size_t task, bool ready) {
  perform(machine_.set_ready(task, now(), ready));
}

void AllocRunner::task_wants_restart(std::size_t task, const std::string& reason) {
  auto effects = machine_.restart(task, now(), reason);
  if (effects.ok()) perform(*effects);
}

void AllocRunner::task_has_turn(std::size_t task, const std::string& reason) {
  roll_ = Roll(task, machine_, *job_, *group_, now());
  auto effects = machine_.restart(task, now(), reason);
  if (effects.ok()) perform(*effects);
  observe_roll();
}

void AllocRunner::observe_roll() {
  // What is being stopped holds its turn until it has gone; the servers see that.
  if (machine_.stopping()) roll_.reset();
  if (!roll_) return;
  const auto healthy = roll_->observe(machine_, now());
  context_.loop.cancel(roll_timer_);
  if (!healthy) {
    const auto wake_ns = roll_->wake_steady_ns();
    if (!wake_ns) return;
    roll_timer_ = context_.loop.at(*wake_ns, [self = weak_from_this()] {
      if (const auto alive = self.lock()) alive->observe_roll();
    });
    return;
  }
  const std::size_t task = roll_->task();
  roll_.reset();
  // Not now: the caller may be in the middle of the task's runner.
  context_.loop.post([self = weak_from_this(), task, healthy = *healthy] {
    if (const auto alive = self.lock()) alive->tasks_[task]->turn_ended(healthy);
  });
}

void AllocRunner::task_failed_script(std::size_t task, const std::string& error) {
  perform(machine_.fail(task, now(), task_event::template_failure(error)));
}

void AllocRunner::services_changed() { perform({}); }

void AllocRunner::check_wants_restart(const std::set<std::string>& tasks,
                                      const std::string& reason) {
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (tasks.contains(machine_.tasks()[i].spec().name)) {
      perform(machine_.unhealthy(i, now(), reason));
    }
  }
}

void AllocRunner::offer_services() {
  if (services_) {
    std::set<std::string> serving;
    std::map<std::string, std::string> addresses;
    for (std::size_t i = 0; i < tasks_.size() && !machine_.stopping(); ++i) {
      const TaskMachine& task = machine_.tasks()[i];
      if (task.phase() != TaskMachine::Phase::running || !tasks_[i]->run()) continue;
      serving.insert(task.spec().name);
      auto address = tasks_[i]->run()->address();
      if (!address.empty()) addresses.emplace(task.spec().name, std::move(address));
    }
    if (std::exchange(services_stale_, false) || serving != serving_) {
      const TaskPaths paths{dir_.shared().string(), "", ""};
      services_->set(service_specs({*assignment_, *job_, *group_, context_.node, paths, addresses}),
                     serving);
      serving_ = std::move(serving);
    }
  }
  machine_.checks_pass(!services_ || services_->healthy(), now());
}

std::string AllocRunner::check_results() const {
  return services_ ? services_->results_json() : "{}";
}

void AllocRunner::perform(const AllocEffects& effects) {
  offer_services();
  // Order matters for a crash in between: how a run ended is stored, together with the fact that it
  // is over, before its traces are removed; a new run's ID is stored before its driver hears of it.
  std::vector<std::shared_ptr<drivers::Task>> ended;
  for (const auto& [task, effect] : effects) {
    if (effect.action == TaskAction::destroy) ended.push_back(tasks_[task]->release());
  }
  for (const auto& [task, effect] : effects) {
    switch (effect.action) {
      case TaskAction::prepare: tasks_[task]->prepare(); break;
      case TaskAction::cancel_prepare: tasks_[task]->cancel_prepare(); break;
      case TaskAction::cancel_start: tasks_[task]->cancel_start(); break;
      case TaskAction::stop: tasks_[task]->stop(effect.signal, effect.timeout_ns); break;
      case TaskAction::start:
      case TaskAction::destroy: break;
    }
  }
  store_progress();
  for (const auto& [task, effect] : effects) {
    if (effect.action == TaskAction::start) tasks_[task]->start();
  }
  for (auto& run : ended) {
    if (run) context_.quick.submit([run = std::move(run)] { destroy_run(*run); });
  }
  if (machine_.terminal() && terminal_at_wall_ns_ == 0) {
    terminal_at_wall_ns_ = context_.clock.wall_ns();
    context_.quick.submit([dir = dir_] { dir.drop_secrets(); });
  }
  set_timer();
  observe_roll();
  events_.on_change(*this);
}

void AllocRunner::store_progress() {
  std::map<std::string, TaskRun> changed;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const auto& machine = machine_.tasks()[i];
    TaskRun run{.driver = tasks_[i]->driver_name(),
                .run_id = tasks_[i]->run_id(),
                .reattach_state = tasks_[i]->reattach_state(),
                .tracker = machine.tracker()};
    auto& stored = stored_runs_[machine.spec().name];
    if (same(stored, run)) continue;
    stored = run;
    changed.emplace(machine.spec().name, std::move(run));
  }
  if (const auto status = context_.store.put_progress(update_message(), changed); !status.ok()) {
    YURT_LOG(error, "agent", "allocation {}: {}", id_.to_string(), status.error().message);
  }
}

bool AllocRunner::read_metrics(std::size_t task) {
  const auto path = dir_.task(machine_.tasks()[task].spec().name).local / metrics_file_name;
  MetricsFile& file = metrics_.try_emplace(task, path).first->second;
  if (!file.read_on()) return false;
  machine_.report(task, file.values());
  return true;
}

void AllocRunner::watch_metrics() {
  if (metrics_timer_ != 0) return;
  metrics_timer_ = context_.loop.at(
      context_.clock.steady_ns() + nanoseconds_per_second, [self = weak_from_this()] {
        const auto alive = self.lock();
        if (!alive) return;
        alive->metrics_timer_ = 0;
        bool any_runs = false, news = false;
        for (std::size_t i = 0; i < alive->machine_.tasks().size(); ++i) {
          if (!alive->machine_.tasks()[i].runs()) continue;
          any_runs = true;
          news |= alive->read_metrics(i);
        }
        if (news) alive->perform({});
        alive->watch_idleness();
        if (any_runs) alive->watch_metrics();
      });
}

void AllocRunner::set_timer() {
  const auto wake_ns = machine_.wake_steady_ns();
  if (timer_ != 0 && wake_ns && *wake_ns == timer_at_ns_) return;
  context_.loop.cancel(timer_);
  timer_ = 0;
  if (!wake_ns) return;
  timer_at_ns_ = *wake_ns;
  timer_ = context_.loop.at(timer_at_ns_, [self = weak_from_this()] {
    const auto alive = self.lock();
    if (!alive) return;
    alive->timer_ = 0;
    alive->perform(alive->machine_.on_time(alive->now()));
  });
}

model::AllocUpdate AllocRunner::update_message() const {
  model::AllocUpdate update;
  update.set_id(assignment_->id());
  update.set_client_status(machine_.client_status());
  update.set_client_description(machine_.client_description());
  for (const auto& task : machine_.tasks()) {
    (*update.mutable_task_states())[task.spec().name] = task.state();
  }
  const auto& health = machine_.health();
  if (health && health->verdict()) {
    auto& status = *update.mutable_deployment_status();
    status.set_healthy(*health->verdict());
    status.set_timestamp(health->decided_at_ns());
    status.set_canary(health->canary());
  }
  // Before the first look at the tasks nothing is known: what was told before holds.
  if (services_ && !services_stale_) services_->fill(*update.mutable_services());
  return update;
}

bool AllocRunner::ever_started() const {
  return std::any_of(machine_.tasks().begin(), machine_.tasks().end(),
                     [](const TaskMachine& task) { return task.ever_started(); });
}

std::shared_ptr<drivers::Task> AllocRunner::run_of(const std::string& task) const {
  const auto found = machine_.find(task);
  if (!found || !machine_.tasks()[*found].runs()) return nullptr;
  return tasks_[*found]->run();
}

}  // namespace yurt::agent
