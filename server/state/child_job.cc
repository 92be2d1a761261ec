#include "server/state/child_job.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "jobspec/sweep/sweep_trials.h"
#include "proto/batch.pb.h"
#include "proto/job.pb.h"
#include "server/state/batch_tables.h"

namespace yurt::server {
namespace {

void apply_overrides(const model::DispatchOverrides& overrides, model::Job& job) {
  for (const auto& constraint : overrides.constraint()) *job.add_constraint() = constraint;
  for (auto& group : *job.mutable_group()) {
    if (overrides.has_count()) group.set_count(overrides.count());
    for (auto& task : *group.mutable_task()) {
      if (task.has_lifecycle()) continue;
      auto& resources = *task.mutable_resources();
      if (overrides.has_cpu()) resources.set_cpu(overrides.cpu());
      if (overrides.has_memory()) {
        resources.set_memory(overrides.memory());
        if (resources.memory_max() > 0 && resources.memory_max() < overrides.memory()) {
          resources.set_memory_max(overrides.memory());
        }
      }
      if (overrides.has_memory_max()) resources.set_memory_max(overrides.memory_max());
      if (!overrides.device().empty()) *resources.mutable_device() = overrides.device();
    }
  }
}

}  // namespace

model::Job make_child(const model::Job& parent, const std::string& id,
                      const model::DispatchedChild& child) {
  model::Job job = parent;
  job.set_id(id);
  job.set_name(id);
  job.set_parent_id(parent.id());
  job.clear_periodic();
  job.clear_sweep();
  job.clear_version_tag();
  job.set_status_description("");
  job.set_status("pending");
  job.set_stable(false);
  job.set_stop(false);
  job.set_version(0);
  job.set_submit_time(child.submit_time());
  if (child.launch_time() != 0) return job;

  const model::DispatchSpec& spec = child.spec();
  job.set_dispatched(true);
  for (const auto& [name, value] : spec.meta()) (*job.mutable_meta())[name] = value;
  job.set_payload(spec.payload());
  if (spec.has_priority()) job.set_priority(spec.priority());
  if (!spec.idempotency_token().empty()) {
    job.set_dispatch_idempotency_token(spec.idempotency_token());
  }
  if (spec.has_overrides()) apply_overrides(spec.overrides(), job);
  if (!child.sweep_id().empty()) job.set_sweep_id(child.sweep_id());
  if (!spec.submitted_by().empty()) job.set_submitted_by(spec.submitted_by());
  return job;
}

std::string cache_token(const model::Job& parent,
                        const google::protobuf::Map<std::string, std::string>& meta) {
  constexpr std::string_view open = "${NOMAD_META_";
  std::string key = parent.cache_key();
  if (key.empty()) return key;
  for (std::size_t at = key.find(open); at != std::string::npos; at = key.find(open, at)) {
    const std::size_t end = key.find('}', at);
    if (end == std::string::npos) break;
    const std::string name = key.substr(at + open.size(), end - at - open.size());
    std::string value;
    if (const auto given = meta.find(name); given != meta.end()) {
      value = given->second;
    } else if (const auto own = parent.meta().find(name); own != parent.meta().end()) {
      value = own->second;
    }
    key.replace(at, end + 1 - at, value);
    at += value.size();
  }
  return std::string(cache_prefix) + key;
}

std::string serialize_child(const model::DispatchedChild& child) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    child.SerializeToCodedStream(&coded);
  }
  return bytes;
}

std::string trial_job_id(const std::string& job_id, const std::string& sweep_id,
                         std::uint32_t trial) {
  std::string digits = std::to_string(trial);
  if (digits.size() < 5) digits.insert(0, 5 - digits.size(), '0');
  return job_id + "/sweep-" + sweep_id + "-" + digits;
}

model::DispatchedChild trial_child(const SweepRow& row, std::uint64_t parent_create_index,
                                   std::uint32_t trial, std::int64_t time) {
  const model::SweepRecord& sweep = *row.record;
  model::DispatchedChild child;
  child.set_parent_id(sweep.job_id());
  child.set_parent_version(sweep.job_version());
  child.set_parent_create_index(parent_create_index);
  *child.mutable_spec() = row.plan->spec();
  child.mutable_spec()->clear_idempotency_token();
  for (const auto& [name, value] : jobspec::trial_parameters(row.plan->sweep(), trial)) {
    (*child.mutable_spec()->mutable_meta())[name] = value;
  }
  child.set_submit_time(time);
  child.set_sweep_id(sweep.id());
  child.set_trial(trial);
  return child;
}

}  // namespace yurt::server
