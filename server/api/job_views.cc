// Jobs as the API shows them in lists.
#include "server/api/listing.h"
#include "server/api/views.h"

namespace yurt::server {

model::JobSummary summary_of(const JobRecord& record) {
  const auto count = [](const GroupCounts& counts, ClientStatus status) {
    return counts.by_client_status[static_cast<std::size_t>(status)];
  };
  model::JobSummary out;
  out.set_job_id(record.job->id());
  out.set_namespace_(record.job->namespace_());
  for (const auto& [name, counts] : record.groups) {
    auto& group = (*out.mutable_summary())[name];
    group.set_queued(counts.queued);
    group.set_complete(count(counts, ClientStatus::complete));
    group.set_failed(count(counts, ClientStatus::failed));
    group.set_running(count(counts, ClientStatus::running));
    group.set_starting(count(counts, ClientStatus::pending));
    group.set_lost(count(counts, ClientStatus::lost));
    group.set_unknown(count(counts, ClientStatus::unknown));
  }
  auto* children = out.mutable_children();
  children->set_pending(record.children.pending + record.children.waiting);
  children->set_running(record.children.running);
  children->set_dead(record.children.dead);
  out.set_create_index(record.job->create_index());
  out.set_modify_index(record.summary_modify_index);
  return out;
}

model::JobListStub stub_of(const JobRecord& record, bool with_meta) {
  const model::Job& job = *record.job;
  model::JobListStub out;
  out.set_id(job.id());
  out.set_parent_id(job.parent_id());
  out.set_name(job.name());
  out.set_namespace_(job.namespace_());
  *out.mutable_datacenters() = job.datacenters();
  out.set_node_pool(job.node_pool());
  out.set_type(job.type());
  out.set_priority(job.priority());
  out.set_periodic(job.has_periodic());
  out.set_parameterized_job(job.has_parameterized() && !job.dispatched());
  out.set_stop(job.stop());
  out.set_status(job.status());
  out.set_status_description(job.status_description());
  *out.mutable_job_summary() = summary_of(record);
  out.set_create_index(job.create_index());
  out.set_modify_index(job.modify_index());
  out.set_job_modify_index(job.job_modify_index());
  out.set_submit_time(job.submit_time());
  out.set_version(job.version());
  if (with_meta) *out.mutable_meta() = job.meta();
  return out;
}

Status list_jobs(Reading& reading, std::vector<const JobRecord*> records, bool with_meta,
                 model::JobListResponse& response) {
  YURT_ASSIGN(const auto filter, parse_filter(reading.query, *model::Job::descriptor()));
  // "<namespace>.<id>"; a namespace has no dot.
  const std::string& token = reading.query.next_token();
  const std::size_t dot = token.find('.');
  const std::string token_ns = dot == std::string::npos ? "" : token.substr(0, dot);
  const std::string token_id = dot == std::string::npos ? token : token.substr(dot + 1);
  const auto compare = [](const model::Job& job, const std::string& ns, const std::string& id) {
    const int by_namespace = job.namespace_().compare(ns);
    return by_namespace != 0 ? by_namespace : job.id().compare(id);
  };
  list_page(
      reading, std::move(records),
      [&](const JobRecord* a, const JobRecord* b) {
        return compare(*a->job, b->job->namespace_(), b->job->id()) < 0;
      },
      [&](const JobRecord* row) { return compare(*row->job, token_ns, token_id); },
      [&](const JobRecord* row) { return !filter || filter->matches({*row->job}); },
      [&](const JobRecord* row) { *response.add_jobs() = stub_of(*row, with_meta); },
      [](const JobRecord* row) { return row->job->namespace_() + "." + row->job->id(); });
  return {};
}

}  // namespace yurt::server
