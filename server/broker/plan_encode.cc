#include "server/broker/plan_encode.h"

#include <unordered_map>

#include "proto/job.pb.h"

namespace yurt::server {
namespace {

// Positions of shared objects in the plan's lists: each is written once.
template <typename Object, typename Add>
std::uint32_t position_of(std::unordered_map<const Object*, std::uint32_t>& known,
                          const Object* object, Add add) {
  const auto [at, added] = known.try_emplace(object, static_cast<std::uint32_t>(known.size()));
  if (added) add();
  return at->second;
}

class Encoder {
 public:
  explicit Encoder(const scheduler::Plan& plan) : plan_(plan) {
    out_.set_eval_id(plan.eval.to_bytes());
    if (plan.job) {
      out_.set_namespace_(plan.job->namespace_());
      out_.set_job_id(plan.job->id());
      out_.set_job_version(plan.job->version());
    }
  }

  model::PlanResult run() {
    for (const AllocRef& alloc : plan_.place) place(*alloc);
    for (const auto& stop : plan_.stop) {
      auto* stopped = out_.add_stopped();
      stopped->set_id(stop.alloc->id.to_bytes());
      stopped->set_desired_description(stop.description);
      if (stop.client) stopped->set_client_status(name_of(*stop.client));
      stopped->set_followup_eval_id(stop.followup_eval.to_bytes());
    }
    for (const auto& update : plan_.update) encode_update(update);
    for (const auto& preemption : plan_.preempt) {
      auto* preempted = out_.add_preempted();
      preempted->set_id(preemption.alloc->id.to_bytes());
      preempted->set_by(preemption.by.to_bytes());
    }
    if (plan_.deployment) *out_.mutable_deployment() = *plan_.deployment;
    for (const auto& change : plan_.deployment_updates) {
      auto* status = out_.add_deployment_updates();
      status->set_deployment_id(change.id.to_bytes());
      status->set_status(change.status);
      status->set_status_description(change.description);
    }
    return std::move(out_);
  }

 private:
  std::uint32_t resources_position(const std::shared_ptr<const GrantedResources>& granted) {
    return position_of(resources_, granted.get(),
                       [&] { *out_.add_resources() = *granted->message; });
  }

  void place(const Allocation& alloc) {
    auto* placed = out_.add_placed();
    placed->set_id(alloc.id.to_bytes());
    placed->set_node_id(alloc.node.to_bytes());
    placed->set_group(alloc.group);
    placed->set_name_index(alloc.name_index);
    placed->set_resources(resources_position(alloc.resources));
    if (alloc.metrics) {
      placed->set_metrics(position_of(metrics_, alloc.metrics.get(),
                                      [&] { *out_.add_metrics() = *alloc.metrics; }));
    } else {
      placed->set_metrics(UINT32_MAX);
    }
    for (const GrantedPort& port : alloc.ports) {
      auto* out = placed->add_ports();
      out->set_label(port.label);
      out->set_value(port.value);
      out->set_to(port.to);
      out->set_host_ip(port.host_ip);
      out->set_ignore_collision(port.ignore_collision);
    }
    if (plan_.job && alloc.job->version() != plan_.job->version()) {
      placed->set_job_version(alloc.job->version());
    }
    if (!alloc.extra) return;
    placed->set_previous_allocation(alloc.extra->previous.to_bytes());
    placed->set_deployment_id(alloc.extra->deployment.to_bytes());
    placed->set_canary(alloc.extra->canary);
    placed->set_oom_retries(alloc.extra->oom_retries);
    for (const RescheduleRecord& record : alloc.extra->reschedules) {
      auto* event = placed->mutable_reschedule_tracker()->add_events();
      event->set_reschedule_time(record.time);
      event->set_prev_alloc_id(record.previous.to_string());
      event->set_prev_node_id(record.previous_node.to_string());
      event->set_delay(record.delay);
    }
    for (const AllocId& id : alloc.extra->preempted) {
      placed->add_preempted_allocations(id.to_bytes());
    }
  }

  void encode_update(const scheduler::Update& update) {
    auto* updated = out_.add_updated();
    updated->set_id(update.alloc->id.to_bytes());
    if (update.job) updated->set_job_version(update.job->version());
    if (update.resources) updated->set_resources(resources_position(update.resources));
    updated->set_followup_eval_id(update.followup_eval.to_bytes());
    if (update.client) updated->set_client_status(name_of(*update.client));
    updated->set_deployment_id(update.deployment.to_bytes());
    updated->set_client_description(update.client_description);
  }

  const scheduler::Plan& plan_;
  model::PlanResult out_;
  std::unordered_map<const GrantedResources*, std::uint32_t> resources_;
  std::unordered_map<const model::AllocMetric*, std::uint32_t> metrics_;
};

}  // namespace

model::PlanResult encode_plan(const scheduler::Plan& plan) { return Encoder(plan).run(); }

}  // namespace yurt::server
