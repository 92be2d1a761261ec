#include "drivers/docker/task/docker_task.h"

#include "drivers/docker/task/container_exec.h"
#include "drivers/docker/task/usage.h"

namespace yurt::drivers::docker {

Result<TaskStats> DockerTask::stats() {
  if (container_->ended()) return Error{ErrorCode::unavailable, "the task has ended"};
  YURT_ASSIGN(TaskStats stats, read_stats(services_.engine, container_->path()));
  const SystemClock clock;
  stats.sampled_at_ns = clock.wall_ns();

  const std::lock_guard lock(sample_mutex_);
  stats.pids = group_members(main_process_);
  if (stats.pids.empty()) {
    main_process_ = main_process(services_.engine, container_->path());
    stats.pids = group_members(main_process_);
  }
  const std::int64_t now_ns = clock.steady_ns();
  if (sampled_steady_ns_ != 0 && now_ns > sampled_steady_ns_ &&
      stats.cpu_time_ns > sampled_cpu_ns_) {
    stats.cpu_percent = 100.0 * static_cast<double>(stats.cpu_time_ns - sampled_cpu_ns_) /
                        static_cast<double>(now_ns - sampled_steady_ns_);
  }
  sampled_steady_ns_ = now_ns;
  sampled_cpu_ns_ = stats.cpu_time_ns;
  return stats;
}

Result<std::unique_ptr<ExecSession>> DockerTask::exec(const ExecRequest& request,
                                                      ExecEvents events) {
  if (container_->ended()) {
    return Error{ErrorCode::failed_precondition, "the task has ended"};
  }
  if (!request.part.empty()) return no_parts(request.part);
  return start_container_exec(services_, container_->state().container_id, request,
                              std::move(events));
}

}  // namespace yurt::drivers::docker
