// Allocations as the API shows them.
#include "proto/allocation.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt {
namespace {

// The fields that model::Allocation and model::AllocationStub have in common.
template <typename Message>
void fill_shared(const Allocation& alloc, const std::string& node_name, Message& out) {
  out.set_id(alloc.id.to_string());
  out.set_eval_id(alloc.eval.to_string());
  out.set_name(alloc.name());
  out.set_namespace_(alloc.job->namespace_());
  out.set_node_id(alloc.node.to_string());
  out.set_node_name(node_name);
  out.set_job_id(alloc.job->id());
  out.set_job_version(alloc.job->version());
  out.set_task_group(alloc.task_group().name());
  out.set_desired_status(name_of(alloc.desired));
  out.set_client_status(name_of(alloc.client));
  out.set_create_index(alloc.create_index);
  out.set_modify_index(alloc.modify_index);
  out.set_create_time(alloc.create_time);
  out.set_modify_time(alloc.modify_time);

  const AllocExtra& extra = alloc.more();
  out.set_desired_description(extra.desired_description);
  out.set_client_description(std::string(alloc.client_description()));
  out.set_followup_eval_id(extra.followup_eval.to_string());
  out.set_next_allocation(extra.next.to_string());
  out.set_preempted_by_allocation(extra.preempted_by.to_string());
  for (const AllocId& id : extra.preempted) out.add_preempted_allocations(id.to_string());
  for (const RescheduleRecord& record : extra.reschedules) {
    auto* event = out.mutable_reschedule_tracker()->add_events();
    event->set_reschedule_time(record.time);
    event->set_prev_alloc_id(record.previous.to_string());
    event->set_prev_node_id(record.previous_node.to_string());
    event->set_delay(record.delay);
  }
  if (extra.canary || extra.deployment_healthy) {
    auto* status = out.mutable_deployment_status();
    if (extra.deployment_healthy) status->set_healthy(*extra.deployment_healthy);
    status->set_timestamp(extra.deployment_health_time);
    status->set_canary(extra.canary);
    status->set_modify_index(alloc.modify_index);
  }
  fill_transition(extra.transition, *out.mutable_desired_transition());
}

template <typename Message>
void fill_task_states(const Allocation& alloc, Message& out) {
  if (!alloc.task_states) return;
  model::TaskStates states = alloc.task_states->unpack();
  out.mutable_task_states()->swap(*states.mutable_tasks());
}

}  // namespace

void fill_transition(const Transition& transition, model::DesiredTransition& out) {
  if (transition.migrate) out.set_migrate(true);
  if (transition.reschedule) out.set_reschedule(true);
  if (transition.force_reschedule) out.set_force_reschedule(true);
  if (transition.no_shutdown_delay) out.set_no_shutdown_delay(true);
  if (transition.migrate_disable_placement) out.set_migrate_disable_placement(true);
}

model::AllocatedResources resources_with_ports(const Allocation& alloc) {
  model::AllocatedResources out;
  if (alloc.resources) out = *alloc.resources->message;
  for (const GrantedPort& port : alloc.ports) {
    auto* shown = out.mutable_shared()->add_ports();
    shown->set_label(port.label);
    shown->set_value(port.value);
    shown->set_to(port.to);
    shown->set_host_ip(port.host_ip);
    shown->set_ignore_collision(port.ignore_collision);
  }
  return out;
}

model::Allocation to_message(const Allocation& alloc, const std::string& node_name, bool with_job) {
  model::Allocation out;
  fill_shared(alloc, node_name, out);
  fill_task_states(alloc, out);
  const AllocExtra& extra = alloc.more();
  out.set_previous_allocation(extra.previous.to_string());
  out.set_deployment_id(extra.deployment.to_string());
  out.set_alloc_modify_index(alloc.alloc_modify_index);
  *out.mutable_allocated_resources() = resources_with_ports(alloc);
  if (alloc.metrics) *out.mutable_metrics() = *alloc.metrics;
  if (extra.network_status) *out.mutable_network_status() = *extra.network_status;
  if (with_job) *out.mutable_job() = *alloc.job;
  for (const auto& task : alloc.task_group().task()) {
    (*out.mutable_task_resources())[task.name()] = task.resources();
  }
  return out;
}

model::AllocationStub to_stub(const Allocation& alloc, const std::string& node_name,
                              bool with_resources, bool with_task_states) {
  model::AllocationStub out;
  fill_shared(alloc, node_name, out);
  out.set_job_type(alloc.job->type());
  if (with_task_states) fill_task_states(alloc, out);
  if (with_resources) *out.mutable_allocated_resources() = resources_with_ports(alloc);
  return out;
}

}  // namespace yurt
