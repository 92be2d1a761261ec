#include "server/revert.h"

#include <algorithm>

#include "jobspec/diff/spec_changed.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::server {

model::RegisterJob revert_to(const JobRecord& record, const model::Job& target) {
  model::RegisterJob registration;
  *registration.mutable_job() = target;
  registration.mutable_job()->clear_submit_time();
  registration.mutable_job()->clear_version_tag();
  const auto source = record.submissions.find(target.version());
  if (source != record.submissions.end()) *registration.mutable_submission() = *source->second;
  registration.set_enforce_index(true);
  registration.set_job_modify_index(record.job->job_modify_index());
  return registration;
}

AutoRevert choose_revert(const JobRecord& record, const std::string& why) {
  const auto stable = std::find_if(record.versions.begin(), record.versions.end(),
                                   [](const JobRef& job) { return job->stable() && !job->stop(); });
  if (stable == record.versions.end()) {
    return {nullptr, why + " - no stable job version to auto revert to"};
  }
  const std::string number = std::to_string((*stable)->version());
  if (!jobspec::spec_changed(*record.job, **stable)) {
    return {nullptr, why + " - not rolling back to stable job version " + number +
                         " as current job has same specification"};
  }
  return {*stable, why + " - rolling back to job version " + number};
}

bool is_of_newest(const JobRecord& record, const model::Deployment& deployment) {
  return record.job->version() == deployment.job_version() &&
         record.job->create_index() == deployment.job_create_index() && !record.job->stop();
}

}  // namespace yurt::server
