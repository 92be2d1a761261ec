#include "agent/gpu/gpu_watch.h"

#include <algorithm>
#include <utility>

#include "agent/gpu/amd_source.h"
#include "agent/gpu/mps.h"
#include "agent/gpu/nvml_source.h"
#include "agent/gpu/process_owner.h"
#include "base/clock.h"
#include "base/log.h"

namespace yurt::agent {
namespace {

constexpr const char* nvml_name = "libnvidia-ml.so.1";
constexpr std::int64_t discovery_ns = 10 * nanoseconds_per_second;

}  // namespace

GpuWatch::GpuWatch(std::vector<std::unique_ptr<GpuSource>> sources, Settings settings)
    : sources_(std::move(sources)), settings_(std::move(settings)) {}

void GpuWatch::discover() {
  present_.clear();
  for (const auto& source : sources_) {
    for (Gpu& gpu : source->discover()) {
      if (settings_.ignored.contains(gpu.id) || settings_.ignored.contains(gpu.parent_id)) continue;
      present_.insert(gpu.id);
      const auto same = std::find_if(known_.begin(), known_.end(),
                                     [&gpu](const Gpu& old) { return old.id == gpu.id; });
      if (same != known_.end()) {
        *same = std::move(gpu);
      } else {
        known_.push_back(std::move(gpu));
      }
    }
  }
  // Instances are cut and joined by the operator: one that is no more is no fault of its card.
  std::erase_if(known_, [this](const Gpu& gpu) {
    return gpu.is_mig() && !present_.contains(gpu.id) && present_.contains(gpu.parent_id);
  });
  mps_directory_ = find_mps(settings_.system_root);
}

void GpuWatch::tell_changes() {
  for (const Gpu& gpu : known_) {
    const std::string verdict = health_.verdict(gpu.id);
    std::string& told = told_[gpu.id];
    if (verdict == told) continue;
    if (verdict.empty()) {
      YURT_LOG(info, "gpu", "{} {} works again", gpu.model, gpu.id);
    } else {
      YURT_LOG(error, "gpu", "{} {} can't be used: {}", gpu.model, gpu.id, verdict);
    }
    told = verdict;
  }
}

GpuSnapshotPtr GpuWatch::look(std::int64_t steady_ns, std::int64_t wall_ns) {
  if (steady_ns >= next_discovery_ns_) {
    discover();
    next_discovery_ns_ = steady_ns + settings_.discovery_interval_ns;
  }
  std::map<std::string, GpuReading> readings;
  std::vector<GpuFault> faults;
  for (const auto& source : sources_) {
    readings.merge(source->read());
    for (GpuFault& fault : source->faults()) faults.push_back(std::move(fault));
  }
  for (const Gpu& gpu : known_) {
    const auto reading = readings.find(gpu.id);
    if (reading != readings.end()) {
      health_.answered(gpu.id, reading->second);
    } else {
      health_.gone(gpu.id);
      next_discovery_ns_ = steady_ns;  // it may be back, under another handle
    }
  }
  for (const GpuFault& fault : faults) health_.fault(fault);

  tell_changes();

  auto snapshot = std::make_shared<GpuSnapshot>();
  snapshot->sampled_wall_ns = wall_ns;
  snapshot->mps = !mps_directory_.empty();
  snapshot->mps_directory = mps_directory_;
  for (const Gpu& gpu : known_) {
    GpuState state;
    state.gpu = gpu;
    state.health = health_.verdict(gpu.id);
    state.healthy = state.health.empty();
    if (auto reading = readings.find(gpu.id); reading != readings.end()) {
      for (GpuProcess& process : reading->second.processes) {
        process.owner = process_owner(process.pid, settings_.system_root);
      }
      state.reading = std::move(reading->second);
    }
    snapshot->gpus.push_back(std::move(state));
  }
  return snapshot;
}

std::unique_ptr<GpuWatch> make_gpu_watch(const GpuOptions& options) {
  const bool named = !options.nvml_library.empty();
  std::vector<std::unique_ptr<GpuSource>> sources;
  sources.push_back(std::make_unique<NvmlSource>(named ? options.nvml_library : nvml_name, named,
                                                 options.system_root));
  sources.push_back(std::make_unique<AmdSource>(options.system_root));
  return std::make_unique<GpuWatch>(
      std::move(sources),
      GpuWatch::Settings{.ignored = {options.ignored.begin(), options.ignored.end()},
                         .system_root = options.system_root,
                         .discovery_interval_ns = discovery_ns});
}

}  // namespace yurt::agent
