#include "cli/gpu_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "cli/show.h"

namespace yurt::cli {
namespace {

using Json = nlohmann::json;

constexpr double view_mib = 1 << 20;

// The member `name` of an object; null for everything else.
const Json& json_member(const Json& json, const char* name) {
  static const Json none;
  if (!json.is_object()) return none;
  const auto found = json.find(name);
  return found == json.end() ? none : *found;
}

std::optional<double> json_number(const Json& json) {
  return json.is_number() ? std::optional(json.get<double>()) : std::nullopt;
}

std::string json_text(const Json& json) { return json.is_string() ? json.get<std::string>() : ""; }

std::optional<double> stat_of(const Json& instance, const char* name,
                              const char* part = "IntNumeratorVal") {
  return json_number(json_member(
      json_member(json_member(json_member(instance, "Stats"), "Attributes"), name), part));
}

void add_process(const Json& process, GpuRow& row) {
  GpuTenant seen;
  seen.alloc_id = json_text(json_member(process, "AllocID"));
  seen.task = json_text(json_member(process, "Task"));
  if (const auto worker = json_number(json_member(process, "Worker"))) {
    seen.worker = static_cast<int>(*worker);
  }
  const auto known = std::find_if(row.tenants.begin(), row.tenants.end(), [&](const auto& one) {
    return one.alloc_id == seen.alloc_id && one.task == seen.task && one.worker == seen.worker;
  });
  GpuTenant& tenant = known == row.tenants.end() ? row.tenants.emplace_back(seen) : *known;
  tenant.memory_bytes +=
      static_cast<std::int64_t>(json_number(json_member(process, "MemoryBytes")).value_or(0));
  if (const auto use = json_number(json_member(process, "Utilization"))) {
    tenant.utilization = tenant.utilization.value_or(0) + *use;
  }
}

void read_instance(const Json& instance, GpuRow& row) {
  row.read = true;
  row.utilization = stat_of(instance, "GPU utilization");
  row.temperature_c = stat_of(instance, "Temperature");
  row.power_w = stat_of(instance, "Power usage");
  row.power_limit_w = stat_of(instance, "Power usage", "IntDenominatorVal");
  row.memory_used_mib = static_cast<std::int64_t>(stat_of(instance, "Memory state").value_or(0));
  if (const auto all = stat_of(instance, "Memory state", "IntDenominatorVal")) {
    row.memory_mib = static_cast<std::int64_t>(*all);
  }
  const Json& healthy = json_member(instance, "Healthy");
  if (healthy.is_boolean()) row.healthy = healthy.get<bool>();
  row.health = json_text(json_member(instance, "HealthDescription"));
  for (const Json& process : json_member(instance, "Processes")) add_process(process, row);
}

const Json& instance_of(const Json& stats, const std::string& id) {
  static const Json none;
  for (const Json& group : json_member(stats, "DeviceStats")) {
    const Json& instance = json_member(json_member(group, "InstanceStats"), id.c_str());
    if (instance.is_object()) return instance;
  }
  return none;
}

// Names the tenants' jobs and what they were given; adds those that have no process yet.
void add_grants(const google::protobuf::RepeatedPtrField<model::Allocation>& allocations,
                GpuRow& row) {
  for (const auto& alloc : allocations) {
    for (auto& tenant : row.tenants) {
      if (tenant.alloc_id == alloc.id()) tenant.job = alloc.job_id();
    }
    if (alloc.client_status() != "running" && alloc.client_status() != "pending") continue;
    for (const auto& [task, resources] : alloc.allocated_resources().tasks()) {
      for (const auto& device : resources.devices()) {
        const auto& ids = device.device_ids();
        if (std::find(ids.begin(), ids.end(), row.id) == ids.end()) continue;
        bool seen = false;
        for (auto& tenant : row.tenants) {
          if (tenant.alloc_id != alloc.id() || tenant.task != task) continue;
          tenant.granted_mib = device.memory_mib();
          tenant.granted_fraction = device.fraction();
          seen = true;
        }
        if (seen) continue;
        row.tenants.push_back({.alloc_id = alloc.id(),
                               .job = alloc.job_id(),
                               .task = task,
                               .granted_mib = device.memory_mib(),
                               .granted_fraction = device.fraction()});
      }
    }
  }
  std::sort(row.tenants.begin(), row.tenants.end(), [](const GpuTenant& a, const GpuTenant& b) {
    return std::tie(a.job, a.alloc_id, a.task, a.worker) <
           std::tie(b.job, b.alloc_id, b.task, b.worker);
  });
}

std::string percent_or_dash(std::optional<double> value) {
  return value ? fmt::format("{:.0f}%", *value) : "-";
}

std::string mib_of(std::int64_t used, std::int64_t all) {
  return fmt::format("{:.1f}/{:.1f} GiB", static_cast<double>(used) / 1024,
                     static_cast<double>(all) / 1024);
}

std::string tenant_name(const GpuTenant& tenant, bool verbose) {
  if (tenant.alloc_id.empty()) return "(no task of this cluster)";
  std::string name = tenant.job.empty() ? short_id(tenant.alloc_id, verbose)
                                        : tenant.job + " " + short_id(tenant.alloc_id, verbose);
  name += " " + tenant.task;
  if (tenant.worker) name += "." + std::to_string(*tenant.worker);
  return name;
}

std::string grant_of(const GpuTenant& tenant) {
  if (tenant.alloc_id.empty()) return "";
  std::string grant;
  if (tenant.granted_mib > 0) grant = fmt::format("{} MiB", tenant.granted_mib);
  if (tenant.granted_fraction > 0) {
    grant += fmt::format("{}{:.0f}%", grant.empty() ? "" : ", ", tenant.granted_fraction * 100);
  }
  return grant.empty() ? "whole" : grant;
}

std::string state_of_gpu(const Terminal& terminal, const GpuRow& row) {
  if (!row.healthy) return terminal.paint(Color::red, "unhealthy: " + row.health);
  if (!row.read) return terminal.paint(Color::yellow, "not read");
  if (row.idle()) return terminal.paint(Color::green, "idle");
  return "in use";
}

}  // namespace

std::vector<GpuRow> gpu_rows(
    const model::NodeListStub& node,
    const google::protobuf::RepeatedPtrField<model::Allocation>& allocations, const Json& stats) {
  std::vector<GpuRow> rows;
  for (const auto& device : node.node_resources().devices()) {
    if (device.type() != "gpu") continue;
    for (const auto& instance : device.instances()) {
      GpuRow row{.node_id = node.id(),
                 .node_name = node.name(),
                 .id = instance.id(),
                 .vendor = device.vendor(),
                 .model = device.name(),
                 .healthy = instance.healthy(),
                 .health = instance.health_description()};
      row.memory_mib = instance.memory_mib();
      if (const Json& read = instance_of(stats, instance.id()); read.is_object()) {
        read_instance(read, row);
      }
      add_grants(allocations, row);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

std::vector<std::string> gpu_lines(const Terminal& terminal, const std::vector<GpuRow>& rows,
                                   bool verbose) {
  std::vector<Row> cells{{"Node", "GPU", "Util", "Memory", "Temp", "Power", "Given", "State"}};
  int idle = 0, unhealthy = 0;
  double busy = 0;
  std::int64_t used_mib = 0, all_mib = 0;
  for (const GpuRow& row : rows) {
    idle += row.healthy && row.idle() ? 1 : 0;
    unhealthy += row.healthy ? 0 : 1;
    busy += row.utilization.value_or(0);
    used_mib += row.memory_used_mib;
    all_mib += row.memory_mib;
    std::string power = row.power_w ? fmt::format("{:.0f} W", *row.power_w) : "-";
    if (row.power_w && row.power_limit_w) {
      power = fmt::format("{:.0f}/{:.0f} W", *row.power_w, *row.power_limit_w);
    }
    const std::string id = verbose ? row.id : row.id.substr(0, 12);
    cells.push_back({row.node_name, row.model + " " + id, percent_or_dash(row.utilization),
                     mib_of(row.memory_used_mib, row.memory_mib),
                     row.temperature_c ? fmt::format("{:.0f} C", *row.temperature_c) : "-", power,
                     "", state_of_gpu(terminal, row)});
    for (const GpuTenant& tenant : row.tenants) {
      cells.push_back(
          {"", "  " + tenant_name(tenant, verbose), percent_or_dash(tenant.utilization),
           fmt::format("{:.1f} GiB", static_cast<double>(tenant.memory_bytes) / view_mib / 1024),
           "", "", grant_of(tenant), ""});
    }
  }
  std::vector<std::string> lines;
  if (rows.empty()) return {"No GPUs: no node of this cluster has one"};
  const std::string all = table(terminal, cells);
  std::size_t at = 0;
  while (at <= all.size()) {
    const std::size_t end = std::min(all.find('\n', at), all.size());
    lines.push_back(all.substr(at, end - at));
    at = end + 1;
  }
  lines.emplace_back();
  lines.push_back(fmt::format("{} GPUs: {} idle, {} unhealthy; {:.0f}% used, memory {}",
                              rows.size(), idle, unhealthy, busy / static_cast<double>(rows.size()),
                              mib_of(used_mib, all_mib)));
  return lines;
}

Json gpu_json(const std::vector<GpuRow>& rows) {
  auto list = Json::array();
  const auto optional = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
  for (const GpuRow& row : rows) {
    auto tasks = Json::array();
    for (const GpuTenant& tenant : row.tenants) {
      tasks.push_back({{"AllocID", tenant.alloc_id},
                       {"JobID", tenant.job},
                       {"Task", tenant.task},
                       {"Worker", optional(tenant.worker)},
                       {"MemoryBytes", tenant.memory_bytes},
                       {"Utilization", optional(tenant.utilization)},
                       {"GrantedMemoryMiB", tenant.granted_mib},
                       {"GrantedFraction", tenant.granted_fraction}});
    }
    list.push_back({{"NodeID", row.node_id},
                    {"NodeName", row.node_name},
                    {"ID", row.id},
                    {"Vendor", row.vendor},
                    {"Model", row.model},
                    {"Healthy", row.healthy},
                    {"HealthDescription", row.health},
                    {"Idle", row.idle()},
                    {"Utilization", optional(row.utilization)},
                    {"MemoryUsedMiB", row.memory_used_mib},
                    {"MemoryMiB", row.memory_mib},
                    {"TemperatureC", optional(row.temperature_c)},
                    {"PowerW", optional(row.power_w)},
                    {"PowerLimitW", optional(row.power_limit_w)},
                    {"Tasks", std::move(tasks)}});
  }
  return list;
}

std::vector<Row> device_stats_table(const Json& device_stats) {
  std::vector<Row> rows;
  if (!device_stats.is_array()) return rows;
  for (const Json& group : device_stats) {
    const Json& instances = json_member(group, "InstanceStats");
    if (!instances.is_object()) continue;
    for (const auto& [id, instance] : instances.items()) {
      if (rows.empty()) rows.push_back({"Device", "Util", "Memory", "Temp", "Power", "ECC Errors"});
      const auto with_unit = [&](const char* name, const char* unit) {
        const auto value = stat_of(instance, name);
        return value ? fmt::format("{:.0f}{}", *value, unit) : std::string("-");
      };
      const std::string name = json_text(json_member(group, "Vendor")) + "/" +
                               json_text(json_member(group, "Type")) + "/" +
                               json_text(json_member(group, "Name")) + "[" + id + "]";
      rows.push_back(
          {name, with_unit("GPU utilization", "%"),
           mib_of(static_cast<std::int64_t>(stat_of(instance, "Memory state").value_or(0)),
                  static_cast<std::int64_t>(
                      stat_of(instance, "Memory state", "IntDenominatorVal").value_or(0))),
           with_unit("Temperature", " C"), with_unit("Power usage", " W"),
           with_unit("ECC memory errors", "")});
      for (const Json& process : json_member(instance, "Processes")) {
        std::string owner = json_text(json_member(process, "Task"));
        if (const auto worker = json_number(json_member(process, "Worker"))) {
          owner += fmt::format(".{:.0f}", *worker);
        }
        if (owner.empty()) owner = "(no task)";
        rows.push_back({fmt::format("  {} pid {:.0f}", owner,
                                    json_number(json_member(process, "PID")).value_or(0)),
                        percent_or_dash(json_number(json_member(process, "Utilization"))),
                        fmt::format("{:.1f} GiB",
                                    json_number(json_member(process, "MemoryBytes")).value_or(0) /
                                        view_mib / 1024),
                        "", "", ""});
      }
    }
  }
  return rows;
}

}  // namespace yurt::cli
