// Allocations: lists, one, and stopping one.
#include "server/api/listing.h"
#include "server/api/operations.h"
#include "server/api/proposals.h"
#include "server/api/views.h"

namespace yurt::server {
namespace {

Status list_allocations(Reading& reading, const model::AllocationListRequest& request,
                        model::AllocationListResponse& response) {
  std::vector<AllocRef> rows;
  reading.snapshot.tables().allocs.each([&](const AllocId& id, const AllocRef& alloc) {
    if (in_namespace(reading, alloc->job->namespace_()) &&
        has_id_prefix(id.uuid, reading.query.prefix())) {
      rows.push_back(alloc);
    }
    return true;
  });
  const bool task_states = !request.has_task_states() || request.task_states();
  return list_allocations(reading, std::move(rows), request.resources(), task_states, response);
}

Status read_allocation(Reading& reading, const model::AllocationReadRequest& request,
                       model::AllocationReadResponse& response) {
  const auto alloc = reading.snapshot.alloc(AllocId::parse_or_nil(request.alloc_id()));
  if (!alloc) return not_found("alloc");
  reading.index = alloc->modify_index;
  *response.mutable_allocation() =
      to_message(*alloc, reading.snapshot.node_name(alloc->node), true);
  return {};
}

// A service's allocation is replaced. A batch job's is not, unless that is asked for.
void stop(const Serving& serving, std::unique_ptr<model::AllocationStopRequest> request,
          Done<model::AllocationStopResponse> done) {
  const Snapshot snapshot = serving.core.snapshot();
  const auto alloc = snapshot.alloc(AllocId::parse_or_nil(request->alloc_id()));
  if (!alloc) return done(not_found("alloc"));
  const JobRef current = snapshot.job({alloc->job->namespace_(), alloc->job->id()});
  const model::Job& job = current ? *current : *alloc->job;

  model::Command command;
  auto* update = command.mutable_update_alloc_transitions();
  auto* entry = update->add_entries();
  entry->set_id(alloc->id.to_bytes());
  auto* transition = entry->mutable_transition();
  transition->set_migrate(true);
  const bool batch = job.type() == "batch" || job.type() == "sysbatch";
  if (batch && !request->reschedule()) transition->set_migrate_disable_placement(true);
  if (request->no_shutdown_delay()) transition->set_no_shutdown_delay(true);
  *update->add_evaluations() = make_evaluation(serving, job, "alloc-stop");

  std::string eval_id = update->evaluations(0).id();
  propose(serving, std::move(command), std::move(done),
          [eval_id = std::move(eval_id)](const Applied& applied) {
            model::AllocationStopResponse response;
            response.set_eval_id(eval_id);
            response.set_index(applied.index);
            return response;
          });
}

}  // namespace

void add_allocation_operations(OperationTable& table) {
  table.read("ListAllocations", {Table::allocs}, &list_allocations);
  table.read("ReadAllocation", {Table::allocs}, &read_allocation);
  table.call("StopAllocation", Access::leader, &stop);
}

}  // namespace yurt::server
