// Deployments, for reading.
#include "server/api/listing.h"
#include "server/api/operations.h"
#include "server/api/views.h"

namespace yurt::server {
namespace {

Status list_deployments(Reading& reading, const model::DeploymentListRequest& request,
                        model::DeploymentListResponse& response) {
  std::vector<DeploymentRef> rows;
  reading.snapshot.tables().deployments.each(
      [&](const DeploymentId& id, const DeploymentRef& deployment) {
        if (in_namespace(reading, deployment->namespace_()) &&
            (request.job_id().empty() || deployment->job_id() == request.job_id()) &&
            has_id_prefix(id.uuid, reading.query.prefix())) {
          rows.push_back(deployment);
        }
        return true;
      });
  return list_deployments(reading, std::move(rows), response);
}

Status read_deployment(Reading& reading, const model::DeploymentReadRequest& request,
                       model::DeploymentReadResponse& response) {
  const auto found =
      reading.snapshot.deployment(DeploymentId::parse_or_nil(request.deployment_id()));
  if (!found) return not_found("deployment");
  reading.index = found->modify_index();
  *response.mutable_deployment() = *found;
  return {};
}

Status list_allocations_of_deployment(Reading& reading, const model::DeploymentReadRequest& request,
                                      model::AllocationListResponse& response) {
  const DeploymentId id = DeploymentId::parse_or_nil(request.deployment_id());
  const auto deployment = reading.snapshot.deployment(id);
  std::vector<AllocRef> allocs;
  if (deployment) {
    allocs = reading.snapshot.allocs_of_job({deployment->namespace_(), deployment->job_id()});
    std::erase_if(allocs, [&](const AllocRef& alloc) { return alloc->more().deployment != id; });
  }
  return list_allocations(reading, std::move(allocs), false, true, response);
}

}  // namespace

void add_deployment_operations(OperationTable& table) {
  table.read("ListDeployments", {Table::deployments}, &list_deployments);
  table.read("ReadDeployment", {Table::deployments}, &read_deployment);
  table.read("ListDeploymentAllocations", {Table::allocs}, &list_allocations_of_deployment);
}

}  // namespace yurt::server
