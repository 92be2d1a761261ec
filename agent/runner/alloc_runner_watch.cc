// What an allocation's runner does about its tasks' GPUs and their idleness.
#include <filesystem>

#include "agent/gpu/task_gpu_use.h"
#include "agent/runner/alloc_runner.h"
#include "agent/runner/task_event.h"

namespace yurt::agent {
namespace {

// How often a growing peak is told to the servers.
constexpr std::int64_t peak_interval_ns = 5 * nanoseconds_per_second;
constexpr double bytes_per_mib = 1 << 20;

// Changes with every write to a log of the task: rotation takes files away, but adds newer ones.
std::uint64_t output_mark(const std::filesystem::path& folder, const std::string& task) {
  std::uint64_t mark = 0;
  std::error_code failure;
  std::filesystem::directory_iterator entry(folder, failure);
  for (; !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    const std::string name = entry->path().filename();
    if (!name.starts_with(task + ".")) continue;
    std::error_code ignored;
    const auto time = entry->last_write_time(ignored).time_since_epoch().count();
    mark = mark * 31 + static_cast<std::uint64_t>(time) + entry->file_size(ignored);
  }
  return mark;
}

}  // namespace

void AllocRunner::gpus_seen() {
  if (machine_.terminal()) return;
  for (std::size_t i = 0; i < machine_.tasks().size(); ++i) {
    if (machine_.tasks()[i].dead()) continue;
    const auto ids = granted_gpus(*assignment_, machine_.tasks()[i].spec().name);
    if (ids.empty()) continue;
    note_gpu_peak(i, ids);
    const std::string why = unusable_gpu(*context_.gpus, ids);
    if (why.empty() || !failed_by_gpu_.insert(i).second) continue;
    perform(machine_.fail(i, now(), task_event::device_failed(why)));
  }
}

void AllocRunner::note_gpu_peak(std::size_t task, const std::vector<std::string>& ids) {
  const std::string& name = machine_.tasks()[task].spec().name;
  const auto use = task_gpu_use(*context_.gpus, ids, id_.to_string(), name);
  for (std::size_t i = 0; i < machine_.tasks()[task].size(); ++i) {
    const auto worker = static_cast<std::uint32_t>(i);
    const auto own = task_gpu_use(*context_.gpus, ids, id_.to_string(), name, worker);
    machine_.note_gpu_memory({task, i}, own.memory_bytes);
  }
  GpuPeak& peak = gpu_peaks_[task];
  peak.bytes = std::max(peak.bytes, use.memory_bytes);
  const std::int64_t steady_ns = context_.clock.steady_ns();
  if (peak.bytes == peak.told_bytes || steady_ns - peak.told_steady_ns < peak_interval_ns) return;
  peak.told_bytes = peak.bytes;
  peak.told_steady_ns = steady_ns;
  const double mib = static_cast<double>(peak.bytes) / bytes_per_mib;
  const auto& told = machine_.tasks()[task].state().metrics();
  // An earlier process of this agent may have seen more.
  if (const auto known = told.find(gpu_peak_metric); known != told.end() && known->second >= mib) {
    return;
  }
  machine_.report(task, {{gpu_peak_metric, mib}});
  perform({});
}

void AllocRunner::watch_idleness() {
  for (std::size_t i = 0; i < machine_.tasks().size(); ++i) {
    const auto& task = group_->task(static_cast<int>(i));
    if (!task.has_watchdog()) continue;
    const std::int64_t steady_ns = context_.clock.steady_ns();
    IdleRule& rule = idle_rules_.try_emplace(i, task.watchdog()).first->second;
    if (machine_.tasks()[i].phase() != TaskMachine::Phase::running) {
      rule.begin(steady_ns);
      continue;
    }
    IdleRule::Seen seen;
    seen.output_mark = output_mark(dir_.logs(), task.name());
    const auto ids = granted_gpus(*assignment_, task.name());
    seen.gpu_utilization =
        task_gpu_use(*context_.gpus, ids, id_.to_string(), task.name()).utilization;
    if (rule.observe(seen, steady_ns)) act_on_idleness(i, rule);
  }
}

void AllocRunner::act_on_idleness(std::size_t task, const IdleRule& rule) {
  const std::string reason = "Watchdog: " + rule.description();
  switch (rule.action()) {
    case IdleRule::Action::event:
      machine_.note(task, now(), task_event::watchdog(reason, false));
      perform({});
      return;
    case IdleRule::Action::stop:
      perform(machine_.fail(task, now(), task_event::watchdog(reason, true)));
      return;
    case IdleRule::Action::restart: {
      auto effects = machine_.restart(task, std::nullopt, now(), reason);
      if (effects.ok()) perform(*effects);
      return;
    }
  }
}

}  // namespace yurt::agent
