// ProjectRun: signals, the stop in reverse order, the end and what is told of it.
#include <signal.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "drivers/compose/project/engine_objects.h"
#include "drivers/compose/project/project_group.h"
#include "drivers/compose/task/project_run.h"

namespace yurt::drivers::compose {

void ProjectRun::on_exit(std::function<void(const ExitResult&)> callback) {
  const std::lock_guard lock(mutex_);
  callbacks_.push_back(std::move(callback));
  tell_later();
}

void ProjectRun::tell_later() {
  if (!result_ || callbacks_.empty() || detached_) return;
  services_.loop->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->tell();
  });
}

void ProjectRun::tell() {
  std::unique_lock lock(mutex_);
  if (detached_) return;
  const auto callbacks = std::exchange(callbacks_, {});
  const ExitResult result = *result_;
  callback_running_ = true;
  lock.unlock();
  for (const auto& callback : callbacks) callback(result);
  lock.lock();
  callback_running_ = false;
  changed_.notify_all();
}

void ProjectRun::on_ready(std::function<void(bool ready)> callback) {
  const std::lock_guard lock(mutex_);
  ready_callbacks_.push_back(std::move(callback));
  told_ready_.reset();
  tell_readiness_later();
}

void ProjectRun::tell_readiness_later() {
  if (ready_callbacks_.empty() || detached_ || result_ || told_ready_ == is_ready()) return;
  services_.loop->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->tell_readiness();
  });
}

void ProjectRun::tell_readiness() {
  std::unique_lock lock(mutex_);
  const bool ready = is_ready();
  if (detached_ || told_ready_ == ready) return;
  told_ready_ = ready;
  const auto callbacks = ready_callbacks_;
  callback_running_ = true;
  lock.unlock();
  for (const auto& callback : callbacks) callback(ready);
  lock.lock();
  callback_running_ = false;
  changed_.notify_all();
}

ExitResult ProjectRun::whole_result() const {
  ExitResult whole;
  if (failure_) {
    whole = *failure_;
  } else {
    // The first that failed, of those that were stopped.
    for (const Slot& slot : slots_) {
      if (!slot.ever_started || slot.result.successful()) continue;
      if (whole.successful() || slot.result.finished_at_ns < whole.finished_at_ns) {
        whole = slot.result;
      }
    }
  }
  whole.started_at_ns = started_at_ns_;
  whole.warnings.clear();
  for (const Slot& slot : slots_) {
    whole.finished_at_ns = std::max(whole.finished_at_ns, slot.result.finished_at_ns);
    for (const std::string& warning : slot.result.warnings) {
      whole.warnings.push_back(slot.planned->key + ": " + warning);
    }
  }
  if (whole.finished_at_ns == 0) whole.finished_at_ns = clock_.wall_ns();
  if (log_ && log_->lost_bytes() > 0) {
    whole.warnings.push_back(std::to_string(log_->lost_bytes()) +
                             " bytes of output could not be written to the log files");
  }
  return whole;
}

void ProjectRun::end_when_over() {
  if (result_ || !over()) return;
  result_ = whole_result();
  changed_.notify_all();
  tell_later();
}

Status ProjectRun::signal(int number) {
  if (number <= 0 || number >= NSIG) {
    return Error{ErrorCode::invalid_argument,
                 std::to_string(number) + " is not the number of a signal"};
  }
  std::vector<std::shared_ptr<docker::Container>> running;
  {
    const std::lock_guard lock(mutex_);
    for (const Slot& slot : slots_) {
      if (slot.phase == Phase::running && slot.container) running.push_back(slot.container);
    }
  }
  Status outcome = Error{ErrorCode::failed_precondition, "the task has ended"};
  bool sent = false;
  for (const auto& container : running) {
    Status one = container->signal(number);
    sent |= one.ok();
    if (!sent || one.ok()) outcome = std::move(one);
  }
  return outcome;
}

Status ProjectRun::stop(int signal_number, std::int64_t timeout_ns) {
  if (signal_number < 0 || signal_number >= NSIG) {
    return Error{ErrorCode::invalid_argument,
                 std::to_string(signal_number) + " is not the number of a signal"};
  }
  timeout_ns = std::max<std::int64_t>(0, timeout_ns);
  ProjectRecord record;
  {
    const std::lock_guard lock(mutex_);
    if (result_) return {};
    const std::int64_t deadline_ns = clock_.steady_ns() + timeout_ns;
    if (record_.stop && stop_deadline_ns_ <= deadline_ns) return {};
    const bool shortens = record_.stop.has_value();
    stop_deadline_ns_ = deadline_ns;
    record_.stop = {shortens ? record_.stop->signal : signal_number, clock_.wall_ns() + timeout_ns};
    for (Slot& slot : slots_) slot.stop_sent = false;
    record = record_;
    wake_later(timeout_ns);
  }
  // An agent that takes over goes on with the stop.
  services_.workers.submit([folder = folder_, record = std::move(record)] {
    if (const Status written = folder.write(record); !written.ok()) {
      YURT_LOG(warn, "compose", "{}: {}", record.task.id, written.error().message);
    }
  });
  advance_later();
  return {};
}

// A container is asked to end once nothing that depends on its service runs any more.
void ProjectRun::stop_ready() {
  const std::int64_t now_ns = clock_.steady_ns();
  const bool late = record_.stop && now_ns >= stop_deadline_ns_;
  const auto runs = [](const Slot& slot) {
    return slot.phase == Phase::running || slot.phase == Phase::starting ||
           slot.phase == Phase::ended;
  };
  for (Slot& slot : slots_) {
    if (slot.phase == Phase::made || slot.phase == Phase::waiting) slot.phase = Phase::done;
  }
  for (Slot& slot : slots_) {
    if (slot.phase != Phase::running || !slot.container || (slot.stop_sent && !late)) continue;
    const Service& service = *slot.planned->service->service;
    const bool needed = std::any_of(slots_.begin(), slots_.end(), [&](const Slot& other) {
      const auto& dependencies = other.planned->service->depends_on;
      return runs(other) &&
             std::any_of(dependencies.begin(), dependencies.end(),
                         [&](const Dependency& one) { return one.service == service.name; });
    });
    if (needed && !late) continue;
    std::int64_t grace_ns = service.stop_grace_ns;
    if (record_.stop) {
      grace_ns = std::clamp<std::int64_t>(stop_deadline_ns_ - now_ns, 0, grace_ns);
    }
    if (late && slot.stop_sent) grace_ns = 0;
    slot.stop_sent = true;
    const int signal_number = service.stop_signal > 0 || !record_.stop ? 0 : record_.stop->signal;
    if (const Status asked = slot.container->stop(signal_number, grace_ns); !asked.ok()) {
      YURT_LOG(warn, "compose", "stopping {}: {}", slot.planned->name, asked.error().message);
    }
  }
}

Status ProjectRun::destroy() {
  std::vector<std::shared_ptr<docker::Container>> containers;
  {
    std::unique_lock lock(mutex_);
    destroying_ = true;
    // A step under way ends; no other begins.
    changed_.wait(lock, [this] {
      return !advancing_ && std::none_of(slots_.begin(), slots_.end(),
                                         [](const Slot& slot) { return slot.start_sent; });
    });
    for (const Slot& slot : slots_) {
      if (slot.container) containers.push_back(slot.container);
    }
  }
  // All at once; each is waited for below.
  for (const auto& container : containers) (void)container->stop(0, 0);
  Status outcome;
  for (const auto& container : containers) {
    if (const Status gone = container->destroy(); !gone.ok() && outcome.ok()) outcome = gone;
  }
  if (const Status removed = remove_objects(services_, plan_->task.id); !removed.ok()) {
    outcome = removed;
  }
  if (outcome.ok()) {
    remove_project_group(plan_->task.id);
    folder_.remove();
  }
  services_.give_up(plan_->task.id);  // what could not be removed is the sweep's
  const std::lock_guard lock(mutex_);
  for (Slot& slot : slots_) {
    slot.phase = Phase::done;
    services_.give_up(plan_->task.id + "." + slot.planned->key);
  }
  known_ = true;
  end_when_over();
  return outcome;
}

}  // namespace yurt::drivers::compose
