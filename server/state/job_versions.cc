// Commands about a job's versions: stability and tags.
#include "server/state/job_versions.h"

#include <algorithm>

#include "proto/command.pb.h"
#include "proto/job.pb.h"
#include "server/state/apply.h"

namespace yurt::server {
namespace {

Applied answer(const Transaction& transaction, const JobKey& key, std::uint64_t version) {
  return {.index = transaction.index(),
          .job_modify_index = transaction.job(key)->job->job_modify_index(),
          .job_version = version};
}

JobRef version_tagged(const JobRecord& record, const std::string& tag) {
  const auto found =
      std::find_if(record.versions.begin(), record.versions.end(), [&](const JobRef& job) {
        return job->has_version_tag() && job->version_tag().name() == tag;
      });
  return found == record.versions.end() ? nullptr : *found;
}

Error no_version(const JobKey& key, std::uint64_t version) {
  return {ErrorCode::not_found, "job \"" + key.id + "\" has no version " + std::to_string(version)};
}

}  // namespace

bool edit_version(Transaction& transaction, const JobKey& key, std::uint64_t version,
                  const std::function<void(model::Job&)>& change) {
  JobRecord& record = transaction.edit_job(key);
  for (JobRef& kept : record.versions) {
    if (kept->version() != version) continue;
    auto changed = std::make_shared<model::Job>(*kept);
    change(*changed);
    changed->set_modify_index(transaction.index());
    if (record.job == kept) record.job = changed;
    kept = std::move(changed);
    return true;
  }
  return false;
}

Result<Applied> apply(Transaction& transaction, const model::SetJobStability& command) {
  const JobKey key{command.namespace_(), command.job_id()};
  if (transaction.job(key) == nullptr) return Error{ErrorCode::not_found, "job not found"};
  const bool found = edit_version(transaction, key, command.job_version(),
                                  [&](model::Job& job) { job.set_stable(command.stable()); });
  if (!found) return no_version(key, command.job_version());
  return answer(transaction, key, command.job_version());
}

Result<Applied> apply(Transaction& transaction, const model::TagJobVersion& command) {
  const JobKey key{command.namespace_(), command.job_id()};
  const JobRecord* record = transaction.job(key);
  if (record == nullptr) return Error{ErrorCode::not_found, "job not found"};
  const JobRef tagged = version_tagged(*record, command.name());
  if (!command.has_version()) {
    if (!tagged) {
      return Error{ErrorCode::not_found,
                   "tag \"" + command.name() + "\" not found on job \"" + key.id + "\""};
    }
    edit_version(transaction, key, tagged->version(),
                 [](model::Job& job) { job.clear_version_tag(); });
    return answer(transaction, key, tagged->version());
  }
  if (tagged && tagged->version() != command.version()) {
    return Error{ErrorCode::conflict, "tag \"" + command.name() + "\" already names version " +
                                          std::to_string(tagged->version()) + " of job \"" +
                                          key.id + "\": take it away first"};
  }
  const bool found = edit_version(transaction, key, command.version(), [&](model::Job& job) {
    auto* tag = job.mutable_version_tag();
    tag->set_name(command.name());
    tag->set_description(command.description());
    tag->set_tagged_time(transaction.time());
  });
  if (!found) return no_version(key, command.version());
  return answer(transaction, key, command.version());
}

}  // namespace yurt::server
