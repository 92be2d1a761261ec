#include <algorithm>

#include "base/clock.h"
#include "base/duration.h"
#include "jobspec/validate/checks.h"

namespace yurt::jobspec {
namespace {

constexpr std::int64_t default_stagger = 30 * nanoseconds_per_second;

void check_at_least(std::string_view what, std::int64_t value, std::int64_t least,
                    const std::string& path, Issues& issues) {
  if (value >= least) return;
  issues.error(path, std::string(what) + " must be at least " + format_duration(least) +
                         ", it is " + format_duration(value));
}

void check_below(std::string_view what, std::int64_t value, std::string_view limit_name,
                 std::int64_t limit, const std::string& path, Issues& issues) {
  if (value < limit) return;
  issues.error(path, std::string(what) + " is " + format_duration(value) + "; it must be below " +
                         std::string(limit_name) + ", which is " + format_duration(limit));
}

void check_count(std::string_view what, std::int32_t value, const std::string& path,
                 Issues& issues) {
  if (value < 0) {
    issues.error(path, std::string(what) + " must not be negative, it is " + std::to_string(value));
  }
}

// The time that all attempts' delays take together: a float, since attempts × delay may not fit
// int64. REQUIRES: delay above zero
long double total_delay(const model::ReschedulePolicy& policy) {
  const auto cap = static_cast<long double>(policy.max_delay());
  auto delay = static_cast<long double>(policy.delay());
  long double total = 0, previous = 0;
  if (policy.delay_function() == "constant") return delay * policy.attempts();
  for (std::int32_t i = 0; i < policy.attempts(); ++i) {
    if (delay >= cap) return total + cap * (policy.attempts() - i);
    total += delay;
    const long double next = policy.delay_function() == "fibonacci" ? delay + previous : delay * 2;
    previous = delay;
    delay = next;
  }
  return total;
}

}  // namespace

void check_update(const model::Job& job, const model::TaskGroup& group, const std::string& path,
                  Issues& issues) {
  if (!group.has_update()) return;
  const model::UpdateStrategy& update = group.update();
  const std::string own_path = path_of(path, "update");
  check_count("max_parallel", update.max_parallel(), path_of(own_path, "max_parallel"), issues);
  if (update.max_parallel() <= 0) return;
  check_choice("health_check", update.health_check(), {"checks", "task_states", "manual"},
               path_of(own_path, "health_check"), issues);
  check_count("canary", update.canary(), path_of(own_path, "canary"), issues);
  check_not_negative("min_healthy_time", update.min_healthy_time(),
                     path_of(own_path, "min_healthy_time"), issues);
  check_at_least("progress_deadline", update.progress_deadline(), 0,
                 path_of(own_path, "progress_deadline"), issues);
  check_below("min_healthy_time", update.min_healthy_time(), "healthy_deadline",
              update.healthy_deadline(), path_of(own_path, "min_healthy_time"), issues);
  if (update.progress_deadline() > 0) {
    check_below("healthy_deadline", update.healthy_deadline(), "progress_deadline",
                update.progress_deadline(), path_of(own_path, "healthy_deadline"), issues);
  }
  if (update.stagger() <= 0) {
    issues.error(path_of(own_path, "stagger"), "stagger must be above zero");
  } else if (update.stagger() != default_stagger) {
    issues.warning(path_of(own_path, "stagger"), "stagger is deprecated and has no effect");
  }
  if (update.auto_promote() && update.canary() == 0) {
    issues.error(path_of(own_path, "auto_promote"), "auto_promote needs a canary count above 0");
  }
  if (!update.canary_placement().empty()) {
    const std::string placement_path = path_of(own_path, "canary_placement");
    check_choice("canary_placement", update.canary_placement(), {"beside", "replace"},
                 placement_path, issues);
    if (job.type() == "system") {
      issues.warning(placement_path,
                     "canary_placement has no effect on a system job: its canaries always take the"
                     " place of the old allocation on their node");
    } else if (update.canary() == 0) {
      issues.error(placement_path, "canary_placement needs a canary count above 0");
    }
  }
  if (job.type() == "service" && update.max_parallel() > group.count() && group.count() > 0) {
    issues.warning(path_of(own_path, "max_parallel"),
                   "max_parallel is " + std::to_string(update.max_parallel()) +
                       ", above the group's count of " + std::to_string(group.count()) +
                       ": an update replaces all of it at once");
  }
}

void check_migrate(const model::Job& job, const model::TaskGroup& group, const std::string& path,
                   Issues& issues) {
  if (!group.has_migrate()) return;
  const model::MigrateStrategy& migrate = group.migrate();
  const std::string own_path = path_of(path, "migrate");
  if (job.type() != "service") {
    issues.error(own_path, "migrate is for service jobs only, not " + job.type());
    return;
  }
  check_count("max_parallel", migrate.max_parallel(), path_of(own_path, "max_parallel"), issues);
  check_choice("health_check", migrate.health_check(), {"checks", "task_states"},
               path_of(own_path, "health_check"), issues);
  check_not_negative("min_healthy_time", migrate.min_healthy_time(),
                     path_of(own_path, "min_healthy_time"), issues);
  check_below("min_healthy_time", migrate.min_healthy_time(), "healthy_deadline",
              migrate.healthy_deadline(), path_of(own_path, "min_healthy_time"), issues);
}

void check_reschedule(const model::Job& job, const model::TaskGroup& group, const std::string& path,
                      Issues& issues) {
  if (!group.has_reschedule()) return;
  const model::ReschedulePolicy& policy = group.reschedule();
  const std::string own_path = path_of(path, "reschedule");
  if (is_system(job)) {
    issues.error(own_path,
                 "reschedule is not for " + job.type() + " jobs: each node has its own allocation");
    return;
  }
  check_count("attempts", policy.attempts(), path_of(own_path, "attempts"), issues);
  if (policy.attempts() <= 0 && !policy.unlimited()) return;  // switched off
  if (!check_choice("delay_function", policy.delay_function(),
                    {"constant", "exponential", "fibonacci"}, path_of(own_path, "delay_function"),
                    issues)) {
    return;
  }
  check_at_least("delay", policy.delay(), 5 * nanoseconds_per_second, path_of(own_path, "delay"),
                 issues);
  if (policy.delay_function() != "constant" && policy.max_delay() < policy.delay()) {
    issues.error(path_of(own_path, "max_delay"),
                 "max_delay is " + format_duration(policy.max_delay()) +
                     ", below delay, which is " + format_duration(policy.delay()));
  }
  if (policy.unlimited()) {
    if (policy.attempts() > 0) {
      issues.error(path_of(own_path, "attempts"),
                   "attempts and unlimited exclude each other: set unlimited = false to limit the "
                   "attempts");
    }
    return;
  }
  check_at_least("interval", policy.interval(), 15 * nanoseconds_per_second,
                 path_of(own_path, "interval"), issues);
  if (policy.delay() > 0 && total_delay(policy) > static_cast<long double>(policy.interval())) {
    issues.error(path_of(own_path, "interval"),
                 std::to_string(policy.attempts()) + " attempts with " + policy.delay_function() +
                     " delay from " + format_duration(policy.delay()) +
                     " do not fit the interval of " + format_duration(policy.interval()));
  }
}

void check_restart(const model::RestartPolicy& restart, const std::string& path, Issues& issues) {
  check_choice("mode", restart.mode(), {"fail", "delay"}, path_of(path, "mode"), issues);
  check_count("attempts", restart.attempts(), path_of(path, "attempts"), issues);
  check_not_negative("delay", restart.delay(), path_of(path, "delay"), issues);
  if (restart.attempts() <= 0) {
    if (restart.mode() == "delay") {
      issues.error(path_of(path, "mode"),
                   "mode \"delay\" with attempts = 0 would never restart: use mode \"fail\"");
    }
    return;
  }
  check_at_least("interval", restart.interval(), 5 * nanoseconds_per_second,
                 path_of(path, "interval"), issues);
  if (static_cast<long double>(restart.attempts()) * static_cast<long double>(restart.delay()) >
      static_cast<long double>(restart.interval())) {
    issues.error(path_of(path, "interval"), std::to_string(restart.attempts()) + " attempts, " +
                                                format_duration(restart.delay()) +
                                                " apart, do not fit the interval of " +
                                                format_duration(restart.interval()));
  }
}

void check_disconnect(const model::Job& job, const model::TaskGroup& group, const std::string& path,
                      Issues& issues) {
  if (!group.has_disconnect()) return;
  const model::DisconnectStrategy& disconnect = group.disconnect();
  const std::string own_path = path_of(path, "disconnect");
  check_not_negative("lost_after", disconnect.lost_after(), path_of(own_path, "lost_after"),
                     issues);
  check_not_negative("stop_on_client_after", disconnect.stop_on_client_after(),
                     path_of(own_path, "stop_on_client_after"), issues);
  if (disconnect.lost_after() > 0 && disconnect.has_stop_on_client_after()) {
    issues.error(path_of(own_path, "stop_on_client_after"),
                 "lost_after and stop_on_client_after exclude each other");
  }
  if (disconnect.has_stop_on_client_after() && is_system(job)) {
    issues.error(path_of(own_path, "stop_on_client_after"),
                 "stop_on_client_after is for service and batch jobs only, not " + job.type());
  }
  check_choice("reconcile", disconnect.reconcile(),
               {"best_score", "keep_original", "keep_replacement", "longest_running"},
               path_of(own_path, "reconcile"), issues);
}

}  // namespace yurt::jobspec
