// The parts of validation, one function for each part of a job. Inside this folder only.
//
// `path` is where the part stands in the job; every function reports all it finds.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "jobspec/validate/issues.h"
#include "jobspec/validate/validate.h"
#include "proto/job.pb.h"

namespace yurt::jobspec {

template <typename Message>
using List = google::protobuf::RepeatedPtrField<Message>;

// --- Facts about jobs ---
[[nodiscard]] bool is_system(const model::Job& job);      // system, sysbatch
[[nodiscard]] bool is_batch_like(const model::Job& job);  // batch, sysbatch
[[nodiscard]] std::string quoted(std::string_view text);
// For std::string too, or std::quoted would fit better wherever it is known.
[[nodiscard]] inline std::string quoted(const std::string& text) {
  return quoted(std::string_view(text));
}
// Whether `value` is one of `allowed`; reports it with the list of them otherwise.
bool check_choice(std::string_view what, const std::string& value,
                  std::initializer_list<std::string_view> allowed, const std::string& path,
                  Issues& issues);
// Reports a duration below zero.
void check_not_negative(std::string_view what, std::int64_t nanoseconds, const std::string& path,
                        Issues& issues);

// --- Parts ---
// Fields marked required, refused or ignored in the schema, in the whole job.
void check_marked_fields(const model::Job& job, Issues& issues);

void check_job(const model::Job& job, const ValidateOptions& options, Issues& issues);
void check_periodic(const model::Job& job, const ValidateOptions& options, Issues& issues);
void check_parameterized(const model::Job& job, Issues& issues);
void check_sweep_block(const model::Job& job, Issues& issues);
void check_after(const model::Job& job, Issues& issues);
// cache_key and outputs.
void check_cache(const model::Job& job, Issues& issues);
void check_ui(const model::Job& job, Issues& issues);

void check_group(const model::Job& job, const model::TaskGroup& group, const std::string& path,
                 const ValidateOptions& options, Issues& issues);
void check_group_volumes(const model::Job& job, const model::TaskGroup& group,
                         const std::string& path, Issues& issues);
void check_group_networks(const model::TaskGroup& group, const std::string& path, Issues& issues);
void check_scaling(const model::Job& job, const model::TaskGroup& group, const std::string& path,
                   Issues& issues);

void check_update(const model::Job& job, const model::TaskGroup& group, const std::string& path,
                  Issues& issues);
void check_migrate(const model::Job& job, const model::TaskGroup& group, const std::string& path,
                   Issues& issues);
void check_reschedule(const model::Job& job, const model::TaskGroup& group, const std::string& path,
                      Issues& issues);
void check_restart(const model::RestartPolicy& restart, const std::string& path, Issues& issues);
void check_disconnect(const model::Job& job, const model::TaskGroup& group, const std::string& path,
                      Issues& issues);

enum class Level { job, group, task, device };
void check_constraints(const List<model::Constraint>& constraints, Level level,
                       const std::string& path, Issues& issues);
void check_affinities(const model::Job& job, const List<model::Affinity>& affinities,
                      const std::string& path, Issues& issues);
// The same, whatever the type of the job.
void check_each_affinity(const List<model::Affinity>& affinities, const std::string& path,
                         Issues& issues);
void check_spreads(const model::Job& job, const List<model::Spread>& spreads,
                   const std::string& path, Issues& issues);

// The services of a group and of its tasks.
void check_services(const model::TaskGroup& group, const std::string& path, Issues& issues);

void check_task(const model::Job& job, const model::TaskGroup& group, const model::Task& task,
                const std::string& path, const ValidateOptions& options, Issues& issues);
void check_watchdog(const model::Task& task, const std::string& path, Issues& issues);
void check_workers(const model::TaskGroup& group, const model::Task& task, const std::string& path,
                   Issues& issues);
void check_device(const model::RequestedDevice& device, const std::string& path, Issues& issues);
// How many combinations of alternatives the group's device blocks have.
void check_alternatives(const model::TaskGroup& group, const std::string& path, Issues& issues);
void check_resources(const model::Task& task, const std::string& path, Issues& issues);
void check_artifacts(const model::Task& task, const std::string& path, Issues& issues);
void check_templates(const model::Job& job, const model::Task& task, const std::string& path,
                     Issues& issues);
void check_on_failure(const model::Job& job, const model::Task& task, const std::string& path,
                      Issues& issues);
void check_task_identities(const model::Task& task, const std::string& path, Issues& issues);

// Whether a relative path stays in the folder it starts from.
[[nodiscard]] bool stays_inside(std::string_view path);

}  // namespace yurt::jobspec
