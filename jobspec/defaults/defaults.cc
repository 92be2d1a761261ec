#include "jobspec/defaults/defaults.h"

#include "jobspec/defaults/conditions.h"
#include "jobspec/defaults/policies.h"
#include "jobspec/defaults/service.h"
#include "jobspec/defaults/task.h"

namespace yurt::jobspec {
namespace {

// What only the server sets: shown as empty until it does.
void fill_server_fields(model::Job& job) {
  if (!job.has_parent_id()) job.set_parent_id("");
  if (!job.has_dispatched()) job.set_dispatched(false);
  if (!job.has_dispatch_idempotency_token()) job.set_dispatch_idempotency_token("");
  if (!job.has_stop()) job.set_stop(false);
  if (!job.has_consul_namespace()) job.set_consul_namespace("");
  if (!job.has_vault_namespace()) job.set_vault_namespace("");
  if (!job.has_nomad_token_id()) job.set_nomad_token_id("");
  if (!job.has_status()) job.set_status("");
  if (!job.has_status_description()) job.set_status_description("");
  if (!job.has_stable()) job.set_stable(false);
  if (!job.has_version()) job.set_version(0);
  if (!job.has_submit_time()) job.set_submit_time(0);
  if (!job.has_create_index()) job.set_create_index(0);
  if (!job.has_modify_index()) job.set_modify_index(0);
  if (!job.has_job_modify_index()) job.set_job_modify_index(0);
}

void fill_periodic(model::PeriodicConfig& periodic) {
  if (!periodic.has_enabled()) periodic.set_enabled(true);
  if (!periodic.has_cron()) periodic.set_cron("");
  if (!periodic.has_spec_type()) periodic.set_spec_type("cron");
  if (!periodic.has_prohibit_overlap()) periodic.set_prohibit_overlap(false);
  if (!periodic.has_time_zone()) periodic.set_time_zone("UTC");
}

void fill_sweep(model::Sweep& sweep) {
  if (sweep.method().empty()) sweep.set_method(sweep.trial().empty() ? "grid" : "list");
  if (!sweep.has_max_failures()) sweep.set_max_failures(0);
}

void fill_multiregion(model::Multiregion& multiregion) {
  model::Multiregion::Strategy& strategy = *multiregion.mutable_strategy();
  if (!strategy.has_max_parallel()) strategy.set_max_parallel(0);
  if (!strategy.has_on_failure()) strategy.set_on_failure("");
  for (model::Multiregion::Region& region : *multiregion.mutable_region()) {
    if (!region.has_count()) region.set_count(1);
    if (!region.has_node_pool()) region.set_node_pool("");
  }
}

void fill_job(model::Job& job, const DefaultsOptions& options) {
  if (!job.has_id()) job.set_id("");
  if (job.region().empty()) job.set_region(options.region);
  if (job.namespace_().empty()) job.set_namespace_("default");
  if (job.name().empty()) job.set_name(job.id());
  if (job.type().empty()) job.set_type("service");
  if (!job.has_priority()) job.set_priority(50);
  if (!job.has_all_at_once()) job.set_all_at_once(false);
  if (job.datacenters().empty()) job.add_datacenters("*");
  if (job.node_pool().empty()) job.set_node_pool(options.node_pool);
  apply_constraint_defaults(*job.mutable_constraint());
  apply_affinity_defaults(*job.mutable_affinity());
  apply_spread_defaults(*job.mutable_spread());
  if (job.has_periodic()) fill_periodic(*job.mutable_periodic());
  if (job.has_parameterized() && job.parameterized().payload().empty()) {
    job.mutable_parameterized()->set_payload("optional");
  }
  for (model::After& after : *job.mutable_after()) {
    if (after.status().empty()) after.set_status("complete");
  }
  if (job.has_sweep()) fill_sweep(*job.mutable_sweep());
  if (job.has_multiregion()) fill_multiregion(*job.mutable_multiregion());
  if (job.has_ui() && !job.ui().has_description()) job.mutable_ui()->set_description("");
}

void fill_scaling(const model::Job& job, model::TaskGroup& group) {
  if (!group.has_scaling()) return;
  model::ScalingPolicy& scaling = *group.mutable_scaling();
  if (!group.has_count())
    group.set_count(static_cast<std::int32_t>(scaling.has_min() ? scaling.min() : 1));
  if (!scaling.has_min()) scaling.set_min(group.count());
  if (scaling.type().empty()) scaling.set_type("horizontal");
  if (!scaling.has_enabled()) scaling.set_enabled(true);
  if (!scaling.has_namespace_()) scaling.set_namespace_(job.namespace_());
  auto& target = *scaling.mutable_target();
  target["Namespace"] = job.namespace_();
  target["Job"] = job.id();
  target["Group"] = group.name();
}

void fill_ephemeral_disk(model::EphemeralDisk& disk) {
  if (!disk.has_sticky()) disk.set_sticky(false);
  if (!disk.has_migrate()) disk.set_migrate(false);
  if (!disk.has_size()) disk.set_size(300);
}

void fill_group(const model::Job& job, model::TaskGroup& group) {
  if (!group.has_name()) group.set_name("");
  fill_scaling(job, group);
  if (!group.has_count()) group.set_count(1);
  apply_constraint_defaults(*group.mutable_constraint());
  apply_affinity_defaults(*group.mutable_affinity());
  apply_spread_defaults(*group.mutable_spread());
  fill_ephemeral_disk(*group.mutable_ephemeral_disk());
  apply_network_defaults(*group.mutable_network());
  apply_disconnect_defaults(group);
  apply_restart_policies(job, group);
  if (group.has_consul() && !group.consul().has_cluster()) {
    group.mutable_consul()->set_cluster("default");
  }
  for (model::Service& service : *group.mutable_service()) {
    apply_service_defaults(job, group.name(), "", service);
  }
  for (model::Task& task : *group.mutable_task()) {
    if (!task.has_name()) task.set_name("");
    apply_task_defaults(job, group, task);
  }
}

}  // namespace

void apply_defaults(model::Job& job, const DefaultsOptions& options) {
  fill_job(job, options);
  fill_server_fields(job);
  apply_group_policies(job);
  for (model::TaskGroup& group : *job.mutable_group()) fill_group(job, group);
}

}  // namespace yurt::jobspec
