// Commands about jobs: register, deregister, scaling events.
#include <algorithm>

#include "jobspec/diff/spec_changed.h"
#include "proto/command.pb.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "server/state/apply.h"

namespace yurt::server {
namespace {

JobKey key_of(const model::Job& job) { return {job.namespace_(), job.id()}; }

Status check_immutable(const model::Job& old, const model::Job& job) {
  const auto refuse = [](const std::string& what) {
    return Error{ErrorCode::invalid_argument, "cannot " + what + ": register it under another ID"};
  };
  if (old.stop()) return {};
  if (old.type() != job.type()) {
    return refuse("change the type of a job from \"" + old.type() + "\" to \"" + job.type() + "\"");
  }
  if (old.has_periodic() != job.has_periodic()) return refuse("make a job periodic or not");
  if (old.has_parameterized() != job.has_parameterized()) {
    return refuse("make a job parameterized or not");
  }
  return {};
}

Status check_index(const model::RegisterJob& command, const JobRecord* record) {
  if (!command.enforce_index()) return {};
  const std::uint64_t expected = command.job_modify_index();
  if (expected == 0 && record != nullptr) {
    return Error{ErrorCode::conflict, "Enforcing job modify index 0: job already exists"};
  }
  if (expected != 0 && record == nullptr) {
    return Error{ErrorCode::conflict,
                 "Enforcing job modify index " + std::to_string(expected) + ": job does not exist"};
  }
  if (record != nullptr && record->job->job_modify_index() != expected) {
    return Error{ErrorCode::conflict, "Enforcing job modify index " + std::to_string(expected) +
                                          ": job exists with conflicting job modify index: " +
                                          std::to_string(record->job->job_modify_index())};
  }
  return {};
}

// Drops the oldest versions beyond the limit; the current, tagged and newest stable ones stay.
void trim_versions(JobRecord& record) {
  const auto newest_stable = std::find_if(record.versions.begin(), record.versions.end(),
                                          [](const JobRef& job) { return job->stable(); });
  const JobRef stable = newest_stable == record.versions.end() ? nullptr : *newest_stable;
  int untagged = 0;
  std::erase_if(record.versions, [&](const JobRef& job) {
    if (job->has_version_tag() || job == stable) return false;
    if (++untagged <= kept_job_versions) return false;
    record.submissions.erase(job->version());
    return true;
  });
}

void record_scaling_event(JobRecord& record, const std::string& group, std::uint64_t index,
                          const model::ScalingEvent& event) {
  auto& events = record.scaling_events[group];
  auto stored = std::make_shared<model::ScalingEvent>(event);
  stored->set_create_index(index);
  events.insert(events.begin(), std::move(stored));
  if (events.size() > kept_scaling_events) events.resize(kept_scaling_events);
}

}  // namespace

void push_version(Transaction& transaction, JobRecord& record, model::Job job) {
  const bool first = record.versions.empty();
  job.set_version(first ? 0 : record.job->version() + 1);
  job.set_create_index(first ? transaction.index() : record.job->create_index());
  job.set_modify_index(transaction.index());
  job.set_job_modify_index(transaction.index());
  job.set_status(first ? "pending" : record.job->status());
  job.clear_status_description();
  job.set_stable(false);
  job.clear_version_tag();
  if (job.submit_time() == 0) job.set_submit_time(transaction.time());
  record.job = std::make_shared<const model::Job>(std::move(job));
  record.versions.insert(record.versions.begin(), record.job);
  for (const auto& group : record.job->group()) record.groups.try_emplace(group.name());
  record.summary_modify_index = transaction.index();
  trim_versions(record);
}

void stop_job(Transaction& transaction, JobRecord& record) {
  model::Job stopped = *record.job;
  stopped.set_stop(true);
  stopped.clear_submit_time();
  push_version(transaction, record, std::move(stopped));
}

namespace {

Applied answer(const Transaction& transaction, const model::Job& job) {
  return {.index = transaction.index(),
          .job_modify_index = job.job_modify_index(),
          .job_version = job.version()};
}

void put_job_eval(Transaction& transaction, model::Evaluation eval,
                  std::uint64_t job_modify_index) {
  eval.set_job_modify_index(job_modify_index);
  transaction.put_eval(std::move(eval));
}

Status check_registration(const Transaction& transaction, const model::RegisterJob& command) {
  const JobKey key = key_of(command.job());
  if (const WaitingRow* waiting = transaction.waiting(key); waiting != nullptr && !waiting->sweep) {
    return Error{ErrorCode::conflict, "job \"" + key.id + "\" is a child that waits to run"};
  }
  const JobRecord* existing = transaction.job(key);
  YURT_TRY(check_index(command, existing));
  if (existing != nullptr) YURT_TRY(check_immutable(*existing->job, command.job()));
  return {};
}

Applied do_register(Transaction& transaction, const model::RegisterJob& command) {
  const model::Job& job = command.job();
  JobRecord& record = transaction.edit_job(key_of(job));
  const bool changed = record.versions.empty() || jobspec::spec_changed(*record.job, job);
  if (changed) {
    push_version(transaction, record, job);
    if (command.has_submission()) {
      record.submissions[record.job->version()] =
          std::make_shared<const model::JobSubmission>(command.submission());
    }
  }
  if (command.has_scaling_event()) {
    record_scaling_event(record, command.scaling_group(), transaction.index(),
                         command.scaling_event());
  }
  Applied applied = answer(transaction, *record.job);
  if (changed) {
    record.waiting_for = unmet(transaction, job);
    transaction.hold(key_of(job), !record.waiting_for.empty());
  }
  applied.waiting = !record.waiting_for.empty();
  if (command.has_evaluation() && !applied.waiting) {
    put_job_eval(transaction, command.evaluation(), applied.job_modify_index);
  }
  return applied;
}

}  // namespace

bool satisfies(const model::After& after, const std::string& outcome) {
  return after.status() == "dead" || after.status() == outcome;
}

// Within one command a job's status lags behind what the command has done to it.
bool has_ended(const JobRecord& record) {
  return record.job->status() == "dead" && record.live_evals == 0 && record.waiting_for.empty();
}

std::vector<std::shared_ptr<const model::After>> unmet(const Transaction& transaction,
                                                       const model::Job& job) {
  std::vector<std::shared_ptr<const model::After>> out;
  for (const auto& after : job.after()) {
    const JobRecord* other = transaction.job({job.namespace_(), after.job()});
    const bool met = other != nullptr && has_ended(*other) && satisfies(after, other->outcome);
    if (!met) out.push_back(std::make_shared<const model::After>(after));
  }
  return out;
}

Result<Applied> apply(Transaction& transaction, const model::RegisterJob& command) {
  YURT_TRY(check_registration(transaction, command));
  return do_register(transaction, command);
}

Result<Applied> apply(Transaction& transaction, const model::RegisterJobs& command) {
  for (const auto& one : command.jobs()) YURT_TRY(check_registration(transaction, one));
  for (const auto& one : command.jobs()) do_register(transaction, one);
  return Applied{.index = transaction.index()};
}

Result<Applied> apply(Transaction& transaction, const model::DeregisterJob& command) {
  const JobKey key{command.namespace_(), command.job_id()};
  Applied applied{.index = transaction.index()};
  transaction.drop_waiting_child(key);
  if (transaction.job(key) != nullptr) {
    JobRecord& record = transaction.edit_job(key);
    record.waiting_for.clear();
    transaction.hold(key, false);
    if (!record.job->stop()) stop_job(transaction, record);
    applied = answer(transaction, *record.job);
    if (command.purge()) transaction.remove_job(key);
  }
  if (command.has_evaluation()) {
    put_job_eval(transaction, command.evaluation(), applied.job_modify_index);
  }
  return applied;
}

Result<Applied> apply(Transaction& transaction, const model::RecordScalingEvent& command) {
  const JobKey key{command.namespace_(), command.job_id()};
  if (transaction.job(key) == nullptr) return Error{ErrorCode::not_found, "job not found"};
  JobRecord& record = transaction.edit_job(key);
  record_scaling_event(record, command.group(), transaction.index(), command.event());
  return answer(transaction, *record.job);
}

}  // namespace yurt::server
