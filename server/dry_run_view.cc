#include "server/dry_run_view.h"

#include "jobspec/diff/spec_changed.h"
#include "proto/job.pb.h"

namespace yurt::server {

DryRunView::DryRunView(Snapshot state, const model::Job& job)
    : state_(std::move(state)), key_{job.namespace_(), job.id()} {
  const JobRef stored = state_.job(key_);
  if (stored && !jobspec::spec_changed(*stored, job)) {
    registered_ = stored;
    return;
  }
  auto copy = std::make_shared<model::Job>(job);
  const std::uint64_t index = state_.index() + 1;
  copy->set_version(stored ? stored->version() + 1 : 0);
  copy->set_create_index(stored ? stored->create_index() : index);
  copy->set_modify_index(index);
  copy->set_job_modify_index(index);
  registered_ = std::move(copy);
}

JobRef DryRunView::job(const JobKey& key) const {
  return key == key_ ? registered_ : state_.job(key);
}

JobRef DryRunView::job_version(const JobKey& key, std::uint64_t version) const {
  if (key == key_ && registered_->version() == version) return registered_;
  return state_.job_version(key, version);
}

}  // namespace yurt::server
