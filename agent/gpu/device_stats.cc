#include "agent/gpu/device_stats.h"

#include <ctime>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

namespace yurt::agent {
namespace {

using Json = nlohmann::json;
using Wanted = std::function<bool(const GpuProcess&)>;

constexpr std::int64_t stats_mib = 1 << 20;

std::string rfc3339(std::int64_t wall_ns) {
  const auto seconds = static_cast<std::time_t>(wall_ns / 1'000'000'000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

Json value(std::int64_t number, const char* unit, const char* description) {
  return {{"IntNumeratorVal", number}, {"Unit", unit}, {"Desc", description}};
}

Json of(std::int64_t part, std::int64_t whole, const char* unit, const char* description) {
  Json json = value(part, unit, description);
  json["IntDenominatorVal"] = whole;
  return json;
}

void add_attributes(const Gpu& gpu, const GpuReading& reading, Json& out) {
  const auto add = [&out](const char* name, const auto& number, const char* unit,
                          const char* description) {
    if (number) out[name] = value(static_cast<std::int64_t>(*number), unit, description);
  };
  add("GPU utilization", reading.utilization, "%",
      "Percent of time over the past sample period during which one or more kernels were executing "
      "on the GPU.");
  add("Memory utilization", reading.memory_utilization, "%",
      "Percentage of bandwidth used during the past sample period");
  add("Encoder utilization", reading.encoder, "%", "Percent of time the encoder was busy");
  add("Decoder utilization", reading.decoder, "%", "Percent of time the decoder was busy");
  add("Temperature", reading.temperature_c, "C", "Temperature of the GPU");
  if (reading.power_w) {
    const auto watts = static_cast<std::int64_t>(*reading.power_w + 0.5);
    out["Power usage"] = gpu.power_w
                             ? of(watts, *gpu.power_w, "W", "Power used of the card's limit")
                             : value(watts, "W", "Power used");
  }
  if (reading.bar1_used_mib && gpu.bar1_mib) {
    out["BAR1 buffer state"] =
        of(*reading.bar1_used_mib, *gpu.bar1_mib, "MiB", "BAR1 memory in use of all of it");
  }
  add("ECC L1 errors", reading.ecc_l1, "#", "Uncorrected errors in the L1 caches");
  add("ECC L2 errors", reading.ecc_l2, "#", "Uncorrected errors in the L2 cache");
  add("ECC memory errors", reading.ecc_memory, "#", "Uncorrected errors in the memory");
}

Json process_json(const GpuProcess& process) {
  Json json{{"PID", process.pid}, {"MemoryBytes", process.memory_bytes}};
  if (process.utilization) json["Utilization"] = *process.utilization;
  if (!process.owner.alloc_id.empty()) {
    json["AllocID"] = process.owner.alloc_id;
    json["Task"] = process.owner.task;
    if (process.owner.worker) json["Worker"] = *process.owner.worker;
  }
  return json;
}

Json instance_json(const GpuState& state, const std::string& time, const Wanted& wanted) {
  const GpuReading reading = state.reading.value_or(GpuReading{});
  auto attributes = Json::object();
  const Json memory = of(reading.memory_used_bytes / stats_mib, state.gpu.memory_mib, "MiB",
                         "GPU memory in use of all of it");
  attributes["Memory state"] = memory;
  add_attributes(state.gpu, reading, attributes);
  auto processes = Json::array();
  for (const GpuProcess& process : reading.processes) {
    if (wanted(process)) processes.push_back(process_json(process));
  }
  return {{"Summary", memory},
          {"Stats", {{"Attributes", std::move(attributes)}, {"Nested", nullptr}}},
          {"Timestamp", time},
          {"Healthy", state.healthy},
          {"HealthDescription", state.health},
          {"Processes", std::move(processes)}};
}

Json groups_json(const GpuSnapshot& snapshot, const std::function<bool(const Gpu&)>& shown,
                 const Wanted& wanted) {
  const std::string time = rfc3339(snapshot.sampled_wall_ns);
  auto groups = Json::array();
  for (const GpuState& state : snapshot.gpus) {
    const Gpu& gpu = state.gpu;
    if (gpu.mig_mode || !shown(gpu)) continue;
    Json* group = nullptr;
    for (Json& one : groups) {
      if (one["Vendor"] == gpu.vendor && one["Name"] == gpu.model) group = &one;
    }
    if (group == nullptr) {
      groups.push_back({{"Vendor", gpu.vendor}, {"Type", "gpu"}, {"Name", gpu.model}});
      group = &groups.back();
    }
    (*group)["InstanceStats"][gpu.id] = instance_json(state, time, wanted);
  }
  return groups;
}

}  // namespace

Json node_device_stats(const GpuSnapshot& snapshot) {
  return groups_json(
      snapshot, [](const Gpu&) { return true; }, [](const GpuProcess&) { return true; });
}

Json alloc_device_stats(const GpuSnapshot& snapshot, const std::set<std::string>& ids,
                        const std::string& alloc_id, const std::string& task) {
  return groups_json(
      snapshot, [&ids](const Gpu& gpu) { return ids.contains(gpu.id); },
      [&](const GpuProcess& process) {
        return process.owner.alloc_id == alloc_id && (task.empty() || process.owner.task == task);
      });
}

}  // namespace yurt::agent
