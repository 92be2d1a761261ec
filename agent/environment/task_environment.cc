#include "agent/environment/task_environment.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/runner/metrics_file.h"
#include "base/glob.h"
#include "base/ids.h"
#include "proto/agent_stream.pb.h"

extern char** environ;  // NOLINT: POSIX declares it so

namespace yurt::agent {
namespace {

using Variables = std::map<std::string, std::string>;

// A name that a shell can read: what is no letter, digit or '_' becomes '_'.
std::string as_identifier(std::string name) {
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') c = '_';
  }
  return name;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string address(const std::string& ip, int port) {
  const bool is_v6 = ip.find(':') != std::string::npos;
  return (is_v6 ? "[" + ip + "]" : ip) + ":" + std::to_string(port);
}

void add_port(Variables& out, const std::string& label, int value, int to, const std::string& ip) {
  const std::string name = as_identifier(label);
  const int inside = to > 0 ? to : value;
  out["NOMAD_IP_" + name] = ip;
  out["NOMAD_PORT_" + name] = std::to_string(inside);
  out["NOMAD_ADDR_" + name] = address(ip, value);
  out["NOMAD_HOST_IP_" + name] = ip;
  out["NOMAD_HOST_PORT_" + name] = std::to_string(value);
  out["NOMAD_HOST_ADDR_" + name] = address(ip, value);
  out["NOMAD_ALLOC_PORT_" + name] = std::to_string(inside);
}

void add_network(Variables& out, const model::NetworkResource& network) {
  for (const auto& port : network.reserved_ports()) {
    add_port(out, port.label(), port.static_(), port.to(), network.ip());
  }
  for (const auto& port : network.dynamic_ports()) {
    add_port(out, port.label(), port.static_(), port.to(), network.ip());
  }
}

void add_ports(Variables& out, const model::Assignment& assignment, const std::string& task) {
  const auto& shared = assignment.resources().shared();
  for (const auto& network : shared.networks()) add_network(out, network);
  const auto own = assignment.resources().tasks().find(task);
  if (own != assignment.resources().tasks().end()) {
    for (const auto& network : own->second.networks()) add_network(out, network);
  }
  for (const auto& port : shared.ports()) {
    add_port(out, port.label(), port.value(), port.to(), port.host_ip());
  }
}

// Job, group, task: the narrower wins; what a dispatch gave wins over all.
Variables merged_meta(const model::Job& job, const model::TaskGroup& group,
                      const model::Task& task) {
  Variables merged(job.meta().begin(), job.meta().end());
  for (const auto& [key, value] : group.meta()) merged[key] = value;
  for (const auto& [key, value] : task.meta()) merged[key] = value;
  if (job.dispatched()) {
    const auto restore_dispatched = [&](const auto& keys) {
      for (const auto& key : keys) {
        const auto found = job.meta().find(key);
        if (found != job.meta().end()) merged[key] = found->second;
      }
    };
    restore_dispatched(job.parameterized().meta_required());
    restore_dispatched(job.parameterized().meta_optional());
  }
  return merged;
}

void add_resources(Variables& out, const model::Assignment& assignment, const std::string& task) {
  const auto found = assignment.resources().tasks().find(task);
  if (found == assignment.resources().tasks().end()) return;
  const auto& granted = found->second;
  out["NOMAD_CPU_LIMIT"] = std::to_string(granted.cpu().cpu_shares());
  if (granted.cpu().reserved_cores_size() > 0) {
    std::string cores;
    for (const int core : granted.cpu().reserved_cores()) {
      cores += (cores.empty() ? "" : ",") + std::to_string(core);
    }
    out["NOMAD_CPU_CORES"] = cores;
  }
  out["NOMAD_MEMORY_LIMIT"] = std::to_string(granted.memory().memory_mb());
  if (granted.memory().memory_max_mb() > 0) {
    out["NOMAD_MEMORY_MAX_LIMIT"] = std::to_string(granted.memory().memory_max_mb());
  }
}

// What is a worker's own. Of the ports called <label>_0, <label>_1, … it has the one with its
// index.
void add_worker(Variables& out, const WorkerFacts& worker) {
  const std::string index = std::to_string(worker.index);
  const std::string suffix = "_" + index;
  Variables ports;
  for (const char* kind : {"PORT", "ADDR", "HOST_PORT", "HOST_ADDR"}) {
    const std::string prefix = std::string("NOMAD_") + kind + "_";
    for (const auto& [name, value] : out) {
      if (name.size() <= prefix.size() + suffix.size() || !name.starts_with(prefix) ||
          !name.ends_with(suffix)) {
        continue;
      }
      const std::string label =
          name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
      ports[std::string("YURT_WORKER_") + kind + "_" + label] = value;
    }
  }
  out.merge(ports);
  out["YURT_WORKER_INDEX"] = index;
  out["YURT_WORKER_COUNT"] = std::to_string(worker.count);
  if (!worker.ready_file.empty()) out["YURT_READY_FILE"] = worker.ready_file;
  if (worker.gpu.empty()) return;
  out["YURT_WORKER_GPU"] = worker.gpu;
  out["CUDA_VISIBLE_DEVICES"] = worker.gpu;
  out["NVIDIA_VISIBLE_DEVICES"] = worker.gpu;
}

nlohmann::json interpolated(const google::protobuf::Value& value, const TaskEnvironment& env) {
  switch (value.kind_case()) {
    case google::protobuf::Value::kStringValue: return env.interpolate(value.string_value());
    case google::protobuf::Value::kBoolValue: return value.bool_value();
    case google::protobuf::Value::kNumberValue: {
      const double number = value.number_value();
      constexpr double exact = 9007199254740992.0;  // 2^53
      if (std::floor(number) == number && std::abs(number) <= exact) {
        return static_cast<std::int64_t>(number);
      }
      return number;
    }
    case google::protobuf::Value::kListValue: {
      auto list = nlohmann::json::array();
      for (const auto& item : value.list_value().values()) list.push_back(interpolated(item, env));
      return list;
    }
    case google::protobuf::Value::kStructValue: {
      auto object = nlohmann::json::object();
      for (const auto& [key, item] : value.struct_value().fields()) {
        object[key] = interpolated(item, env);
      }
      return object;
    }
    default: return nullptr;
  }
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// The rest of `text` after `prefix`; nullopt when it does not begin with it.
std::optional<std::string> after(std::string_view text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return std::nullopt;
  return std::string(text.substr(prefix.size()));
}

}  // namespace

TaskEnvironment::TaskEnvironment(const model::Assignment& assignment, const model::Job& job,
                                 const model::TaskGroup& group, const model::Task& task,
                                 const TaskPaths& paths, std::shared_ptr<const NodeFacts> node,
                                 const Variables& inherited, const Variables& extra,
                                 const std::optional<WorkerFacts>& worker)
    : node_(std::move(node)), variables_(inherited) {
  auto& out = variables_;
  const AllocId id = AllocId::from_bytes(assignment.id());
  const std::string index = std::to_string(assignment.name_index());
  out["NOMAD_ALLOC_DIR"] = paths.alloc_dir;
  out["NOMAD_TASK_DIR"] = paths.task_dir;
  out["NOMAD_SECRETS_DIR"] = paths.secrets_dir;
  out["YURT_METRICS_FILE"] = paths.task_dir + "/" + metrics_file_name;
  out["NOMAD_ALLOC_ID"] = id.to_string();
  out["NOMAD_SHORT_ALLOC_ID"] = id.short_form();
  out["NOMAD_ALLOC_NAME"] = assignment.job_id() + "." + assignment.group() + "[" + index + "]";
  out["NOMAD_ALLOC_INDEX"] = index;
  out["NOMAD_GROUP_NAME"] = assignment.group();
  out["NOMAD_TASK_NAME"] = task.name();
  out["NOMAD_JOB_ID"] = assignment.job_id();
  out["NOMAD_JOB_NAME"] = job.name().empty() ? assignment.job_id() : job.name();
  if (!job.parent_id().empty()) out["NOMAD_JOB_PARENT_ID"] = job.parent_id();
  out["NOMAD_NAMESPACE"] = assignment.namespace_();
  out["NOMAD_REGION"] = node_->region;
  out["NOMAD_DC"] = node_->datacenter;
  add_resources(out, assignment, task.name());
  add_ports(out, assignment, task.name());
  if (worker) add_worker(out, *worker);
  Variables meta;
  for (const auto& [key, value] : merged_meta(job, group, task)) {
    const std::string name = as_identifier(key);
    meta["NOMAD_META_" + upper(name)] = interpolate(value);
    meta["NOMAD_META_" + name] = interpolate(value);
  }
  out.merge(meta);
  if (!job.cache_key().empty()) out["YURT_CACHE_KEY"] = interpolate(job.cache_key());
  // The job's own variables may refer to all of the above, but not to each other.
  Variables own;
  for (const auto& [key, value] : task.env()) own[interpolate(key)] = interpolate(value);
  for (auto& [key, value] : own) out[key] = std::move(value);
  for (const auto& [key, value] : extra) out[key] = value;
}

bool TaskEnvironment::look_up(std::string_view name, std::string& value) const {
  const auto from = [&value](const Variables& map, const std::string& key) {
    const auto found = map.find(key);
    if (found == map.end()) return false;
    value = found->second;
    return true;
  };
  if (from(variables_, std::string(name))) return true;
  if (name.substr(0, 5) == "env[\"" && name.size() >= 7 && name.substr(name.size() - 2) == "\"]") {
    return from(variables_, std::string(name.substr(5, name.size() - 7)));
  }
  if (const auto key = after(name, "attr.")) return from(node_->attributes, *key);
  if (const auto key = after(name, "meta.")) return from(node_->meta, *key);
  const std::pair<std::string_view, const std::string&> facts[] = {
      {"node.unique.id", node_->id},          {"node.unique.name", node_->name},
      {"node.datacenter", node_->datacenter}, {"node.region", node_->region},
      {"node.class", node_->node_class},      {"node.pool", node_->node_pool},
  };
  for (const auto& [fact, text] : facts) {
    if (name == fact) {
      value = text;
      return true;
    }
  }
  return false;
}

std::string TaskEnvironment::interpolate(std::string_view text) const {
  std::string out;
  std::string value;
  while (true) {
    const std::size_t open = text.find("${");
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) break;
    out += text.substr(0, open);
    if (look_up(trim(text.substr(open + 2, close - open - 2)), value)) {
      out += value;
      text.remove_prefix(close + 1);
    } else {
      out += "${";  // and go on right behind it: the unknown name may hold a known one
      text.remove_prefix(open + 2);
    }
  }
  out += text;
  return out;
}

std::string TaskEnvironment::interpolate_config(const google::protobuf::Struct& config) const {
  auto object = nlohmann::json::object();
  for (const auto& [key, value] : config.fields()) object[key] = interpolated(value, *this);
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Variables inherited_environment(const std::vector<std::string>& denylist) {
  Variables result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    const std::string name(text.substr(0, equals));
    if (name.rfind("NOMAD_", 0) == 0) continue;
    const bool denied = std::any_of(denylist.begin(), denylist.end(),
                                    [&](const std::string& p) { return glob_match(p, name); });
    if (!denied) result.emplace(name, text.substr(equals + 1));
  }
  return result;
}

}  // namespace yurt::agent
