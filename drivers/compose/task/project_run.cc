#include "drivers/compose/task/project_run.h"

#include <algorithm>
#include <utility>

#include "base/duration.h"
#include "base/log.h"
#include "drivers/compose/project/engine_objects.h"

namespace yurt::drivers::compose {
namespace {

constexpr std::int64_t engine_retry_ns = 500 * nanoseconds_per_millisecond;
constexpr std::int64_t first_restart_ns = 100 * nanoseconds_per_millisecond;
constexpr std::int64_t longest_restart_ns = 60 * nanoseconds_per_second;
constexpr std::int64_t settled_run_ns = 10 * nanoseconds_per_second;
constexpr std::int64_t quick_poll_ns = 300 * nanoseconds_per_millisecond;
constexpr std::int64_t steady_poll_ns = 5 * nanoseconds_per_second;
constexpr std::int64_t slow_start_ns = 300 * nanoseconds_per_second;

std::int64_t restart_delay_ns(const RestartConfig& rule, int attempt) {
  if (rule.delay_ns > 0) return rule.delay_ns;
  std::int64_t delay_ns = first_restart_ns;
  for (int i = 1; i < attempt && delay_ns < longest_restart_ns; ++i) delay_ns *= 2;
  return std::min(delay_ns, longest_restart_ns);
}

std::string how_it_ended(const ExitResult& result) {
  if (!result.error.empty()) return result.error;
  if (result.oom_killed) return "it was killed for its memory";
  return "it ended with exit code " + std::to_string(result.exit_code);
}

ExitResult failed_with(const std::string& error, std::int64_t now_ns) {
  ExitResult result;
  result.exit_code = 1;
  result.error = error;
  result.finished_at_ns = now_ns;
  return result;
}

}  // namespace

ProjectRun::ProjectRun(docker::Services& services, std::shared_ptr<const ProjectPlan> plan,
                       ProjectRecord record, std::shared_ptr<ProjectLog> log)
    : services_(services),
      plan_(std::move(plan)),
      log_(std::move(log)),
      folder_(services.state_folder, plan_->task.id),
      started_at_ns_(record.started_at_ns),
      record_(std::move(record)) {
  services_.keep(plan_->task.id);
  for (const PlannedContainer& planned : plan_->containers)
    slots_.emplace_back().planned = &planned;
  if (record_.stop) {
    stop_deadline_ns_ = clock_.steady_ns() + record_.stop->deadline_ns - clock_.wall_ns();
  }
}

ProjectRun::~ProjectRun() { detach(); }

void ProjectRun::detach() {
  std::unique_lock lock(mutex_);
  detached_ = true;
  callbacks_.clear();
  ready_callbacks_.clear();
  changed_.notify_all();
  if (!services_.loop->on_loop_thread()) changed_.wait(lock, [this] { return !callback_running_; });
}

void ProjectRun::begin(const std::vector<std::string>& container_ids,
                       std::function<void(Status)> on_first) {
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      slots_[i].container_id = container_ids[i];
      slots_[i].phase = Phase::made;
    }
    known_ = true;
    on_first_ = std::move(on_first);
    if (slots_.empty()) end_when_over();
  }
  if (slots_.empty()) return first({});
  advance_later();
}

void ProjectRun::take_over() { advance_later(); }

void ProjectRun::lose(const std::string& why) {
  const std::lock_guard lock(mutex_);
  known_ = true;
  result_ = failed_with(why, clock_.wall_ns());
  result_->started_at_ns = started_at_ns_;
  tell_later();
}

void ProjectRun::first(const Status& outcome) {
  std::function<void(Status)> callback;
  {
    const std::lock_guard lock(mutex_);
    callback = std::exchange(on_first_, {});
  }
  if (callback) callback(outcome);
}

void ProjectRun::say(const Slot& slot, const std::string& text) {
  if (log_) log_->say(slot.planned->key, text);
}

// --- One step after another

void ProjectRun::advance_later() {
  const std::lock_guard lock(mutex_);
  if (detached_ || destroying_ || result_) return;
  if (advancing_) {
    advance_again_ = true;
    return;
  }
  advancing_ = true;
  services_.workers.submit([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->advance();
  });
}

void ProjectRun::wake_later(std::int64_t delay_ns) {
  services_.background.run_after(std::max<std::int64_t>(0, delay_ns), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->advance_later();
  });
}

void ProjectRun::advance() {
  bool wants_look = false;
  {
    const std::lock_guard lock(mutex_);
    wants_look = !known_ && !detached_ && !destroying_;
  }
  if (wants_look) look_up();
  std::vector<std::shared_ptr<docker::Container>> gone;
  std::vector<std::size_t> to_start;
  std::int64_t poll_ns = 0;
  {
    const std::lock_guard lock(mutex_);
    advance_again_ = false;
    if (known_ && !detached_ && !destroying_ && !result_) {
      for (Slot& slot : slots_) {
        if (slot.phase == Phase::ended) decide(slot);
      }
      if (!stopping()) start_ready();
      if (stopping()) stop_ready();
      for (std::size_t i = 0; i < slots_.size(); ++i) {
        Slot& slot = slots_[i];
        if (slot.before) gone.push_back(std::move(slot.before));
        if (slot.phase != Phase::starting || std::exchange(slot.start_sent, true)) continue;
        to_start.push_back(i);
      }
      end_when_over();
      poll_ns = health_poll_ns();
      if (poll_ns > 0 && std::exchange(polling_, true)) poll_ns = 0;
      tell_readiness_later();
    }
  }
  gone.clear();
  for (const std::size_t index : to_start) start_slot(index);
  if (poll_ns > 0) {
    services_.background.run_after(poll_ns, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      self->services_.workers.submit([weak] {
        if (const auto still = weak.lock()) still->poll_health();
      });
    });
  }
  bool again = false;
  {
    const std::lock_guard lock(mutex_);
    advancing_ = false;
    again = advance_again_;
    changed_.notify_all();
  }
  if (again) advance_later();
}

void ProjectRun::look_up() {
  const auto listed = list_containers(services_, plan_->task.id);
  if (!listed.ok()) {
    const std::lock_guard lock(mutex_);
    return wake_later(engine_retry_ns);
  }
  std::vector<std::size_t> to_follow;
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      Slot& slot = slots_[i];
      const auto found = std::find_if(listed->begin(), listed->end(), [&](const auto& one) {
        return one.key == slot.planned->key;
      });
      if (found == listed->end()) {
        slot.phase = Phase::ended;
        slot.result = failed_with("the container was removed by somebody else", clock_.wall_ns());
        continue;
      }
      slot.container_id = found->id;
      slot.phase = found->state == "created" ? Phase::made : Phase::running;
      slot.ever_started = slot.phase == Phase::running;
      if (slot.ever_started) to_follow.push_back(i);
    }
    known_ = true;
  }
  for (const std::size_t index : to_follow) follow(index);
}

void ProjectRun::follow(std::size_t index) {
  std::shared_ptr<docker::Container> container;
  std::shared_ptr<docker::Container> old;  // let go of outside the lock
  {
    const std::lock_guard lock(mutex_);
    Slot& slot = slots_[index];
    docker::ContainerState state;
    state.task_id = plan_->task.id + "." + slot.planned->key;
    state.container_id = slot.container_id;
    state.started_at_ns = clock_.wall_ns();
    state.logs = plan_->task.logs;
    state.logs.disabled = log_ == nullptr;
    const Service& service = *slot.planned->service->service;
    state.tty = service.container.tty;
    state.stop_signal = service.stop_signal > 0 ? service.stop_signal : plan_->task.stop_signal;
    container = std::make_shared<docker::Container>(
        services_, std::move(state),
        [log = log_, key = slot.planned->key]() -> Result<std::unique_ptr<docker::LogSink>> {
          return log->channel(key);
        });
    old = std::exchange(slot.container, container);
    slot.phase = Phase::running;
    slot.start_sent = false;
    slot.ever_started = true;
    slot.health.clear();
    slot.main_process = 0;
  }
  container->follow();
  container->on_exit(
      [weak = weak_from_this(), index, raw = container.get()](const ExitResult& result) {
        if (const auto self = weak.lock()) self->slot_ended(index, raw, result);
      });
}

void ProjectRun::slot_ended(std::size_t index, const docker::Container* container,
                            const ExitResult& result) {
  {
    const std::lock_guard lock(mutex_);
    Slot& slot = slots_[index];
    if (slot.container.get() != container) return;
    slot.result = result;
    slot.phase = Phase::ended;
    slot.health.clear();
    changed_.notify_all();
  }
  advance_later();
}

// --- Starting

ProjectRun::Readiness ProjectRun::readiness_of(const Dependency& dependency,
                                               std::string& why) const {
  Readiness all = Readiness::ready;
  for (const Slot& slot : slots_) {
    if (slot.planned->service->service->name != dependency.service) continue;
    Readiness one = Readiness::not_yet;
    if (dependency.condition == Condition::started) {
      one = slot.ever_started ? Readiness::ready : Readiness::not_yet;
    } else if (dependency.condition == Condition::completed) {
      if (slot.phase == Phase::done) {
        one = slot.result.successful() ? Readiness::ready : Readiness::never;
        why = slot.planned->key + " failed: " + how_it_ended(slot.result);
      }
    } else if (slot.phase == Phase::done) {
      one = Readiness::never;
      why = slot.planned->key + " ended before it was healthy";
    } else if (slot.phase == Phase::running) {
      if (slot.health == "healthy") one = Readiness::ready;
      if (slot.health == "unhealthy") {
        one = Readiness::never;
        why = slot.planned->key + " is unhealthy";
      } else if (slot.health == "none") {
        one = Readiness::never;
        why = slot.planned->key + " has no healthcheck, neither in the file nor in its image";
      }
    }
    if (one == Readiness::never) return one;
    if (one == Readiness::not_yet) all = one;
  }
  return all;
}

ProjectRun::Readiness ProjectRun::readiness(const Slot& slot, std::string& why) const {
  Readiness all = Readiness::ready;
  for (const Dependency& dependency : slot.planned->service->depends_on) {
    const Readiness one = readiness_of(dependency, why);
    if (one == Readiness::never && dependency.required) return one;
    if (one == Readiness::not_yet) all = one;
  }
  return all;
}

void ProjectRun::start_ready() {
  const std::int64_t now_ns = clock_.steady_ns();
  for (Slot& slot : slots_) {
    if (slot.phase == Phase::waiting) {
      if (slot.restart_at_ns > now_ns) continue;
      slot.phase = Phase::starting;
      slot.before = std::exchange(slot.container, nullptr);
    } else if (slot.phase == Phase::made) {
      std::string why;
      const Readiness ready = readiness(slot, why);
      if (ready == Readiness::ready) slot.phase = Phase::starting;
      if (ready == Readiness::never) {
        return fail(failed_with(slot.planned->key + " can't be started: " + why, clock_.wall_ns()));
      }
    }
  }
}

void ProjectRun::start_slot(std::size_t index) {
  services_.workers.submit([self = shared_from_this(), index] {
    std::string id;
    {
      const std::lock_guard lock(self->mutex_);
      Slot& slot = self->slots_[index];
      if (self->stopping() || self->destroying_ || self->detached_) {
        slot.phase = slot.ever_started ? Phase::done : Phase::made;
        slot.start_sent = false;
        self->changed_.notify_all();
      } else {
        id = slot.container_id;
      }
    }
    if (id.empty()) return self->advance_later();
    docker::EngineCall call{"POST", "/containers/" + id + "/start"};
    call.timeout_ns = slow_start_ns;
    const auto started = self->services_.engine.call(call);
    bool hopeless = false;
    if (started.ok()) {
      self->follow(index);
      self->first({});
    } else {
      const std::lock_guard lock(self->mutex_);
      Slot& slot = self->slots_[index];
      slot.start_sent = false;
      hopeless = started.error().code != ErrorCode::unavailable || self->on_first_ != nullptr;
      if (!hopeless) {
        slot.phase = Phase::waiting;  // tried again once the Engine is back
        slot.restart_at_ns = self->clock_.steady_ns() + engine_retry_ns;
        self->wake_later(engine_retry_ns);
      } else {
        slot.phase = Phase::done;
        slot.result =
            failed_with(slot.planned->key + ": " + started.error().message, self->clock_.wall_ns());
        self->fail(slot.result);
      }
      self->changed_.notify_all();
    }
    if (hopeless) self->first(started.error().within(self->slots_[index].planned->key));
    self->advance_later();
  });
}

// --- What an end means

void ProjectRun::decide(Slot& slot) {
  const RestartConfig& rule = slot.planned->service->service->restart;
  const ExitResult& result = slot.result;
  const std::int64_t ran_ns = result.finished_at_ns - result.started_at_ns;
  const std::int64_t settled_ns = rule.window_ns > 0 ? rule.window_ns : settled_run_ns;
  if (result.started_at_ns > 0 && ran_ns >= settled_ns) slot.restarts = 0;
  const bool wanted = rule.rule == RestartRule::always ||
                      (rule.rule == RestartRule::on_failure && !result.successful());
  const bool allowed = rule.max_attempts == 0 || slot.restarts < rule.max_attempts;
  if (!stopping() && wanted && allowed && result.error.empty()) {
    const std::int64_t delay_ns = restart_delay_ns(rule, ++slot.restarts);
    slot.phase = Phase::waiting;
    slot.restart_at_ns = clock_.steady_ns() + delay_ns;
    wake_later(delay_ns);
    say(slot, how_it_ended(result) + "; it is restarted in " + format_duration(delay_ns));
    return;
  }
  slot.phase = Phase::done;
  if (stopping() || result.successful()) return;
  say(slot, how_it_ended(result) + "; the project is stopped");
  ExitResult failure = result;
  if (!failure.error.empty()) failure.error = slot.planned->key + ": " + failure.error;
  fail(std::move(failure));
}

void ProjectRun::fail(ExitResult failure) {
  if (!failure_) failure_ = std::move(failure);
}

bool ProjectRun::over() const {
  return known_ && std::all_of(slots_.begin(), slots_.end(),
                               [](const Slot& slot) { return slot.phase == Phase::done; });
}

// --- Health

std::int64_t ProjectRun::health_poll_ns() const {
  if (stopping() || result_) return 0;
  std::int64_t poll_ns = 0;
  for (const Slot& slot : slots_) {
    if (slot.phase == Phase::made) {
      for (const Dependency& dependency : slot.planned->service->depends_on) {
        if (dependency.condition == Condition::healthy) return quick_poll_ns;
      }
    }
    if (slot.phase != Phase::running) continue;
    if (slot.health.empty() || slot.health == "starting") return quick_poll_ns;
    if (slot.health != "none") poll_ns = steady_poll_ns;
  }
  return poll_ns;
}

bool ProjectRun::is_ready() const {
  return std::all_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
    if (slot.phase == Phase::done) return slot.result.successful();
    return slot.phase == Phase::running && (slot.health == "healthy" || slot.health == "none");
  });
}

void ProjectRun::poll_health() {
  const auto listed = list_containers(services_, plan_->task.id);
  {
    const std::lock_guard lock(mutex_);
    polling_ = false;
    if (detached_) return;
    for (Slot& slot : slots_) {
      if (!listed.ok() || slot.phase != Phase::running) continue;
      for (const ListedContainer& one : *listed) {
        if (one.id != slot.container_id || one.state != "running") continue;
        const auto says = [&one](const char* text) {
          return one.status.find(text) != std::string::npos;
        };
        slot.health = says("(healthy)")     ? "healthy"
                      : says("(unhealthy)") ? "unhealthy"
                      : says("(health:")    ? "starting"
                                            : "none";
      }
    }
  }
  advance_later();
}

}  // namespace yurt::drivers::compose
