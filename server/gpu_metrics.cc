#include "server/gpu_metrics.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>

namespace yurt::server {
namespace {

using Json = nlohmann::json;

const Json& part(const Json& json, const char* name) {
  static const Json none;
  if (!json.is_object()) return none;
  const auto found = json.find(name);
  return found == json.end() ? none : *found;
}

struct GpuGauge {
  const char* name;
  const char* help;
  const char* attribute;
  const char* field;
  double factor;
};

constexpr double mib_bytes = 1 << 20;
constexpr std::array<GpuGauge, 7> gpu_gauges{{
    {"yurt_gpu_utilization_percent", "Time in which some kernel ran", "GPU utilization",
     "IntNumeratorVal", 1},
    {"yurt_gpu_memory_utilization_percent", "Memory bandwidth used", "Memory utilization",
     "IntNumeratorVal", 1},
    {"yurt_gpu_memory_used_bytes", "GPU memory in use", "Memory state", "IntNumeratorVal",
     mib_bytes},
    {"yurt_gpu_memory_total_bytes", "GPU memory", "Memory state", "IntDenominatorVal", mib_bytes},
    {"yurt_gpu_temperature_celsius", "Temperature", "Temperature", "IntNumeratorVal", 1},
    {"yurt_gpu_power_watts", "Power used", "Power usage", "IntNumeratorVal", 1},
    {"yurt_gpu_ecc_memory_errors", "Uncorrected memory errors since the driver's start",
     "ECC memory errors", "IntNumeratorVal", 1},
}};

std::string label_value(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

class GpuMetricsText {
 public:
  void add(const char* name, const char* help, const std::string& labels, double value) {
    auto& family = families_[name];
    if (family.empty()) family = fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", name, help);
    family += fmt::format("{}{{{}}} {:.17g}\n", name, labels, value);
  }
  [[nodiscard]] std::string text() const {
    std::string all;
    for (const auto& [name, family] : families_) all += family;
    return all;
  }

 private:
  std::map<std::string, std::string> families_;
};

void add_gpu(const Json& instance, const std::string& labels, GpuMetricsText& out) {
  const Json& attributes = part(part(instance, "Stats"), "Attributes");
  for (const GpuGauge& gauge : gpu_gauges) {
    const Json& value = part(part(attributes, gauge.attribute), gauge.field);
    if (!value.is_number()) continue;
    out.add(gauge.name, gauge.help, labels, value.get<double>() * gauge.factor);
  }
  const Json& healthy = part(instance, "Healthy");
  if (healthy.is_boolean()) {
    out.add("yurt_gpu_healthy", "1: it can be given work", labels, healthy.get<bool>() ? 1 : 0);
  }
  // By task and worker: the sum of its processes.
  std::map<std::string, std::pair<double, double>> by_task;
  for (const Json& process : part(instance, "Processes")) {
    if (!part(process, "AllocID").is_string() || !part(process, "Task").is_string()) continue;
    std::string owner = fmt::format("{},alloc_id=\"{}\",task=\"{}\"", labels,
                                    label_value(part(process, "AllocID").get<std::string>()),
                                    label_value(part(process, "Task").get<std::string>()));
    if (part(process, "Worker").is_number()) {
      owner += fmt::format(",worker=\"{}\"", part(process, "Worker").get<int>());
    }
    auto& [memory, utilization] = by_task[owner];
    if (part(process, "MemoryBytes").is_number())
      memory += part(process, "MemoryBytes").get<double>();
    if (part(process, "Utilization").is_number()) {
      utilization += part(process, "Utilization").get<double>();
    }
  }
  for (const auto& [owner, use] : by_task) {
    out.add("yurt_gpu_task_memory_bytes", "GPU memory a task uses", owner, use.first);
    out.add("yurt_gpu_task_utilization_percent", "Share of the multiprocessors a task uses", owner,
            use.second);
  }
}

}  // namespace

std::string gpu_metrics_text(const std::vector<std::pair<std::string, std::string>>& nodes) {
  GpuMetricsText out;
  for (const auto& [node, stats] : nodes) {
    // Most nodes have none, and parsing costs.
    if (stats.find("\"InstanceStats\"") == std::string::npos) continue;
    const Json json = Json::parse(stats, nullptr, false);
    for (const Json& group : part(json, "DeviceStats")) {
      const Json& instances = part(group, "InstanceStats");
      if (!instances.is_object()) continue;
      const Json& model = part(group, "Name");
      for (const auto& [id, instance] : instances.items()) {
        const std::string labels =
            fmt::format("node=\"{}\",gpu=\"{}\",model=\"{}\"", label_value(node), label_value(id),
                        label_value(model.is_string() ? model.get<std::string>() : ""));
        add_gpu(instance, labels, out);
      }
    }
  }
  return out.text();
}

}  // namespace yurt::server
