// Reading jobs and what belongs to one job.
#include <deque>

#include "server/api/listing.h"
#include "server/api/operations.h"
#include "server/api/views.h"
#include "server/state/child_job.h"

namespace yurt::server {
namespace {

// The job that a child stands for while it waits in its parent's lane.
JobRecord waiting_record(const WaitingRow& row) {
  model::DispatchedChild child;
  child.ParseFromString(row.child);
  model::Job job = make_child(*row.parent, row.id, child);
  job.set_create_index(row.create_index);
  job.set_modify_index(row.create_index);
  job.set_job_modify_index(row.create_index);
  job.set_status_description("waits for room in the lane of " + row.parent->id());
  JobRecord record;
  record.job = std::make_shared<const model::Job>(std::move(job));
  record.versions = {record.job};
  for (const auto& group : record.job->group()) record.groups.try_emplace(group.name());
  return record;
}

Status list_jobs(Reading& reading, const model::JobListRequest& request,
                 model::JobListResponse& response) {
  const std::string& prefix = reading.query.prefix();
  std::vector<const JobRecord*> records;
  const auto visit = [&](const JobKey& key, const JobRecordRef& record) {
    if (key.id.starts_with(prefix)) records.push_back(record.get());
  };
  const auto& jobs = reading.snapshot.tables().jobs;
  if (reading.any_namespace()) {
    jobs.each([&](const JobKey& key, const JobRecordRef& record) {
      visit(key, record);
      return true;
    });
  } else {
    jobs.scan({reading.query.namespace_(), prefix},
              [&](const JobKey& key, const JobRecordRef& record) {
                if (key.ns != reading.query.namespace_() || !key.id.starts_with(prefix)) {
                  return false;
                }
                visit(key, record);
                return true;
              });
  }
  // Whoever lists one job's children sees those that wait as well.
  std::deque<JobRecord> waiting;
  if (prefix.find('/') != std::string::npos) {
    const auto& rows = reading.snapshot.tables().waiting;
    rows.scan({reading.query.namespace_(), prefix}, [&](const JobKey& key, const WaitingRef& row) {
      if (key.ns != reading.query.namespace_() || !key.id.starts_with(prefix)) return false;
      if (!row->sweep) records.push_back(&waiting.emplace_back(waiting_record(*row)));
      return true;
    });
  }
  return list_jobs(reading, std::move(records), request.meta(), response);
}

Status read_job(Reading& reading, const model::JobReadRequest& request,
                model::JobReadResponse& response) {
  const JobKey key = reading.job_key(request.job_id());
  JobRef job = reading.snapshot.job(key);
  if (!job) {
    const auto* waiting = reading.snapshot.tables().waiting.find(key);
    if (waiting != nullptr && !(*waiting)->sweep) job = waiting_record(**waiting).job;
  }
  if (!job) return not_found("job");
  reading.index = job->modify_index();
  *response.mutable_job() = *job;
  return {};
}

Status read_summary(Reading& reading, const model::JobReadRequest& request,
                    model::JobSummaryResponse& response) {
  const auto record = reading.snapshot.job_record(reading.job_key(request.job_id()));
  if (!record) return not_found("job");
  reading.index = std::max(record->summary_modify_index, record->job->modify_index());
  *response.mutable_summary() = summary_of(*record);
  return {};
}

// Unless all are asked for, what an earlier job of the same ID left behind is no part of this one.
template <typename Refs, typename CreateIndex>
void drop_older_instances(Reading& reading, const std::string& job_id, Refs& refs,
                          CreateIndex create_index) {
  const JobRef job = reading.snapshot.job(reading.job_key(job_id));
  if (!job) return;
  std::erase_if(refs, [&](const auto& ref) { return create_index(*ref) != job->create_index(); });
}

Status list_allocations_of_job(Reading& reading, const model::JobAllocationsRequest& request,
                               model::AllocationListResponse& response) {
  auto allocs = reading.snapshot.allocs_of_job(reading.job_key(request.job_id()));
  if (!request.all()) {
    drop_older_instances(reading, request.job_id(), allocs,
                         [](const Allocation& alloc) { return alloc.job->create_index(); });
  }
  return list_allocations(reading, std::move(allocs), false, true, response);
}

Status list_evaluations_of_job(Reading& reading, const model::JobReadRequest& request,
                               model::EvaluationListResponse& response) {
  return list_evaluations(reading, reading.snapshot.evals_of_job(reading.job_key(request.job_id())),
                          response);
}

Status list_deployments_of_job(Reading& reading, const model::JobAllocationsRequest& request,
                               model::DeploymentListResponse& response) {
  auto deployments = reading.snapshot.deployments_of_job(reading.job_key(request.job_id()));
  if (!request.all()) {
    drop_older_instances(reading, request.job_id(), deployments,
                         [](const model::Deployment& one) { return one.job_create_index(); });
  }
  return list_deployments(reading, std::move(deployments), response);
}

Status read_latest_deployment(Reading& reading, const model::JobReadRequest& request,
                              model::DeploymentReadResponse& response) {
  const auto newest = reading.snapshot.latest_deployment(reading.job_key(request.job_id()));
  if (!newest) return {};  // shown as null
  reading.index = newest->modify_index();
  *response.mutable_deployment() = *newest;
  return {};
}

Status read_submission(Reading& reading, const model::JobSubmissionRequest& request,
                       model::JobSubmissionResponse& response) {
  const auto record = reading.snapshot.job_record(reading.job_key(request.job_id()));
  if (record) {
    reading.index = record->job->modify_index();
    const auto found = record->submissions.find(request.version());
    if (found != record->submissions.end()) {
      *response.mutable_submission() = *found->second;
      return {};
    }
  }
  return not_found("job source");
}

}  // namespace

void add_job_reads(OperationTable& table) {
  table.read("ListJobs", {Table::jobs}, &list_jobs);
  table.read("ReadJob", {Table::jobs}, &read_job);
  table.read("ReadJobSummary", {Table::jobs}, &read_summary);
  table.read("ListJobAllocations", {Table::allocs}, &list_allocations_of_job);
  table.read("ListJobEvaluations", {Table::evals}, &list_evaluations_of_job);
  table.read("ListJobDeployments", {Table::deployments}, &list_deployments_of_job);
  table.read("ReadJobLatestDeployment", {Table::deployments}, &read_latest_deployment);
  table.read("ReadJobSubmission", {Table::jobs}, &read_submission);
}

}  // namespace yurt::server
