#include "server/api/job_admission.h"

#include "jobspec/defaults/defaults.h"
#include "jobspec/validate/validate.h"
#include "server/api/request_options.h"

namespace yurt::server {

void prepare_job(const Serving& serving, const JobPlacement& asked, model::Job& job) {
  if (!asked.ns.empty()) job.set_namespace_(asked.ns);
  if (job.namespace_().empty()) job.set_namespace_(default_namespace);
  const std::string& own_region = serving.core.identity().region;
  if (!asked.region.empty()) job.set_region(asked.region);
  // The servers know who asked and when; a job fetched from the API and handed in again does not.
  job.clear_submit_time();
  job.clear_nomad_token_id();
  job.clear_status();
  job.clear_status_description();
  jobspec::DefaultsOptions options;
  options.region = own_region;
  jobspec::apply_defaults(job, options);
  // "global" means the region of whoever is asked.
  if (job.region() == "global") job.set_region(own_region);
}

Verdict judge_job(const Serving& serving, const Snapshot& snapshot, const model::Job& job) {
  jobspec::ValidateOptions options;
  options.check_config = serving.check_config;
  options.now_ns = serving.core.clock().wall_ns();
  jobspec::Issues issues = jobspec::validate(job, options);
  if (snapshot.tables().namespaces.find(job.namespace_()) == nullptr) {
    issues.error("namespace", "job \"" + job.id() + "\" is in nonexistent namespace \"" +
                                  job.namespace_() + "\"");
  }
  if (!snapshot.node_pool(job.node_pool())) {
    issues.error("node_pool", "job \"" + job.id() + "\" is in nonexistent node pool \"" +
                                  job.node_pool() + "\"");
  }
  const auto config = snapshot.scheduler_config();
  if (!config || !config->memory_oversubscription_enabled()) {
    for (int g = 0; g < job.group_size(); ++g) {
      for (int t = 0; t < job.group(g).task_size(); ++t) {
        const auto& task = job.group(g).task(t);
        if (task.resources().memory_max() == 0) continue;
        issues.warning(
            "group[" + std::to_string(g) + "].task[" + std::to_string(t) + "].resources.memory_max",
            "memory oversubscription is not enabled: memory_max has no effect");
      }
    }
  }
  Verdict verdict;
  verdict.warnings = jobspec::warnings_text(issues, job);
  if (issues.has_errors()) {
    verdict.errors = jobspec::error_messages(issues, job);
    verdict.errors_text = jobspec::errors_text(issues, job);
  }
  return verdict;
}

void preserve(const model::Job& live, bool counts, bool resources, model::Job& job) {
  for (auto& group : *job.mutable_group()) {
    for (const auto& live_group : live.group()) {
      if (live_group.name() != group.name()) continue;
      if (counts) group.set_count(live_group.count());
      if (!resources) continue;
      for (auto& task : *group.mutable_task()) {
        for (const auto& live_task : live_group.task()) {
          if (live_task.name() == task.name()) *task.mutable_resources() = live_task.resources();
        }
      }
    }
  }
}

}  // namespace yurt::server
