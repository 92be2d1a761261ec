#include "server/state/alloc_row.h"

#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::server {
namespace {

// As to_bytes(), into a string that keeps its room.
void put_bytes(const Uuid& uuid, std::string& out) {
  if (uuid.is_nil()) {
    out.clear();
  } else {
    out.assign(reinterpret_cast<const char*>(uuid.bytes.data()), uuid.bytes.size());
  }
}

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
  out.set_finished_at(extra.finished_at);
  out.set_disconnected_at(extra.disconnected_at);
  out.set_reconnected(extra.reconnected);
  out.set_oom_retries(extra.oom_retries);
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
  extra->finished_at = stored.finished_at();
  extra->disconnected_at = stored.disconnected_at();
  extra->reconnected = stored.reconnected();
  extra->oom_retries = stored.oom_retries();
  if (stored.has_network_status()) {
    extra->network_status = std::make_shared<const model::NetworkStatus>(stored.network_status());
  }
  return extra;
}

}  // namespace

const std::string& AllocRowEncoder::encode(const Allocation& alloc) {
  // Every field that every row has is set below; the others are cleared. Clearing all of it would
  // give the shared parts' bytes away.
  model::StoredAlloc& row = row_;
  row.clear_ports();
  row.clear_extra();
  row.clear_task_states();
  put_bytes(alloc.id.uuid, *row.mutable_id());
  put_bytes(alloc.eval.uuid, *row.mutable_eval_id());
  put_bytes(alloc.node.uuid, *row.mutable_node_id());
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
  if (alloc.resources.get() != last_resources_) {
    last_resources_ = alloc.resources.get();
    row.clear_resources();
    if (alloc.resources) alloc.resources->message->SerializeToString(row.mutable_resources());
  }
  if (alloc.metrics.get() != last_metrics_) {
    last_metrics_ = alloc.metrics.get();
    row.clear_metrics();
    if (alloc.metrics) alloc.metrics->SerializeToString(row.mutable_metrics());
  }
  for (const GrantedPort& port : alloc.ports) {
    auto* stored = row.add_ports();
    stored->set_label(port.label);
    stored->set_value(port.value);
    stored->set_to(port.to);
    stored->set_host_ip(port.host_ip);
    stored->set_ignore_collision(port.ignore_collision);
  }
  if (alloc.task_states) alloc.task_states->append_to(*row.mutable_task_states());
  if (alloc.extra) encode_extra(*alloc.extra, *row.mutable_extra());
  if (alloc.started_at != 0) row.mutable_extra()->set_started_at(alloc.started_at);
  const std::string_view description = alloc.client_description();
  if (!description.empty()) {
    row.mutable_extra()->set_client_description(description.data(), description.size());
  }
  row.SerializeToString(&bytes_);
  return bytes_;
}

Result<AllocRef> AllocRowDecoder::decode(std::string_view bytes) {
  model::StoredAlloc& row = row_;
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
    alloc->task_states = PackedTaskStates::from_bytes(row.task_states());
    if (!alloc->task_states) {
      return Error{ErrorCode::corrupt, "an allocation's task states cannot be read"};
    }
  }
  if (!row.has_extra()) return AllocRef(std::move(alloc));
  auto& extra = *row.mutable_extra();
  alloc->started_at = extra.started_at();
  const std::string description = extra.client_description();
  extra.clear_started_at();
  extra.clear_client_description();
  // What only has these two needs no extra part.
  if (extra.ByteSizeLong() > 0) alloc->extra = decode_extra(extra);
  AllocEdit edit(std::move(alloc));
  edit.set_client_description(description);
  return std::move(edit).publish();
}

}  // namespace yurt::server
