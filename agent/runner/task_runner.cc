#include "agent/runner/task_runner.h"

#include <cctype>
#include <utility>

#include "agent/runner/task_event.h"
#include "base/assert.h"
#include "base/log.h"
#include "drivers/signals.h"

namespace yurt::agent {
namespace {

// How often what a template has read is looked at.
constexpr std::int64_t template_poll_ns = 2 * nanoseconds_per_second;

// TaskConfig::id allows few characters; the random part makes it unique for ever.
std::string make_run_id(AllocId alloc, const model::Task& task, std::size_t worker,
                        Random& random) {
  std::string name = task.name().substr(0, 60);
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '-') c = '_';
  }
  if (task.has_workers()) name = worker_name(name, worker);
  return fmt::format("{}.{}.{:08x}", alloc.to_string(), name,
                     static_cast<std::uint32_t>(random.next()));
}

}  // namespace

void destroy_run(drivers::Task& run) {
  if (const auto status = run.destroy(); !status.ok()) {
    YURT_LOG(warn, "agent", "removing what {} left: {}", run.id(), status.error().message);
  }
}

TaskRunner::TaskRunner(RunnerContext& context, TaskRunnerOwner& owner, CopyRef copy, AllocId alloc,
                       std::shared_ptr<TaskMaterials> materials)
    : context_(context),
      owner_(owner),
      copy_(copy),
      alloc_(alloc),
      materials_(std::move(materials)) {}

TaskRunner::~TaskRunner() {
  context_.cluster.forget(this);
  for (const auto timer : {template_timer_, splay_timer_, missing_timer_, data_timer_}) {
    context_.loop.cancel(timer);
  }
  for (auto& [id, script] : scripts_) context_.loop.cancel(script.timeout);
  if (cancelled_) *cancelled_ = true;
  end_turn();
}

template <typename Work, typename Then>
void TaskRunner::off_loop(WorkerPool& pool, Work work, Then then) {
  pool.submit([self = weak_from_this(), &loop = context_.loop, work = std::move(work),
               then = std::move(then)]() mutable {
    auto result = std::make_shared<decltype(work())>(work());
    loop.post(
        [self = std::move(self), result = std::move(result), then = std::move(then)]() mutable {
          if (const auto alive = self.lock()) then(*alive, std::move(*result));
        });
  });
}

void TaskRunner::set_job(std::shared_ptr<const model::Assignment> assignment,
                         std::shared_ptr<const model::Job> job, const model::TaskGroup* group,
                         const model::Task* task) {
  assignment_ = std::move(assignment);
  job_ = std::move(job);
  group_ = group;
  task_ = task;
  driver_name_ = task->driver();
}

std::string TaskRunner::reattach_state() const { return run_ ? run_->reattach_state() : ""; }

template <typename F>
void TaskRunner::for_each_running(F f) const {
  for (const auto& copy : materials_->copies) {
    if (const auto alive = copy.lock(); alive && alive->run_) f(*alive);
  }
}

PreparationRequest TaskRunner::preparation_request() const {
  PreparationRequest request{.assignment = assignment_,
                             .job = job_,
                             .group = group_,
                             .task = task_,
                             .workers = worker_rules(*task_, *assignment_),
                             .worker = copy_.worker,
                             .dir = AllocDir(context_.options.data_dir, alloc_),
                             .node = context_.node,
                             .inherited_environment = {},
                             .driver = nullptr,
                             .host_volumes = context_.options.host_volumes,
                             .gpus = context_.gpus,
                             // Whoever may run programs here can read these files anyway.
                             .allow_files = context_.options.raw_exec.enabled,
                             .fetch_artifacts = !materials_->artifacts_fetched,
                             .render_templates = true,
                             .templates = materials_->templates,
                             .cluster = &context_.cluster,
                             .run_id = run_id_,
                             .now_wall_ns = context_.clock.wall_ns(),
                             .on_event = {}};
  const auto& restart = task_->has_restart() ? task_->restart() : group_->restart();
  // While another copy runs, what has changed concerns it too: the watch finds it.
  bool any_runs = false;
  for_each_running([&any_runs](const TaskRunner&) { any_runs = true; });
  request.render_templates =
      !materials_->templates_rendered || (restart.render_templates() && !any_runs);
  if (driver_name_ == "raw_exec") request.inherited_environment = context_.inherited_environment;
  if (const auto driver = context_.drivers.find(driver_name_); driver != context_.drivers.end()) {
    request.driver = driver->second;
  }
  return request;
}

void TaskRunner::prepare() {
  blocked_ = false;
  // It takes up the newest on its way.
  if (turn_ == Turn::asked) end_turn();
  run_id_ = make_run_id(alloc_, *task_, copy_.worker, context_.random);
  const auto driver = context_.drivers.find(driver_name_);
  if (driver == context_.drivers.end()) {
    const std::string message = "this node has no driver \"" + driver_name_ + "\"";
    context_.loop.post([self = weak_from_this(), message] {
      if (const auto alive = self.lock()) {
        alive->owner_.task_prepared(alive->copy_,
                                    PrepareFailure{task_event::driver_failure(message), false});
      }
    });
    return;
  }
  cancelled_ = std::make_shared<std::atomic<bool>>(false);
  if (!materials_->preparing) return prepare_now();
  materials_->waiting.push_back([self = weak_from_this()] {
    if (const auto alive = self.lock()) alive->prepare_now();
  });
}

bool TaskRunner::leads() const {
  bool first = true;
  for_each_running([&](const TaskRunner& copy) { first &= copy.copy_.worker >= copy_.worker; });
  return first;
}

void TaskRunner::prepare_now() {
  materials_->preparing = true;
  PreparationRequest request = preparation_request();
  request.on_event = [self = weak_from_this(), &loop = context_.loop](model::TaskEvent event) {
    loop.post([self, event = std::move(event)] {
      if (const auto alive = self.lock()) alive->owner_.task_event(alive->copy_, event);
    });
  };
  auto& pool = is_slow(request) ? context_.slow : context_.quick;
  off_loop(
      pool,
      [request = std::move(request), cancelled = cancelled_] {
        return prepare_task(request, *cancelled);
      },
      [](TaskRunner& self, Preparation outcome) { self.finish_preparation(std::move(outcome)); });
}

void TaskRunner::finish_preparation(Preparation outcome) {
  const bool cancelled = cancelled_ && *cancelled_;
  cancelled_.reset();
  auto* blocked = std::get_if<BlockedTask>(&outcome);
  const bool waits = blocked != nullptr && !cancelled;
  if (blocked != nullptr && cancelled) {
    outcome =
        PrepareFailure{task_event::template_message("The task is not wanted any more"), false};
  }
  auto* failure = std::get_if<PrepareFailure>(&outcome);
  if (!waits && failure == nullptr) {
    prepared_ = std::move(std::get<PreparedTask>(outcome));
    materials_->artifacts_fetched = true;
    materials_->templates = prepared_->templates;
    materials_->template_environment = prepared_->environment;
    materials_->templates_rendered = true;
  }
  materials_->preparing = false;
  while (!materials_->preparing && !materials_->waiting.empty()) {
    const auto next = std::move(materials_->waiting.front());
    materials_->waiting.pop_front();
    next();
  }
  if (waits) return wait_for_data(std::move(*blocked));
  context_.loop.cancel(missing_timer_);
  told_missing_.clear();
  owner_.task_prepared(copy_, failure == nullptr
                                  ? std::nullopt
                                  : std::optional<PrepareFailure>(std::move(*failure)));
}

void TaskRunner::cancel_prepare() {
  if (cancelled_) *cancelled_ = true;
  if (!std::exchange(blocked_, false)) return;
  context_.loop.post([self = weak_from_this()] {
    const auto alive = self.lock();
    if (!alive) return;
    alive->owner_.task_prepared(
        alive->copy_,
        PrepareFailure{task_event::template_message("The task is not wanted any more"), false});
  });
}

void TaskRunner::cancel_start() {
  const auto driver = context_.drivers.find(driver_name_);
  if (driver != context_.drivers.end() && !run_id_.empty()) driver->second->cancel_start(run_id_);
}

void TaskRunner::start() {
  YURT_ASSERT(prepared_.has_value());
  drivers::StartEvents events;
  events.on_progress = [self = weak_from_this(), &loop = context_.loop](
                           const std::string& type, const std::string& message) {
    loop.post([self, event = task_event::driver_message(type + ": " + message)] {
      if (const auto alive = self.lock()) alive->owner_.task_event(alive->copy_, event);
    });
  };
  events.on_done = [self = weak_from_this(),
                    &loop = context_.loop](Result<std::shared_ptr<drivers::Task>> outcome) {
    loop.post([self, outcome = std::move(outcome)] {
      const auto alive = self.lock();
      if (!alive) return;  // the run is in the store and is found again by the next agent
      if (!outcome.ok()) {
        alive->owner_.task_start_failed(alive->copy_, outcome.error());
        return;
      }
      alive->run_ = *outcome;
      alive->owner_.task_started(alive->copy_, alive->run_->started_at_ns());
      if (!alive->run_) return;
      alive->listen(alive->run_);
      for (const auto& script : std::exchange(alive->prepared_->first_scripts, {})) {
        alive->run_script(script);
      }
      alive->watch_templates();
    });
  };
  context_.drivers.at(driver_name_)->start(prepared_->config, std::move(events));
  prepared_->config = {};  // the environment may hold secrets and is not needed again
}

void TaskRunner::attach(std::shared_ptr<drivers::Task> run) {
  run_ = std::move(run);
  run_id_ = run_->id();
  materials_->artifacts_fetched = true;
}

void TaskRunner::follow() {
  if (!run_) return;
  listen(run_);
  resume_watching();
}

void TaskRunner::resume_watching() {
  if (task_->template__size() == 0 || !leads()) return;
  off_loop(
      context_.slow, [request = preparation_request()] { return resume_templates(request); },
      [](TaskRunner& self, ResumedTemplates resumed) {
        if (!self.run_ || !resumed.templates) return;
        self.materials_->templates = std::move(resumed.templates);
        self.materials_->template_environment = std::move(resumed.environment);
        self.materials_->templates_rendered = true;
        self.for_each_running(
            [&resumed](TaskRunner& copy) { copy.templates_changed(resumed.changes); });
        self.for_each_running([](TaskRunner& copy) { copy.watch_templates(); });
      });
}

void TaskRunner::listen(const std::shared_ptr<drivers::Task>& run) {
  run->on_exit([self = weak_from_this(), &loop = context_.loop,
                id = run->id()](const drivers::ExitResult& result) {
    loop.post([self, id, result] {
      const auto alive = self.lock();
      if (alive && alive->run_ && alive->run_->id() == id) {
        alive->owner_.task_exited(alive->copy_, result);
      }
    });
  });
  run->on_ready([self = weak_from_this(), &loop = context_.loop, id = run->id()](bool ready) {
    loop.post([self, id, ready] {
      const auto alive = self.lock();
      if (alive && alive->run_ && alive->run_->id() == id) {
        alive->owner_.task_ready(alive->copy_, ready);
      }
    });
  });
}

void TaskRunner::stop(int signal, std::int64_t timeout_ns) {
  if (!run_) return;
  const auto status = run_->stop(signal, timeout_ns);
  if (status.ok()) return;
  YURT_LOG(warn, "agent", "stopping {} the gentle way failed: {}", run_id_, status.error().message);
  // Removing it kills it, and its end is told as usual.
  context_.quick.submit([run = run_] {
    if (const auto destroyed = run->destroy(); !destroyed.ok()) {
      YURT_LOG(error, "agent", "killing {}: {}", run->id(), destroyed.error().message);
    }
  });
}

std::shared_ptr<drivers::Task> TaskRunner::release() {
  for (const auto timer : {template_timer_, splay_timer_, data_timer_}) {
    context_.loop.cancel(timer);
  }
  data_since_ns_ = 0;
  for (auto& [id, script] : scripts_) context_.loop.cancel(script.timeout);
  scripts_.clear();
  run_id_.clear();
  return std::exchange(run_, nullptr);
}

Status TaskRunner::signal(int number) {
  if (!run_) return Error{ErrorCode::failed_precondition, "Task not running"};
  return run_->signal(number);
}

void TaskRunner::watch_templates() {
  context_.loop.cancel(template_timer_);
  if (run_) read_cluster();
  if (!materials_->templates || !materials_->templates->watched() || !run_) return;
  template_timer_ =
      context_.loop.at(context_.clock.steady_ns() + template_poll_ns, [self = weak_from_this()] {
        if (const auto alive = self.lock()) alive->check_templates();
      });
}

void TaskRunner::check_templates() {
  if (!leads()) return watch_templates();
  if (!materials_->templates) return;
  render_again_ = rendering_;
  if (std::exchange(rendering_, true)) return;
  off_loop(
      context_.quick,
      [templates = materials_->templates, environment = materials_->template_environment,
       now_ns = context_.clock.wall_ns()] { return templates->render(*environment, now_ns); },
      [](TaskRunner& self, Result<TemplateChanges> changes) {
        self.rendering_ = false;
        self.rendered(std::move(changes));
      });
}

void TaskRunner::rendered(Result<TemplateChanges> changes) {
  if (changes.ok()) {
    for_each_running([&](TaskRunner& copy) { copy.templates_changed(*changes); });
  } else if (run_) {
    YURT_LOG(warn, "agent", "{}: {}", run_id_, changes.error().message);
    owner_.task_event(
        copy_, task_event::template_message("Not rendered again: " + changes.error().message));
  }
  watch_templates();
  if (std::exchange(render_again_, false)) check_templates();
}

void TaskRunner::templates_changed(const TemplateChanges& changes) {
  // What was to be rolled out has been taken back.
  if (!changes.roll && turn_ == Turn::asked) end_turn();
  if ((!changes.any && !changes.roll) || !run_) return;
  for (const auto& again : changes.rendered_again) {
    if (!leads()) break;  // said once for all workers
    owner_.task_event(copy_, task_event::template_message("Rendered again: " + again));
  }
  const auto wait_ns =
      static_cast<std::int64_t>(static_cast<double>(changes.splay_ns) * context_.random.fraction());
  context_.loop.cancel(splay_timer_);
  splay_timer_ =
      context_.loop.at(context_.clock.steady_ns() + wait_ns, [self = weak_from_this(), changes] {
        if (const auto alive = self.lock()) alive->act_on(changes);
      });
}

void TaskRunner::act_on(const TemplateChanges& changes) {
  if (!run_) return;
  for (const auto& script : changes.scripts) run_script(script);
  if (changes.restart) {
    owner_.task_wants_restart(copy_, "Template with change_mode restart re-rendered");
    return;
  }
  if (changes.roll && leads()) ask_for_turn(changes.index);
  for (const auto& name : changes.signals) {
    const auto number = drivers::parse_signal(name);
    const auto status = number.ok() ? signal(*number) : Status(number.error());
    owner_.task_event(copy_, status.ok()
                                 ? task_event::signaling(name, "Template re-rendered")
                                 : task_event::template_message(
                                       "Sending " + name + " failed: " + status.error().message));
  }
}

void TaskRunner::run_script(const ChangeScriptRequest& script) {
  const std::uint64_t id = ++last_script_;
  drivers::ExecRequest request;
  request.command.push_back(script.command);
  request.command.insert(request.command.end(), script.args.begin(), script.args.end());
  drivers::ExecEvents events;
  events.on_output = [](drivers::ExecStream, std::string_view) {};
  events.on_exit = [self = weak_from_this(), &loop = context_.loop, id,
                    script](const drivers::ExitResult& result) {
    loop.post([self, id, script, result] {
      if (const auto alive = self.lock()) alive->end_script(id, script, result);
    });
  };
  auto session = run_->exec(request, std::move(events));
  if (!session.ok()) {
    drivers::ExitResult failure;
    failure.exit_code = 1;
    failure.error = session.error().message;
    context_.loop.post([self = weak_from_this(), id, script, failure] {
      if (const auto alive = self.lock()) alive->end_script(id, script, failure);
    });
    scripts_[id] = {};
    return;
  }
  auto& running = scripts_[id];
  running.session = std::move(*session);
  running.timeout = context_.loop.at(context_.clock.steady_ns() + script.timeout_ns,
                                     [self = weak_from_this(), id, script] {
                                       drivers::ExitResult late;
                                       late.exit_code = 1;
                                       late.error = "it took longer than its timeout";
                                       if (const auto alive = self.lock())
                                         alive->end_script(id, script, late);
                                     });
}

void TaskRunner::end_script(std::uint64_t id, const ChangeScriptRequest& script,
                            const drivers::ExitResult& result) {
  auto ended = scripts_.extract(id);
  if (ended.empty()) return;
  context_.loop.cancel(ended.mapped().timeout);
  if (result.successful()) {
    owner_.task_event(copy_, task_event::template_message("Template ran script " + script.command));
    return;
  }
  const std::string why =
      "Template script " + script.command + " failed: " +
      (result.error.empty() ? fmt::format("exit code {}", result.exit_code) : result.error);
  if (script.fail_on_error) {
    owner_.task_failed_script(copy_, why);
  } else {
    owner_.task_event(copy_, task_event::template_message(why));
  }
}

}  // namespace yurt::agent
