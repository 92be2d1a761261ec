#include "agent/runner/task_machine.h"

#include <algorithm>
#include <utility>

#include "agent/runner/task_event.h"
#include "base/assert.h"

namespace yurt::agent {

void TaskMachine::restore(model::TaskState state, RestartTracker tracker, bool attached,
                          Instant now) {
  state_ = std::move(state);
  tracker_ = tracker;
  if (state_.state() == "dead") {
    phase_ = Phase::dead;
    return;
  }
  if (attached) {
    phase_ = Phase::running;
    state_.set_state("running");
    return;
  }
  phase_ = Phase::waiting;
  state_.set_state("pending");
  if (state_.events_size() == 0) return;
  const auto& last = state_.events(state_.events_size() - 1);
  if (last.type() != "Restarting") return;
  const std::int64_t left_ns = last.time() + last.start_delay() - now.wall_ns;
  phase_ = Phase::backing_off;
  wake_steady_ns_ = now.steady_ns + std::clamp<std::int64_t>(left_ns, 0, last.start_delay());
}

void TaskMachine::received(Instant now) {
  task_event::append(state_, task_event::received(), now.wall_ns);
}

void TaskMachine::begin(Instant now, TaskEffects& out) {
  YURT_ASSERT(phase_ == Phase::waiting);
  task_event::append(state_, task_event::setup("Building Task Directory"), now.wall_ns);
  prepare(now, out);
}

void TaskMachine::prepare(Instant, TaskEffects& out) {
  phase_ = Phase::preparing;
  wake_steady_ns_.reset();
  out.push_back({.action = TaskAction::prepare});
}

void TaskMachine::prepared(Instant now, double fraction,
                           const std::optional<PrepareFailure>& failure, TaskEffects& out) {
  if (phase_ != Phase::preparing) return;
  if (kill_requested_) {
    task_event::append(state_, task_event::killed(""), now.wall_ns);
    die(now, false);
    return;
  }
  if (failure) {
    task_event::append(state_, failure->event, now.wall_ns);
    end_run(now, fraction, failure->recoverable ? RunEnd::failure : RunEnd::unrecoverable, out);
    return;
  }
  phase_ = Phase::starting;
  out.push_back({.action = TaskAction::start});
}

void TaskMachine::started(Instant now, std::int64_t started_at_ns, TaskEffects& out) {
  if (phase_ != Phase::starting) return;
  state_.set_state("running");
  state_.set_started_at(started_at_ns);
  task_event::append(state_, task_event::started(), started_at_ns);
  phase_ = Phase::running;
  ready_ = true;
  if (kill_requested_) send_stop(now, out);
}

void TaskMachine::start_failed(Instant now, double fraction, const Error& error, TaskEffects& out) {
  if (phase_ != Phase::starting) return;
  if (kill_requested_) {
    task_event::append(state_, task_event::killed(""), now.wall_ns);
    die(now, false);
    return;
  }
  task_event::append(state_, task_event::driver_failure(error.message), now.wall_ns);
  end_run(now, fraction, drivers::is_recoverable(error) ? RunEnd::failure : RunEnd::unrecoverable,
          out);
}

void TaskMachine::exited(Instant now, double fraction, const drivers::ExitResult& result,
                         TaskEffects& out) {
  if (!runs()) return;
  const bool was_stopped = phase_ == Phase::stopping;
  const std::int64_t finished_ns = result.finished_at_ns != 0 ? result.finished_at_ns : now.wall_ns;
  for (const auto& warning : result.warnings) {
    task_event::append(state_, task_event::log_warning(warning), finished_ns);
  }
  task_event::append(state_, task_event::terminated(result), finished_ns);
  state_.set_peak_memory(std::max(state_.peak_memory(), result.peak_memory_bytes));
  state_.set_cpu_time(state_.cpu_time() + result.cpu_time_ns);
  out.push_back({.action = TaskAction::destroy});
  const Instant ended{finished_ns, now.steady_ns};
  if (kill_requested_) {
    if (was_stopped) task_event::append(state_, task_event::killed(""), now.wall_ns);
    die(ended, false);
    return;
  }
  const bool unhealthy = std::exchange(unhealthy_, false);
  if (std::exchange(restart_requested_, false) && !unhealthy) {
    state_.set_state("pending");
    state_.set_restarts(state_.restarts() + 1);
    state_.set_last_restart(now.wall_ns);
    task_event::append(state_, task_event::restarting("Restart requested", 0), now.wall_ns);
    prepare(now, out);
    return;
  }
  if (result.oom_killed && spec_.oom_is_for_servers) {
    task_event::append(state_,
                       task_event::not_restarting(
                           "Out of memory: left to the servers, to be placed again with more"),
                       now.wall_ns);
    die(ended, true);
    return;
  }
  const bool success = result.successful() && !unhealthy;
  end_run(ended, fraction, success ? RunEnd::success : RunEnd::failure, out);
}

void TaskMachine::report(const std::map<std::string, double>& metrics) {
  for (const auto& [name, value] : metrics) (*state_.mutable_metrics())[name] = value;
}

void TaskMachine::end_run(Instant now, double fraction, RunEnd end, TaskEffects& out) {
  using Kind = RestartDecision::Kind;
  const RestartDecision decision =
      tracker_.decide(spec_.restart, spec_.restart_on_success, end, now.wall_ns, fraction);
  switch (decision.kind) {
    case Kind::done: die(now, false); return;
    case Kind::fail:
      task_event::append(state_, task_event::not_restarting(decision.reason), now.wall_ns);
      die(now, true);
      return;
    case Kind::restart:
      state_.set_state("pending");
      state_.set_restarts(state_.restarts() + 1);
      state_.set_last_restart(now.wall_ns);
      task_event::append(state_, task_event::restarting(decision.reason, decision.delay_ns),
                         now.wall_ns);
      if (decision.delay_ns == 0) {
        prepare(now, out);
      } else {
        phase_ = Phase::backing_off;
        wake_steady_ns_ = now.steady_ns + decision.delay_ns;
      }
      return;
  }
}

void TaskMachine::kill(Instant now, const KillOrder& order, TaskEffects& out) {
  if (dead()) return;
  if (kill_requested_) {
    if (order.skip_delay && phase_ == Phase::delaying_stop) send_stop(now, out);
    return;
  }
  kill_requested_ = true;
  kill_reason_ = order.reason;
  if (!order.event.type().empty() && phase_ != Phase::waiting) {
    task_event::append(state_, order.event, now.wall_ns);
  }
  switch (phase_) {
    case Phase::waiting: die(now, false); return;
    case Phase::backing_off:
      task_event::append(state_, task_event::killed(""), now.wall_ns);
      die(now, false);
      return;
    case Phase::preparing: out.push_back({.action = TaskAction::cancel_prepare}); return;
    // started() or start_failed() follows and sees the request.
    case Phase::starting: out.push_back({.action = TaskAction::cancel_start}); return;
    case Phase::running:
      if (spec_.shutdown_delay_ns > 0 && !order.skip_delay) {
        task_event::append(state_, task_event::shutdown_delay(spec_.shutdown_delay_ns),
                           now.wall_ns);
        phase_ = Phase::delaying_stop;
        wake_steady_ns_ = now.steady_ns + spec_.shutdown_delay_ns;
        return;
      }
      send_stop(now, out);
      return;
    case Phase::stopping:  // for a restart that now will not come
    case Phase::delaying_stop:
    case Phase::dead: return;
  }
}

void TaskMachine::send_stop(Instant now, TaskEffects& out) {
  if (!restart_requested_) {
    task_event::append(state_, task_event::killing(kill_reason_, spec_.kill_timeout_ns),
                       now.wall_ns);
  }
  phase_ = Phase::stopping;
  wake_steady_ns_.reset();
  out.push_back({.action = TaskAction::stop,
                 .signal = spec_.kill_signal,
                 .timeout_ns = spec_.kill_timeout_ns});
}

bool TaskMachine::restart(Instant now, const std::string& reason, TaskEffects& out) {
  if (dead() || kill_requested_ || phase_ == Phase::waiting) return false;
  task_event::append(state_, task_event::restart_signaled(reason), now.wall_ns);
  if (phase_ == Phase::backing_off) {
    prepare(now, out);
  } else if (phase_ == Phase::running) {
    restart_requested_ = true;
    send_stop(now, out);
  }
  return true;  // preparing and starting are on their way to a fresh run already
}

void TaskMachine::unhealthy(Instant now, const std::string& reason, TaskEffects& out) {
  if (phase_ != Phase::running || kill_requested_) return;
  task_event::append(state_, task_event::restart_signaled(reason), now.wall_ns);
  unhealthy_ = true;
  restart_requested_ = true;
  send_stop(now, out);
}

void TaskMachine::reset() {
  YURT_ASSERT(dead());
  phase_ = Phase::waiting;
  kill_requested_ = false;
  restart_requested_ = false;
  unhealthy_ = false;
  fails_when_dead_ = false;
  kill_reason_.clear();
  state_.set_state("pending");
  state_.set_failed(false);
  state_.set_started_at(0);
  state_.set_finished_at(0);
  state_.set_restarts(state_.restarts() + 1);
}

void TaskMachine::note(Instant now, model::TaskEvent event) {
  task_event::append(state_, std::move(event), now.wall_ns);
}

void TaskMachine::fail(Instant now, model::TaskEvent event, TaskEffects& out) {
  if (dead()) return;
  fails_when_dead_ = true;
  if (phase_ == Phase::waiting) {
    task_event::append(state_, std::move(event), now.wall_ns);
    die(now, true);
    return;
  }
  kill(now, KillOrder{.event = std::move(event), .reason = {}, .skip_delay = true}, out);
}

void TaskMachine::on_time(Instant now, TaskEffects& out) {
  if (!wake_steady_ns_ || *wake_steady_ns_ > now.steady_ns) return;
  wake_steady_ns_.reset();
  if (phase_ == Phase::backing_off) {
    prepare(now, out);
  } else if (phase_ == Phase::delaying_stop) {
    send_stop(now, out);
  }
}

void TaskMachine::die(Instant now, bool failed) {
  phase_ = Phase::dead;
  wake_steady_ns_.reset();
  state_.set_state("dead");
  state_.set_failed(failed || fails_when_dead_);
  state_.set_finished_at(now.wall_ns);
}

}  // namespace yurt::agent
