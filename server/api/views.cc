#include "server/api/views.h"

#include "server/api/listing.h"

namespace yurt::server {

bool in_namespace(const Reading& reading, const std::string& ns) {
  return reading.any_namespace() || reading.query.namespace_() == ns;
}

model::EvaluationStub stub_of(const model::Evaluation& eval) {
  model::EvaluationStub out;
  out.set_id(eval.id());
  out.set_namespace_(eval.namespace_());
  out.set_priority(eval.priority());
  out.set_type(eval.type());
  out.set_triggered_by(eval.triggered_by());
  out.set_job_id(eval.job_id());
  out.set_node_id(eval.node_id());
  out.set_deployment_id(eval.deployment_id());
  out.set_status(eval.status());
  out.set_status_description(eval.status_description());
  out.set_wait_until(eval.wait_until());
  out.set_next_eval(eval.next_eval());
  out.set_previous_eval(eval.previous_eval());
  out.set_blocked_eval(eval.blocked_eval());
  out.set_create_index(eval.create_index());
  out.set_modify_index(eval.modify_index());
  out.set_create_time(eval.create_time());
  out.set_modify_time(eval.modify_time());
  return out;
}

Status list_allocations(Reading& reading, std::vector<AllocRef> allocs, bool with_resources,
                        bool with_task_states, model::AllocationListResponse& response) {
  YURT_ASSIGN(const auto filter, parse_filter(reading.query, *model::Allocation::descriptor()));
  static const auto* job_field = model::Allocation::descriptor()->FindFieldByName("job");
  const Snapshot& snapshot = reading.snapshot;
  return list_by_creation(
      reading, std::move(allocs),
      [](const AllocRef& alloc) { return std::pair(alloc->create_index, alloc->id.uuid); },
      [&](const AllocRef& alloc) {
        if (!filter) return true;
        const auto message = to_message(*alloc, snapshot.node_name(alloc->node), false);
        return filter->matches({message, job_field, alloc->job.get()});
      },
      [&](const AllocRef& alloc) {
        *response.add_allocations() =
            to_stub(*alloc, snapshot.node_name(alloc->node), with_resources, with_task_states);
      });
}

Status list_evaluations(Reading& reading, std::vector<EvalRef> evals,
                        model::EvaluationListResponse& response) {
  YURT_ASSIGN(const auto filter, parse_filter(reading.query, *model::Evaluation::descriptor()));
  return list_by_creation(
      reading, std::move(evals),
      [](const EvalRef& eval) {
        return std::pair(eval->create_index(), EvalId::parse_or_nil(eval->id()).uuid);
      },
      [&](const EvalRef& eval) { return !filter || filter->matches({*eval}); },
      [&](const EvalRef& eval) { *response.add_evaluations() = *eval; });
}

Status list_deployments(Reading& reading, std::vector<DeploymentRef> deployments,
                        model::DeploymentListResponse& response) {
  YURT_ASSIGN(const auto filter, parse_filter(reading.query, *model::Deployment::descriptor()));
  return list_by_creation(
      reading, std::move(deployments),
      [](const DeploymentRef& deployment) {
        return std::pair(deployment->create_index(),
                         DeploymentId::parse_or_nil(deployment->id()).uuid);
      },
      [&](const DeploymentRef& deployment) { return !filter || filter->matches({*deployment}); },
      [&](const DeploymentRef& deployment) { *response.add_deployments() = *deployment; });
}

}  // namespace yurt::server
