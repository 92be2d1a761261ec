#include <set>

#include "base/duration.h"
#include "jobspec/validate/checks.h"

namespace yurt::jobspec {
namespace {

void check_count(const model::Job& job, const model::TaskGroup& group, const std::string& path,
                 Issues& issues) {
  if (group.count() < 0) {
    issues.error(path_of(path, "count"),
                 "count must not be negative, it is " + std::to_string(group.count()));
  }
  if (is_system(job) && group.count() > 1) {
    issues.error(path_of(path, "count"), "count must be 0 or 1 in a " + job.type() +
                                             " job, which runs once on each node; it is " +
                                             std::to_string(group.count()));
  }
}

void check_tasks(const model::Job& job, const model::TaskGroup& group, const std::string& path,
                 const ValidateOptions& options, Issues& issues) {
  if (group.task().empty()) issues.error(path, "the group needs at least one task");
  std::set<std::string> names;
  int main_tasks = 0, leaders = 0;
  for (int i = 0; i < group.task_size(); ++i) {
    const model::Task& task = group.task(i);
    const std::string own_path = path_of(path, "task", i);
    if (!names.insert(task.name()).second) {
      issues.error(path_of(own_path, "name"),
                   "another task of the group is called " + quoted(task.name()) + " too");
    }
    if (!task.has_lifecycle()) ++main_tasks;
    if (task.leader() && ++leaders == 2) {
      issues.error(path_of(own_path, "leader"), "only one task of a group can be its leader");
    }
    check_task(job, group, task, own_path, options, issues);
  }
  if (!group.task().empty() && main_tasks == 0) {
    issues.error(path,
                 "the group needs at least one task without a lifecycle block: all its tasks "
                 "would only help one that is not there");
  }
}

void check_group_times(const model::Job& job, const model::TaskGroup& group,
                       const std::string& path, Issues& issues) {
  check_not_negative("shutdown_delay", group.shutdown_delay(), path_of(path, "shutdown_delay"),
                     issues);
  if (!group.has_max_run_duration()) return;
  const std::string own_path = path_of(path, "max_run_duration");
  if (!is_batch_like(job)) {
    issues.error(own_path, "max_run_duration is for batch and sysbatch jobs only");
  }
  if (group.max_run_duration() <= 0) {
    issues.error(own_path, "max_run_duration must be above zero, it is " +
                               format_duration(group.max_run_duration()));
  }
}

void check_disk(const model::TaskGroup& group, const std::string& path, Issues& issues) {
  constexpr int least_mb = 10;
  const int size = group.ephemeral_disk().size();
  if (size < least_mb) {
    issues.error(path_of(path, "ephemeral_disk.size"),
                 "the ephemeral disk's size must be at least 10 MB, it is " + std::to_string(size));
  }
  for (int i = 0; i < group.task_size(); ++i) {
    const model::LogConfig& logs = group.task(i).logs();
    const std::string own_path = path_of(path_of(path, "task", i), "logs");
    if (logs.max_files() < 1 || logs.max_file_size() < 1) {
      issues.error(own_path, "max_files and max_file_size must be at least 1");
      continue;
    }
    const std::int64_t needed = std::int64_t{logs.max_files()} * logs.max_file_size();
    if (needed >= size) {
      issues.error(own_path, "the logs may take " + std::to_string(logs.max_files()) + " × " +
                                 std::to_string(logs.max_file_size()) + " = " +
                                 std::to_string(needed) +
                                 " MB, which must be less than the ephemeral disk's " +
                                 std::to_string(size) + " MB");
    }
  }
}

}  // namespace

void check_group(const model::Job& job, const model::TaskGroup& group, const std::string& path,
                 const ValidateOptions& options, Issues& issues) {
  if (group.name().empty()) issues.error(path_of(path, "name"), "the group needs a name");
  if (group.name().find('\0') != std::string::npos) {
    issues.error(path_of(path, "name"), "the group's name must not contain a NUL character");
  }
  check_count(job, group, path, issues);
  check_group_times(job, group, path, issues);
  check_constraints(group.constraint(), Level::group, path_of(path, "constraint"), issues);
  check_affinities(job, group.affinity(), path_of(path, "affinity"), issues);
  check_spreads(job, group.spread(), path_of(path, "spread"), issues);
  check_update(job, group, path, issues);
  check_migrate(job, group, path, issues);
  check_reschedule(job, group, path, issues);
  check_restart(group.restart(), path_of(path, "restart"), issues);
  check_disconnect(job, group, path, issues);
  check_disk(group, path, issues);
  check_group_networks(group, path, issues);
  check_group_volumes(job, group, path, issues);
  check_scaling(job, group, path, issues);
  check_alternatives(group, path, issues);
  if (group.has_consul()) {
    issues.warning(path_of(path, "consul"),
                   "\"consul\" has no effect: Yurt keeps its own registry");
  }
  check_services(group, path, issues);
  check_tasks(job, group, path, options, issues);
}

void check_scaling(const model::Job& job, const model::TaskGroup& group, const std::string& path,
                   Issues& issues) {
  if (!group.has_scaling()) return;
  const model::ScalingPolicy& scaling = group.scaling();
  const std::string own_path = path_of(path, "scaling");
  if (is_system(job)) {
    issues.error(own_path, "a " + job.type() + " job cannot scale: it runs once on each node");
  }
  if (scaling.min() < 0) issues.error(path_of(own_path, "min"), "min must not be negative");
  if (scaling.has_max() && scaling.max() < scaling.min()) {
    issues.error(path_of(own_path, "max"), "max is " + std::to_string(scaling.max()) +
                                               ", below min, which is " +
                                               std::to_string(scaling.min()));
  }
  if (scaling.has_max() && (group.count() < scaling.min() || group.count() > scaling.max())) {
    issues.error(path_of(path, "count"),
                 "count is " + std::to_string(group.count()) + ", outside scaling's min " +
                     std::to_string(scaling.min()) + " and max " + std::to_string(scaling.max()));
  }
  if (scaling.type() != "horizontal") {
    issues.error(path_of(own_path, "type"),
                 "a group's scaling type must be \"horizontal\", not " + quoted(scaling.type()));
  }
}

}  // namespace yurt::jobspec
