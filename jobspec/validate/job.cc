#include <algorithm>
#include <set>

#include "jobspec/validate/checks.h"

namespace yurt::jobspec {
namespace {

constexpr std::size_t max_description_characters = 1000;

void check_identity(const model::Job& job, const ValidateOptions& options, Issues& issues) {
  if (job.id().empty()) issues.error("id", "the job needs an ID");
  if (job.id().find(' ') != std::string::npos) {
    issues.error("id", "the job's ID must not contain a space: " + quoted(job.id()));
  }
  if (job.id().find('\0') != std::string::npos) {
    issues.error("id", "the job's ID must not contain a NUL character");
  }
  if (job.name().find('\0') != std::string::npos) {
    issues.error("name", "the job's name must not contain a NUL character");
  }
  check_choice("type", job.type(), {"service", "batch", "system", "sysbatch"}, "type", issues);
  if (job.priority() < 1 || job.priority() > options.max_priority) {
    issues.error("priority", "priority must be from 1 to " + std::to_string(options.max_priority) +
                                 ", not " + std::to_string(job.priority()));
  }
  if (job.datacenters().empty()) {
    issues.error("datacenters", "datacenters must name at least one; [\"*\"] is all of them");
  }
  for (int i = 0; i < job.datacenters_size(); ++i) {
    if (job.datacenters(i).empty()) {
      issues.error(path_of("", "datacenters", i), "a datacenter's name must not be empty");
    }
  }
}

void check_counts(const model::Job& job, const ValidateOptions& options, Issues& issues) {
  std::int64_t sum = 0;
  for (const model::TaskGroup& group : job.group()) sum += std::max(0, group.count());
  if (sum > options.max_count) {
    issues.error("", "the groups' counts add up to " + std::to_string(sum) + "; at most " +
                         std::to_string(options.max_count) + " are allowed in a job");
  }
}

// Whether auto_promote has any effect is decided for all groups with canaries together.
void check_promotion(const model::Job& job, Issues& issues) {
  int automatic = 0, by_hand = 0;
  for (const model::TaskGroup& group : job.group()) {
    if (group.update().canary() > 0) ++(group.update().auto_promote() ? automatic : by_hand);
  }
  if (automatic > 0 && by_hand > 0) {
    issues.warning("update",
                   "auto_promote is on for some groups with canaries and off for others: "
                   "the deployment waits for promotion by hand");
  }
}

void check_groups(const model::Job& job, const ValidateOptions& options, Issues& issues) {
  if (job.group().empty()) issues.error("", "the job needs at least one group with a task");
  std::set<std::string> names;
  for (int i = 0; i < job.group_size(); ++i) {
    const std::string path = path_of("", "group", i);
    if (!names.insert(job.group(i).name()).second) {
      issues.error(path_of(path, "name"), "another group is called " + quoted(job.group(i).name()) +
                                              " too; names must be unique in the job");
    }
    check_group(job, job.group(i), path, options, issues);
  }
}

}  // namespace

void check_job(const model::Job& job, const ValidateOptions& options, Issues& issues) {
  check_identity(job, options, issues);
  check_constraints(job.constraint(), Level::job, "constraint", issues);
  check_affinities(job, job.affinity(), "affinity", issues);
  check_spreads(job, job.spread(), "spread", issues);
  check_periodic(job, options, issues);
  check_parameterized(job, issues);
  check_sweep_block(job, issues);
  check_after(job, issues);
  check_cache(job, issues);
  check_ui(job, issues);
  check_groups(job, options, issues);
  check_counts(job, options, issues);
  check_promotion(job, issues);
}

void check_ui(const model::Job& job, Issues& issues) {
  const std::string& description = job.ui().description();
  const auto characters =
      static_cast<std::size_t>(std::count_if(description.begin(), description.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
      }));
  if (characters > max_description_characters) {
    issues.error("ui.description", "the description must have at most 1000 characters, it has " +
                                       std::to_string(characters));
  }
}

}  // namespace yurt::jobspec
