#include "drivers/shim/shim_task.h"

#include <signal.h>

#include "base/clock.h"
#include "drivers/cgroup/usage.h"
#include "drivers/shim/exec_session.h"
#include "drivers/shim/process_table.h"

namespace yurt::drivers {
namespace {

// Longer than a shim takes to give up on a process that can't be killed.
constexpr std::int64_t destroy_timeout_ns = 30 * nanoseconds_per_second;

Status check_signal(int number) {
  if (number > 0 && number < NSIG) return {};
  return Error{ErrorCode::invalid_argument,
               std::to_string(number) + " is not the number of a signal"};
}

}  // namespace

ShimTask::ShimTask(std::shared_ptr<Supervision> supervision)
    : supervision_(std::move(supervision)), id_(supervision_->reattach().id) {}

ShimTask::~ShimTask() { supervision_->detach(); }

std::string ShimTask::reattach_state() const { return encode(supervision_->reattach()); }

std::int64_t ShimTask::started_at_ns() const {
  return supervision_->reattach().started.started_at_ns;
}

void ShimTask::on_exit(std::function<void(const ExitResult&)> callback) {
  supervision_->on_exit(std::move(callback));
}

Status ShimTask::signal(int number) {
  YURT_TRY(check_signal(number));
  if (supervision_->ended()) {
    return Error{ErrorCode::failed_precondition, "the task has ended"};
  }
  return supervision_->send(shim::PacketType::signal, as_payload(shim::SignalRequest{number}));
}

Status ShimTask::stop(int signal_number, std::int64_t timeout_ns) {
  if (signal_number == 0) signal_number = SIGINT;
  YURT_TRY(check_signal(signal_number));
  if (supervision_->ended()) return {};
  const Status sent = supervision_->send(
      shim::PacketType::stop, as_payload(shim::StopRequest{signal_number, 0, timeout_ns}));
  // Ended between the two, or the shim was killed: then what is left is being killed already.
  if (!sent.ok() && (supervision_->ended() || supervision_->folder().shim_is_gone())) return {};
  return sent;
}

Status ShimTask::destroy() {
  if (!supervision_->ended()) YURT_TRY(stop(SIGKILL, 0));
  YURT_TRY(supervision_->wait_until_gone(destroy_timeout_ns));
  // The shim has removed its groups; one that was killed has not.
  YURT_TRY(kill_and_remove(supervision_->reattach().cgroups, destroy_timeout_ns));
  supervision_->folder().remove();
  return {};
}

Result<TaskStats> ShimTask::stats() {
  if (supervision_->ended()) return Error{ErrorCode::unavailable, "the task has ended"};
  const Reattach known = supervision_->reattach();
  std::vector<ProcessStat> processes;
  if (known.cgroups.made.empty()) {
    processes = descendants_of(known.started.shim_pid, read_all_processes());
  } else {
    for (std::int32_t pid : read_processes(known.cgroups)) {
      if (auto process = read_process(pid)) processes.push_back(*process);
    }
  }
  TaskStats stats;
  const SystemClock clock;
  stats.sampled_at_ns = clock.wall_ns();
  for (const ProcessStat& process : processes) {
    stats.pids.push_back(process.pid);
    stats.memory_rss_bytes += process.rss_bytes;
    stats.cpu_time_ns += process.cpu_time_ns + process.reaped_children_cpu_ns;
  }
  // Processes whose parents died were waited for by the shim.
  if (auto shim = read_process(known.started.shim_pid)) {
    stats.cpu_time_ns += shim->reaped_children_cpu_ns;
  }
  stats.memory_usage_bytes = stats.memory_rss_bytes;
  if (!known.cgroups.memory.empty()) {
    const CgroupMemory memory = read_memory(known.cgroups);
    stats.memory_usage_bytes = memory.usage_bytes;
    stats.memory_rss_bytes = memory.rss_bytes;
    stats.memory_cache_bytes = memory.cache_bytes;
    stats.memory_swap_bytes = memory.swap_bytes;
    stats.memory_peak_bytes = memory.peak_bytes;
  }
  stats.cpu_throttled_ns = read_throttled_ns(known.cgroups);

  std::lock_guard lock(sample_mutex_);
  const std::int64_t now = clock.steady_ns();
  if (sampled_steady_ns_ != 0 && now > sampled_steady_ns_ && stats.cpu_time_ns > sampled_cpu_ns_) {
    stats.cpu_percent = 100.0 * static_cast<double>(stats.cpu_time_ns - sampled_cpu_ns_) /
                        static_cast<double>(now - sampled_steady_ns_);
  }
  sampled_steady_ns_ = now;
  sampled_cpu_ns_ = stats.cpu_time_ns;
  return stats;
}

Result<std::unique_ptr<ExecSession>> ShimTask::exec(const ExecRequest& request, ExecEvents events) {
  if (supervision_->ended()) {
    return Error{ErrorCode::failed_precondition, "the task has ended"};
  }
  if (!request.part.empty()) return no_parts(request.part);
  return start_exec_session(supervision_->folder(), request, std::move(events));
}

}  // namespace yurt::drivers
