#include "server/state/alloc_row.h"

#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "proto/storage.pb.h"

namespace yurt::server {
namespace {

void encode_extra(const AllocExtra& extra, model::StoredAllocExtra& out) {
  out.set_previous(extra.previous.to_bytes());
  out.set_next(extra.next.to_bytes());
  out.set_followup_eval(extra.followup_eval.to_bytes());
  out.set_deployment(extra.deployment.to_bytes());
  if (extra.deployment_healthy) out.set_deployment_healthy(*extra.deployment_healthy);
  out.set_deployment_health_time(extra.deployment_health_time);
  out.set_canary(extra.canary);
  if (extra.transition != Transition{}) {
    auto* transition = out.mutable_transition();
    transition->set_migrate(extra.transition.migrate);
    transition->set_reschedule(extra.transition.reschedule);
    transition->set_force_reschedule(extra.transition.force_reschedule);
    transition->set_no_shutdown_delay(extra.transition.no_shutdown_delay);
    transition->set_migrate_disable_placement(extra.transition.migrate_disable_placement);
  }
  for (const RescheduleRecord& record : extra.reschedules) {
    auto* stored = out.add_reschedules();
    stored->set_time(record.time);
    stored->set_previous(record.previous.to_bytes());
    stored->set_previous_node(record.previous_node.to_bytes());
    stored->set_delay(record.delay);
  }
  for (const AllocId& id : extra.preempted) out.add_preempted(id.to_bytes());
  out.set_preempted_by(extra.preempted_by.to_bytes());
  out.set_desired_description(extra.desired_description);
  out.set_client_description(extra.client_description);
  out.set_finished_at(extra.finished_at);
  out.set_started_at(extra.started_at);
  out.set_disconnected_at(extra.disconnected_at);
  out.set_reconnected(extra.reconnected);
  if (extra.network_status) *out.mutable_network_status() = *extra.network_status;
}

std::shared_ptr<const AllocExtra> decode_extra(const model::StoredAllocExtra& stored) {
  auto extra = std::make_shared<AllocExtra>();
  extra->previous = AllocId::from_bytes(stored.previous());
  extra->next = AllocId::from_bytes(stored.next());
  extra->followup_eval = EvalId::from_bytes(stored.followup_eval());
  extra->deployment = DeploymentId::from_bytes(stored.deployment());
  if (stored.has_deployment_healthy()) extra->deployment_healthy = stored.deployment_healthy();
  extra->deployment_health_time = stored.deployment_health_time();
  extra->canary = stored.canary();
  const auto& transition = stored.transition();
  extra->transition = {transition.migrate(), transition.reschedule(), transition.force_reschedule(),
                       transition.no_shutdown_delay(), transition.migrate_disable_placement()};
  for (const auto& record : stored.reschedules()) {
    extra->reschedules.push_back({record.time(), AllocId::from_bytes(record.previous()),
                                  NodeId::from_bytes(record.previous_node()), record.delay()});
  }
  for (const std::string& id : stored.preempted()) {
    extra->preempted.push_back(AllocId::from_bytes(id));
  }
  extra->preempted_by = AllocId::from_bytes(stored.preempted_by());
  extra->desired_description = stored.desired_description();
  extra->client_description = stored.client_description();
  extra->finished_at = stored.finished_at();
  extra->started_at = stored.started_at();
  extra->disconnected_at = stored.disconnected_at();
  extra->reconnected = stored.reconnected();
  if (stored.has_network_status()) {
    extra->network_status = std::make_shared<const model::NetworkStatus>(stored.network_status());
  }
  return extra;
}

}  // namespace

std::string encode_alloc_row(const Allocation& alloc) {
  model::StoredAlloc row;
  row.set_id(alloc.id.to_bytes());
  row.set_eval_id(alloc.eval.to_bytes());
  row.set_node_id(alloc.node.to_bytes());
  row.set_namespace_(alloc.job->namespace_());
  row.set_job_id(alloc.job->id());
  row.set_job_version(alloc.job->version());
  row.set_job_create_index(alloc.job->create_index());
  row.set_group(alloc.group);
  row.set_name_index(alloc.name_index);
  row.set_desired(static_cast<std::uint32_t>(alloc.desired));
  row.set_client(static_cast<std::uint32_t>(alloc.client));
  row.set_create_index(alloc.create_index);
  row.set_modify_index(alloc.modify_index);
  row.set_alloc_modify_index(alloc.alloc_modify_index);
  row.set_create_time(alloc.create_time);
  row.set_modify_time(alloc.modify_time);
  if (alloc.resources) row.set_resources(alloc.resources->message->SerializeAsString());
  if (alloc.metrics) row.set_metrics(alloc.metrics->SerializeAsString());
  for (const GrantedPort& port : alloc.ports) {
    auto* stored = row.add_ports();
    stored->set_label(port.label);
    stored->set_value(port.value);
    stored->set_to(port.to);
    stored->set_host_ip(port.host_ip);
    stored->set_ignore_collision(port.ignore_collision);
  }
  if (alloc.task_states) row.set_task_states(*alloc.task_states);
  if (alloc.extra) encode_extra(*alloc.extra, *row.mutable_extra());
  return row.SerializeAsString();
}

Result<AllocRef> AllocRowDecoder::decode(std::string_view bytes) {
  model::StoredAlloc row;
  if (!row.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error{ErrorCode::corrupt, "an allocation's row cannot be read"};
  }
  auto alloc = std::make_shared<Allocation>();
  alloc->id = AllocId::from_bytes(row.id());
  const bool same_job = last_job_ && last_job_->create_index() == row.job_create_index() &&
                        last_job_->version() == row.job_version() &&
                        last_job_->id() == row.job_id() &&
                        last_job_->namespace_() == row.namespace_();
  if (!same_job) {
    last_job_ =
        find_job_({row.namespace_(), row.job_id()}, row.job_create_index(), row.job_version());
  }
  if (!last_job_ || static_cast<int>(row.group()) >= last_job_->group_size()) {
    return Error{ErrorCode::corrupt,
                 "allocation " + alloc->id.to_string() +
                     " refers to a job version that is not stored: " + row.job_id() + " version " +
                     std::to_string(row.job_version())};
  }
  alloc->job = last_job_;
  alloc->eval = EvalId::from_bytes(row.eval_id());
  alloc->node = NodeId::from_bytes(row.node_id());
  alloc->group = static_cast<std::uint16_t>(row.group());
  alloc->name_index = row.name_index();
  alloc->desired = static_cast<DesiredStatus>(row.desired());
  alloc->client = static_cast<ClientStatus>(row.client());
  alloc->create_index = row.create_index();
  alloc->modify_index = row.modify_index();
  alloc->alloc_modify_index = row.alloc_modify_index();
  alloc->create_time = row.create_time();
  alloc->modify_time = row.modify_time();
  auto& resources = resources_[row.resources()];
  if (!resources) {
    model::AllocatedResources message;
    if (!message.ParseFromString(row.resources())) {
      return Error{ErrorCode::corrupt, "an allocation's resources cannot be read"};
    }
    resources = std::make_shared<const GrantedResources>(std::move(message));
  }
  alloc->resources = resources;
  if (!row.metrics().empty()) {
    auto& metrics = metrics_[row.metrics()];
    if (!metrics) {
      auto message = std::make_shared<model::AllocMetric>();
      if (!message->ParseFromString(row.metrics())) {
        return Error{ErrorCode::corrupt, "an allocation's metrics cannot be read"};
      }
      metrics = std::move(message);
    }
    alloc->metrics = metrics;
  }
  for (const auto& port : row.ports()) {
    alloc->ports.push_back({port.label(), static_cast<std::uint16_t>(port.value()), port.to(),
                            port.host_ip(), port.ignore_collision()});
  }
  if (!row.task_states().empty()) {
    alloc->task_states = std::make_shared<const std::string>(row.task_states());
  }
  if (row.has_extra()) alloc->extra = decode_extra(row.extra());
  return AllocRef(std::move(alloc));
}

}  // namespace yurt::server
