#include "agent/checks/service_spec.h"

#include <openssl/sha.h>

#include <algorithm>
#include <charconv>

#include "agent/runner/worker_rules.h"
#include "base/ids.h"
#include "proto/agent_stream.pb.h"

namespace yurt::agent {
namespace {

constexpr std::size_t check_id_bytes = 16;

struct PortPlace {
  std::string ip;  // of the host
  int host_port = 0;
  int inner_port = 0;  // in a network of the task's own
};

std::string hex_digest(const std::string& text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  std::string out;
  for (std::size_t i = 0; i < check_id_bytes; ++i) {
    constexpr char digits[] = "0123456789abcdef";
    out += digits[digest[i] >> 4];
    out += digits[digest[i] & 15];
  }
  return out;
}

OnUpdate parse_on_update(const std::string& text) {
  if (text == "ignore") return OnUpdate::ignore;
  return text == "ignore_warnings" ? OnUpdate::ignore_warnings : OnUpdate::require_healthy;
}

CheckRule rule_of(const model::Check& check) {
  CheckRule rule;
  rule.initial = parse_health(check.initial_status(), Health::critical);
  rule.success_before_passing = check.success_before_passing();
  rule.failures_before_warning = check.failures_before_warning();
  rule.failures_before_critical = check.failures_before_critical();
  rule.on_update = parse_on_update(check.on_update());
  rule.restart_limit = check.check_restart().limit();
  rule.restart_grace_ns = check.check_restart().grace();
  rule.restart_ignores_warnings = check.check_restart().ignore_warnings();
  return rule;
}

// Whether the task is one that serves: not one that only prepares or cleans up.
bool stays(const model::Task& task) {
  return !task.has_lifecycle() ||
         (task.lifecycle().sidecar() && task.lifecycle().hook() != "poststop");
}

// Builds the specs of one allocation.
class Specs {
 public:
  explicit Specs(const ServiceInputs& inputs)
      : inputs_(inputs), alloc_(AllocId::from_bytes(inputs.assignment.id()).to_string()) {}

  std::vector<ServiceSpec> all() {
    static const model::Task no_task;
    for (const auto& service : inputs_.group.service()) add(service, no_task);
    for (const auto& task : inputs_.group.task()) {
      for (const auto& service : task.service()) add(service, task);
    }
    return std::move(out_);
  }

 private:
  void add(const model::Service& service, const model::Task& owner) {
    // A group's service may belong to a task all the same.
    const model::Task& task = owner.name().empty() ? named(service.task()) : owner;
    const auto workers = worker_rules(task, inputs_.assignment);
    PortPlace ignored;
    const bool each = workers && (service.port().find("YURT_WORKER_") != std::string::npos ||
                                  find_port(task.name(), worker_port(service.port(), 0), ignored));
    if (!each) return add_one(service, owner, task, std::nullopt);
    for (std::size_t i = 0; i < workers->count; ++i) {
      worker_ = i;
      add_one(service, owner, task, WorkerFacts{i, workers->count, "", ""});
    }
    worker_.reset();
  }

  void add_one(const model::Service& service, const model::Task& owner, const model::Task& task,
               const std::optional<WorkerFacts>& worker) {
    const TaskEnvironment env(inputs_.assignment, inputs_.job, inputs_.group, task, inputs_.paths,
                              inputs_.node, {}, {}, worker);
    ServiceSpec spec;
    spec.name = env.interpolate(service.name());
    spec.task = task.name();
    if (!spec.task.empty()) {
      spec.tasks.insert(own_name(spec.task));
    } else {
      for (const auto& one : inputs_.group.task()) {
        if (stays(one)) spec.tasks.insert(one.name());
      }
    }
    spec.id = "_nomad-task-" + alloc_ + "-" +
              (owner.name().empty() ? "group-" + inputs_.group.name() : own_name(owner.name())) +
              (owner.name().empty() && worker_ ? "-" + std::to_string(*worker_) : "") + "-" +
              spec.name + "-" + service.port();
    std::tie(spec.address, spec.port) =
        place(env, task.name(), service.address_mode(), service.port());
    if (!service.address().empty()) spec.address = env.interpolate(service.address());
    spec.canary = inputs_.assignment.canary();
    const auto& tags =
        spec.canary && !service.canary_tags().empty() ? service.canary_tags() : service.tags();
    for (const auto& tag : tags) spec.tags.push_back(env.interpolate(tag));
    const auto& meta =
        spec.canary && !service.canary_meta().empty() ? service.canary_meta() : service.meta();
    for (const auto& [key, value] : meta) spec.meta[key] = env.interpolate(value);
    for (const auto& check : service.check()) add_check(service, check, env, spec);
    out_.push_back(std::move(spec));
  }

  void add_check(const model::Service& service, const model::Check& check,
                 const TaskEnvironment& env, ServiceSpec& spec) const {
    CheckSpec out;
    out.name = env.interpolate(check.name());
    out.interval_ns = check.interval();
    out.timeout_ns = check.timeout();
    out.rule = rule_of(check);
    if (check.type() == "script") {
      out.script = true;
      out.command.push_back(env.interpolate(check.command()));
      for (const auto& arg : check.args()) out.command.push_back(env.interpolate(arg));
      out.script_task = !check.task().empty() && check.task() != spec.task ? check.task()
                        : spec.task.empty()                                ? ""
                                                                           : own_name(spec.task);
      if (out.script_task.empty() && !spec.tasks.empty()) out.script_task = *spec.tasks.begin();
    } else {
      out.probe = probe_of(service, check, env, spec.task);
    }
    out.id = hex_digest(spec.id + '\n' + out.name + '\n' + check.type() + '\n' + check.port() +
                        '\n' + check.path() + '\n' + check.grpc_service() + '\n' +
                        std::to_string(spec.checks.size()));
    spec.checks.push_back(std::move(out));
  }

  [[nodiscard]] ProbeRequest probe_of(const model::Service& service, const model::Check& check,
                                      const TaskEnvironment& env, const std::string& task) const {
    ProbeRequest probe;
    probe.kind = check.type() == "http"   ? ProbeKind::http
                 : check.type() == "grpc" ? ProbeKind::grpc
                                          : ProbeKind::tcp;
    const std::string& mode =
        check.address_mode().empty() ? service.address_mode() : check.address_mode();
    std::tie(probe.address, probe.port) =
        place(env, task, mode, check.port().empty() ? service.port() : check.port());
    // A service's own address counts for its checks too, but for those that ask for another place.
    if (!service.address().empty() && check.address_mode().empty()) {
      probe.address = env.interpolate(service.address());
    }
    probe.timeout_ns = check.timeout();
    probe.tls_skip_verify = check.tls_skip_verify();
    probe.tls_server_name = env.interpolate(check.tls_server_name());
    if (probe.kind == ProbeKind::grpc) {
      probe.tls = check.grpc_use_tls();
      probe.grpc_service = env.interpolate(check.grpc_service());
    }
    if (probe.kind == ProbeKind::http) {
      probe.tls = check.protocol() == "https";
      if (!check.method().empty()) probe.method = check.method();
      probe.path = env.interpolate(check.path());
      probe.body = env.interpolate(check.body());
      const std::map<std::string, model::HeaderValues> sorted(check.header().begin(),
                                                              check.header().end());
      for (const auto& [name, values] : sorted) {
        for (const auto& value : values.values()) {
          probe.headers.emplace_back(env.interpolate(name), env.interpolate(value));
        }
      }
    }
    return probe;
  }

  [[nodiscard]] const model::Task& named(const std::string& name) const {
    static const model::Task none;
    const auto& tasks = inputs_.group.task();
    const auto found = std::find_if(tasks.begin(), tasks.end(),
                                    [&](const model::Task& task) { return task.name() == name; });
    return name.empty() || found == tasks.end() ? none : *found;
  }

  // Where `port` (a label, a number or nothing) of a service is reached.
  [[nodiscard]] std::pair<std::string, int> place(const TaskEnvironment& env,
                                                  const std::string& task, const std::string& mode,
                                                  const std::string& port_text) const {
    const std::string port = env.interpolate(port_text);
    const auto address = inputs_.node->attributes.find("unique.network.ip-address");
    PortPlace found{address == inputs_.node->attributes.end() ? "" : address->second, 0, 0};
    int number = 0;
    const auto parsed = std::from_chars(port.data(), port.data() + port.size(), number);
    const bool known = (worker_ && find_port(task, worker_port(port, *worker_), found)) ||
                       find_port(task, port, found);
    if (!known && parsed.ec == std::errc()) {
      found.host_port = found.inner_port = number;
    }
    const std::string inner = inner_address(task);
    const bool inside = mode == "driver" || mode == "alloc" || mode == "alloc_ipv6";
    if (inside && !inner.empty()) return {inner, found.inner_port};
    return {found.ip, found.host_port};
  }

  // The address in its own network of the task, or of the first one of the group that has any.
  [[nodiscard]] std::string inner_address(const std::string& task) const {
    for (const auto& [name, address] : inputs_.task_addresses) {
      if (task.empty() || name == own_name(task)) return address;
    }
    return {};
  }

  [[nodiscard]] static std::string worker_port(const std::string& label, std::size_t worker) {
    return label + "_" + std::to_string(worker);
  }
  // The task's name, or that of the worker that the service is of.
  [[nodiscard]] std::string own_name(const std::string& task) const {
    return worker_ ? worker_name(task, *worker_) : task;
  }

  bool find_port(const std::string& task, const std::string& label, PortPlace& out) const {
    const auto take = [&](const std::string& name, const std::string& ip, int value, int to) {
      if (name != label || label.empty()) return false;
      if (!ip.empty()) out.ip = ip;
      out.host_port = value;
      out.inner_port = to > 0 ? to : value;
      return true;
    };
    const auto in_network = [&](const model::NetworkResource& network) {
      for (const auto* ports : {&network.reserved_ports(), &network.dynamic_ports()}) {
        for (const auto& port : *ports) {
          if (take(port.label(), network.ip(), port.static_(), port.to())) return true;
        }
      }
      return false;
    };
    const auto& resources = inputs_.assignment.resources();
    for (const auto& port : resources.shared().ports()) {
      if (take(port.label(), port.host_ip(), port.value(), port.to())) return true;
    }
    const auto own = resources.tasks().find(task);
    if (own != resources.tasks().end()) {
      for (const auto& network : own->second.networks()) {
        if (in_network(network)) return true;
      }
    }
    for (const auto& network : resources.shared().networks()) {
      if (in_network(network)) return true;
    }
    return false;
  }

  const ServiceInputs& inputs_;
  const std::string alloc_;
  std::vector<ServiceSpec> out_;
  std::optional<std::size_t> worker_;  // whose service is being added
};

}  // namespace

std::vector<ServiceSpec> service_specs(const ServiceInputs& inputs) { return Specs(inputs).all(); }

bool has_services(const model::TaskGroup& group) {
  return group.service_size() > 0 ||
         std::any_of(group.task().begin(), group.task().end(),
                     [](const model::Task& task) { return task.service_size() > 0; });
}

}  // namespace yurt::agent
