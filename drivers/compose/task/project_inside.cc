// ProjectRun: what goes on inside the containers: statistics, and commands run in them.
#include <algorithm>

#include "drivers/compose/task/project_run.h"
#include "drivers/docker/task/container_exec.h"
#include "drivers/docker/task/usage.h"

namespace yurt::drivers::compose {

Result<TaskStats> ProjectRun::stats() {
  struct Sampled {
    std::size_t index;
    std::string path;
    std::int32_t main_process;
  };
  std::vector<Sampled> running;
  {
    const std::lock_guard lock(mutex_);
    if (result_) return Error{ErrorCode::unavailable, "the task has ended"};
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      const Slot& slot = slots_[i];
      if (slot.phase != Phase::running || !slot.container) continue;
      running.push_back({i, slot.container->path(), slot.main_process});
    }
  }
  TaskStats sum;
  std::int64_t used_ns = 0;
  for (Sampled& one : running) {
    const auto stats = docker::read_stats(services_.engine, one.path);
    if (!stats.ok()) continue;  // it has just ended
    std::vector<std::int32_t> pids = docker::group_members(one.main_process);
    if (pids.empty()) {
      one.main_process = docker::main_process(services_.engine, one.path);
      pids = docker::group_members(one.main_process);
    }
    sum.cpu_time_ns += stats->cpu_time_ns;
    sum.cpu_throttled_ns += stats->cpu_throttled_ns;
    sum.memory_usage_bytes += stats->memory_usage_bytes;
    sum.memory_rss_bytes += stats->memory_rss_bytes;
    sum.memory_cache_bytes += stats->memory_cache_bytes;
    sum.memory_swap_bytes += stats->memory_swap_bytes;
    sum.memory_peak_bytes += stats->memory_peak_bytes;
    sum.pids.insert(sum.pids.end(), pids.begin(), pids.end());
    const std::lock_guard lock(mutex_);
    Slot& slot = slots_[one.index];
    slot.main_process = one.main_process;
    // One that was restarted begins at nothing again.
    const std::int64_t before_ns =
        slot.sampled_cpu_ns <= stats->cpu_time_ns ? slot.sampled_cpu_ns : 0;
    used_ns += stats->cpu_time_ns - before_ns;
    slot.sampled_cpu_ns = stats->cpu_time_ns;
  }
  sum.sampled_at_ns = clock_.wall_ns();
  const std::lock_guard lock(mutex_);
  const std::int64_t now_ns = clock_.steady_ns();
  if (sampled_steady_ns_ != 0 && now_ns > sampled_steady_ns_) {
    sum.cpu_percent =
        100.0 * static_cast<double>(used_ns) / static_cast<double>(now_ns - sampled_steady_ns_);
  }
  sampled_steady_ns_ = now_ns;
  return sum;
}

Result<std::unique_ptr<ExecSession>> ProjectRun::exec(const ExecRequest& request,
                                                      ExecEvents events) {
  std::string container_id;
  {
    const std::lock_guard lock(mutex_);
    if (result_) return Error{ErrorCode::failed_precondition, "the task has ended"};
    std::string names;
    bool known = false;
    for (const Slot& slot : slots_) {
      const std::string& service = slot.planned->service->service->name;
      if (!names.ends_with(service)) names += (names.empty() ? "" : ", ") + service;
      if (!request.part.empty() && request.part != service && request.part != slot.planned->key) {
        continue;
      }
      known = true;
      if (slot.phase != Phase::running) continue;
      container_id = slot.container_id;
      break;
    }
    if (!known) {
      return Error{ErrorCode::not_found,
                   "the project has no service \"" + request.part + "\"; it has " + names};
    }
  }
  if (container_id.empty()) {
    return Error{ErrorCode::failed_precondition,
                 request.part.empty() ? "no service of the project runs"
                                      : "the service " + request.part + " does not run"};
  }
  return docker::start_container_exec(services_, container_id, request, std::move(events));
}

}  // namespace yurt::drivers::compose
