// A task's watchdog: what it looks at has to be there to be looked at.
#include "jobspec/validate/checks.h"

namespace yurt::jobspec {

void check_watchdog(const model::Task& task, const std::string& path, Issues& issues) {
  if (!task.has_watchdog()) return;
  const model::Watchdog& rule = task.watchdog();
  const std::string own_path = path_of(path, "watchdog");
  if (!rule.has_gpu_util_below() && !rule.has_no_output()) {
    issues.error(own_path,
                 "a watchdog needs no_output (how long a silence is one), gpu_util_below, or both");
  }
  if (rule.has_gpu_util_below()) {
    const std::string at = path_of(own_path, "gpu_util_below");
    if (!(rule.gpu_util_below() > 0 && rule.gpu_util_below() <= 100)) {
      issues.error(at, "gpu_util_below is a percentage: more than 0, at most 100");
    }
    if (task.resources().device().empty()) {
      issues.error(at, "gpu_util_below needs a GPU: the task has no device block");
    }
  }
  if (rule.has_no_output()) {
    const std::string at = path_of(own_path, "no_output");
    if (rule.no_output() <= 0)
      issues.error(at, "no_output must be more than nothing, e.g. \"15m\"");
    if (task.logs().disabled()) {
      issues.error(at, "no_output looks at the task's logs, which logs.disabled turns off");
    }
  }
  check_choice("action", rule.action(), {"restart", "stop", "event"}, path_of(own_path, "action"),
               issues);
}

}  // namespace yurt::jobspec
