// Small builders of jobs and assignments for tests of the agent: a test states only what matters.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/random.h"
#include "proto/agent_stream.pb.h"

namespace yurt::testing {

// A batch job "job" with one group "group" whose restart policy allows nothing.
inline model::Job one_group_job(const std::string& type = "batch") {
  model::Job job;
  job.set_id("job");
  job.set_name("job");
  job.set_type(type);
  auto& group = *job.add_group();
  group.set_name("group");
  group.mutable_restart()->set_attempts(0);
  group.mutable_restart()->set_interval(3600 * nanoseconds_per_second);
  group.mutable_restart()->set_mode("fail");
  return job;
}

// Adds a raw_exec task that runs `script` with /bin/sh.
inline model::Task& add_shell_task(model::Job& job, const std::string& name,
                                   const std::string& script) {
  auto& task = *job.mutable_group(0)->add_task();
  task.set_name(name);
  task.set_driver("raw_exec");
  auto& fields = *task.mutable_config()->mutable_fields();
  fields["command"].set_string_value("/bin/sh");
  auto& args = *fields["args"].mutable_list_value();
  args.add_values()->set_string_value("-c");
  args.add_values()->set_string_value(script);
  return task;
}

inline model::Job shell_job(const std::string& script, const std::string& type = "batch") {
  model::Job job = one_group_job(type);
  add_shell_task(job, "main", script);
  return job;
}

inline std::shared_ptr<const model::Job> shared(model::Job job) {
  return std::make_shared<const model::Job>(std::move(job));
}

inline model::Assignment assignment_of(const model::Job& job, AllocId id) {
  model::Assignment assignment;
  assignment.set_id(id.to_bytes());
  assignment.set_namespace_("default");
  assignment.set_job_id(job.id());
  assignment.set_job_version(job.version());
  assignment.set_job_create_index(7);
  assignment.set_group("group");
  assignment.set_desired_status("run");
  assignment.set_client_status("pending");
  assignment.set_alloc_modify_index(1);
  assignment.set_create_time(SystemClock().wall_ns());
  for (const auto& task : job.group(0).task()) {
    auto& granted = (*assignment.mutable_resources()->mutable_tasks())[task.name()];
    granted.mutable_cpu()->set_cpu_shares(100);
    granted.mutable_memory()->set_memory_mb(64);
  }
  return assignment;
}

inline AllocId new_alloc_id() {
  static SystemRandom random;
  return AllocId::generate(random);
}

}  // namespace yurt::testing
