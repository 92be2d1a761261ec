#include "jobspec/defaults/policies.h"

#include "base/clock.h"

namespace yurt::jobspec {
namespace {

constexpr std::int64_t one_minute = 60 * nanoseconds_per_second;
constexpr std::int64_t one_hour = 60 * one_minute;

model::UpdateStrategy default_update() {
  model::UpdateStrategy update;
  update.set_stagger(30 * nanoseconds_per_second);
  update.set_max_parallel(1);
  update.set_health_check("checks");
  update.set_min_healthy_time(10 * nanoseconds_per_second);
  update.set_healthy_deadline(5 * one_minute);
  update.set_progress_deadline(10 * one_minute);
  update.set_canary(0);
  update.set_auto_revert(false);
  update.set_auto_promote(false);
  return update;
}

model::MigrateStrategy default_migrate() {
  model::MigrateStrategy migrate;
  migrate.set_max_parallel(1);
  migrate.set_health_check("checks");
  migrate.set_min_healthy_time(10 * nanoseconds_per_second);
  migrate.set_healthy_deadline(5 * one_minute);
  return migrate;
}

model::ReschedulePolicy default_reschedule(bool service) {
  model::ReschedulePolicy reschedule;
  reschedule.set_attempts(service ? 0 : 1);
  reschedule.set_interval(service ? 0 : 24 * one_hour);
  reschedule.set_delay((service ? 30 : 5) * nanoseconds_per_second);
  reschedule.set_delay_function(service ? "exponential" : "constant");
  reschedule.set_max_delay(service ? one_hour : 0);
  reschedule.set_unlimited(service);
  return reschedule;
}

model::RestartPolicy default_restart(bool runs_on) {
  model::RestartPolicy restart;
  restart.set_attempts(runs_on ? 2 : 3);
  restart.set_interval(runs_on ? 30 * one_minute : 24 * one_hour);
  restart.set_delay(15 * nanoseconds_per_second);
  restart.set_mode("fail");
  restart.set_render_templates(false);
  return restart;
}

// Every field of these policies is optional, so that merging one into another takes the fields
// that were written and no others.
template <typename Policy>
Policy merged(Policy base, const Policy& above) {
  base.MergeFrom(above);
  return base;
}

}  // namespace

bool runs_on(const model::Job& job) { return job.type() == "service" || job.type() == "system"; }
bool ends(const model::Job& job) { return job.type() == "batch" || job.type() == "sysbatch"; }

void apply_group_policies(model::Job& job) {
  const bool service = job.type() == "service";
  const bool batch = job.type() == "batch";
  if (ends(job)) {
    job.clear_update();
  } else if (runs_on(job)) {
    *job.mutable_update() = merged(default_update(), job.update());
  }
  for (model::TaskGroup& group : *job.mutable_group()) {
    if (ends(job)) {
      group.clear_update();
    } else if (runs_on(job)) {
      *group.mutable_update() = merged(job.update(), group.update());
    }
    if (service) {
      *group.mutable_migrate() = merged(merged(default_migrate(), job.migrate()), group.migrate());
    } else if (job.has_migrate()) {
      *group.mutable_migrate() = merged(job.migrate(), group.migrate());
    }
    if (service || batch) {
      *group.mutable_reschedule() =
          merged(merged(default_reschedule(service), job.reschedule()), group.reschedule());
    } else if (job.has_reschedule()) {
      *group.mutable_reschedule() = merged(job.reschedule(), group.reschedule());
    }
  }
  // Like Nomad, a stored job has these in its groups only.
  job.clear_migrate();
  job.clear_reschedule();
}

void apply_restart_policies(const model::Job& job, model::TaskGroup& group) {
  *group.mutable_restart() = merged(default_restart(!ends(job)), group.restart());
  for (model::Task& task : *group.mutable_task()) {
    *task.mutable_restart() = merged(group.restart(), task.restart());
  }
}

void apply_disconnect_defaults(model::TaskGroup& group) {
  if (!group.has_disconnect()) return;
  model::DisconnectStrategy& disconnect = *group.mutable_disconnect();
  if (!disconnect.has_lost_after()) disconnect.set_lost_after(0);
  if (!disconnect.has_replace()) disconnect.set_replace(true);
  if (!disconnect.has_reconcile()) disconnect.set_reconcile("best_score");
}

}  // namespace yurt::jobspec
