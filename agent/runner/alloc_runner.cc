#include "agent/runner/alloc_runner.h"

#include <algorithm>
#include <utility>

#include "agent/environment/task_environment.h"
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

Error unknown_task(const std::string& name) {
  return {ErrorCode::not_found, "the allocation has no task or worker \"" + name + "\""};
}

AllocSpec make_spec(const model::Assignment& assignment, const model::Job& job,
                    const model::TaskGroup& group, const AgentOptions& options) {
  AllocSpec spec;
  spec.tasks = task_specs(job, group, assignment, options.max_kill_timeout_ns);
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
    const auto materials = std::make_shared<TaskMaterials>();
    auto& copies = tasks_.emplace_back();
    for (std::size_t worker = 0; worker < machine_.tasks()[i].size(); ++worker) {
      copies.push_back(std::make_shared<TaskRunner>(context_, static_cast<TaskRunnerOwner&>(*this),
                                                    CopyRef(i, worker), id_, materials));
      materials->copies.push_back(copies.back());
    }
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
    for (const auto& copy : tasks_[i]) {
      copy->set_job(assignment_, job_, group_, &group_->task(static_cast<int>(i)));
    }
  }
}

void AllocRunner::wait_for_previous() {
  waits_ = true;
  if (!std::exchange(received_, true)) receive();
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    machine_.note(i, now(), task_event::waiting_for_previous());
  }
  perform({});
}

void AllocRunner::receive() {
  machine_.receive(now());
  if (assignment_->oom_retries() == 0) return;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const model::Task& task = group_->task(static_cast<int>(i));
    const auto granted = assignment_->resources().tasks().find(task.name());
    if (oom_rule(task) == nullptr || granted == assignment_->resources().tasks().end()) continue;
    machine_.note(
        i, now(),
        task_event::more_memory(assignment_->oom_retries(), oom_rule(task)->attempts(),
                                granted->second.memory().memory_mb(), task.resources().memory()));
  }
}

void AllocRunner::start(const AllocRunner* predecessor) {
  if (std::exchange(under_way_, true)) return;
  if (!std::exchange(received_, true)) {
    receive();
    perform({});
  }
  for (const auto& copies : tasks_) {
    for (const auto& copy : copies) copy->follow();
  }
  watch_metrics();
  watch_readiness();
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
      if (alive) alive->begin(status);
    });
  });
}

void AllocRunner::begin(const Status& folders) {
  if (machine_.terminal()) return;
  if (!folders.ok()) {
    const auto event = task_event::setup_failure(folders.error().message);
    perform(machine_.setup_failed(now(), event));
    return;
  }
  if (job_->outputs().empty() || ever_started()) {
    perform(machine_.start(now()));
    return;
  }
  const TaskEnvironment environment(*assignment_, *job_, *group_, group_->task(0), {},
                                    context_.node, {}, {});
  std::vector<std::string> outputs;
  for (const auto& output : job_->outputs()) outputs.push_back(environment.interpolate(output));
  context_.slow.submit(
      [self = weak_from_this(), &loop = context_.loop, outputs = std::move(outputs)] {
        const OutputsAnswer answer = look_for_outputs(outputs);
        loop.post([self, outputs, answer] {
          const auto alive = self.lock();
          if (!alive || alive->machine_.terminal()) return;
          alive->begin_without(outputs, answer);
        });
      });
}

void AllocRunner::begin_without(const std::vector<std::string>& outputs,
                                const OutputsAnswer& answer) {
  if (answer.all_exist) {
    perform(machine_.skip(now(), task_event::outputs_exist(outputs)));
    return;
  }
  for (std::size_t i = 0; i < tasks_.size() && !answer.problem.empty(); ++i) {
    machine_.note(i, now(), task_event::outputs_unknown(answer.missing, answer.problem));
  }
  perform(machine_.start(now()));
}

void AllocRunner::restore(const StoredAlloc& stored, FoundRuns& found) {
  received_ = true;
  stored_runs_ = stored.runs;
  if (services_) services_->restore(stored.update.services());
  for (std::size_t i = 0; i < tasks_.size(); ++i) restore_task(i, stored, found);
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
  Named one;
  if (!task.empty()) {
    const auto named = find(task);
    if (!named) return unknown_task(task);
    one = *named;
  }
  auto effects = machine_.restart(task.empty() ? std::nullopt : std::optional(one.task), one.worker,
                                  now(), reason);
  if (!effects.ok()) return effects.error();
  perform(*effects);
  return {};
}

Status AllocRunner::signal(const std::string& task, const std::string& signal_name) {
  YURT_ASSIGN(const int number, drivers::parse_signal(signal_name));
  const auto named = find(task);
  if (!task.empty() && !named) return unknown_task(task);
  bool any = false;
  Status outcome = Error{ErrorCode::failed_precondition, "Task not running"};
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (named && named->task != i) continue;
    for (std::size_t worker = 0; worker < tasks_[i].size(); ++worker) {
      if (named && named->worker.value_or(worker) != worker) continue;
      if (!machine_.tasks()[i].copy(worker).runs()) continue;
      outcome = tasks_[i][worker]->signal(number);
      if (!outcome.ok()) continue;
      any = true;
      machine_.note({i, worker}, now(),
                    task_event::signaling(drivers::signal_name(number), "User signaled"));
    }
  }
  if (!any) return outcome;
  perform({});
  return {};
}

void AllocRunner::task_prepared(CopyRef copy, std::optional<PrepareFailure> failure) {
  perform(machine_.prepared(copy, now(), failure));
}

void AllocRunner::task_started(CopyRef copy, std::int64_t started_at_ns) {
  perform(machine_.started(copy, now(), started_at_ns));
  watch_metrics();
  watch_readiness();
}

void AllocRunner::task_start_failed(CopyRef copy, const Error& error) {
  perform(machine_.start_failed(copy, now(), error));
}

void AllocRunner::task_exited(CopyRef copy, const drivers::ExitResult& result) {
  read_metrics(copy.task);
  perform(machine_.exited(copy, now(), result));
}

void AllocRunner::task_event(CopyRef copy, model::TaskEvent event) {
  machine_.note(copy, now(), std::move(event));
  perform({});
}

void AllocRunner::task_ready(CopyRef copy, bool ready) {
  perform(machine_.set_ready(copy, now(), ready));
}

void AllocRunner::task_wants_restart(CopyRef copy, const std::string& reason) {
  auto effects = machine_.restart(copy.task, copy.worker, now(), reason);
  if (effects.ok()) perform(*effects);
}

void AllocRunner::task_has_turn(CopyRef copy, const std::string& reason) {
  roll_ = Roll(copy.task, machine_, *job_, *group_, now());
  auto effects = machine_.restart(copy.task, std::nullopt, now(), reason);
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
    const auto alive = self.lock();
    if (!alive) return;
    for (const auto& copy : alive->tasks_[task]) copy->turn_ended(healthy);
  });
}

void AllocRunner::task_failed_script(CopyRef copy, const std::string& error) {
  perform(machine_.fail(copy.task, now(), task_event::template_failure(error)));
}

void AllocRunner::services_changed() { perform({}); }

void AllocRunner::check_wants_restart(const std::set<std::string>& tasks,
                                      const std::string& reason) {
  for (const std::string& name : tasks) {
    if (const auto named = find(name)) {
      perform(machine_.unhealthy(named->task, named->worker, now(), reason));
    }
  }
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
    if (effect.action != TaskAction::destroy) continue;
    ended.push_back(tasks_[task][effect.worker]->release());
  }
  for (const auto& [task, effect] : effects) {
    TaskRunner& copy = *tasks_[task][effect.worker];
    switch (effect.action) {
      case TaskAction::prepare: copy.prepare(); break;
      case TaskAction::cancel_prepare: copy.cancel_prepare(); break;
      case TaskAction::cancel_start: copy.cancel_start(); break;
      case TaskAction::stop: copy.stop(effect.signal, effect.timeout_ns); break;
      case TaskAction::start:
      case TaskAction::destroy: break;
    }
  }
  store_progress();
  for (const auto& [task, effect] : effects) {
    if (effect.action == TaskAction::start) tasks_[task][effect.worker]->start();
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
    for (std::size_t worker = 0; worker < tasks_[i].size(); ++worker) {
      const TaskRunner& runner = *tasks_[i][worker];
      TaskRun run{.driver = runner.driver_name(),
                  .run_id = runner.run_id(),
                  .reattach_state = runner.reattach_state(),
                  .tracker = machine_.tasks()[i].copy(worker).tracker()};
      const std::string key = run_key({i, worker});
      auto& stored = stored_runs_[key];
      if (same(stored, run)) continue;
      stored = run;
      changed.emplace(key, std::move(run));
    }
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
                     [](const WorkerSet& task) { return task.ever_started(); });
}

}  // namespace yurt::agent
