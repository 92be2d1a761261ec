#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>

#include "base/clock.h"
#include "base/duration.h"
#include "jobspec/validate/checks.h"

namespace yurt::jobspec {
namespace {

constexpr std::size_t longest_name = 63;
constexpr std::size_t longest_notes = 255;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// A label of RFC 1123 §2.1: letters, digits and hyphens, no hyphen at either end.
bool is_label(const std::string& name) {
  return !name.empty() && name.size() <= longest_name && is_alphanumeric(name.front()) &&
         is_alphanumeric(name.back()) && std::all_of(name.begin(), name.end(), [](char c) {
           return is_alphanumeric(c) || c == '-';
         });
}

bool is_port_number(const std::string& text) {
  int port = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && port >= 1 &&
         port <= 65535;
}

void add_labels(const model::NetworkResource& network, std::set<std::string>& labels) {
  for (const auto* ports : {&network.reserved_ports(), &network.dynamic_ports()}) {
    for (const model::Port& port : *ports) labels.insert(port.label());
  }
}

// The services of one group, checked one after the other.
class ServiceCheck {
 public:
  ServiceCheck(const model::TaskGroup& group, Issues& issues) : group_(group), issues_(issues) {
    for (const model::NetworkResource& network : group.network()) add_labels(network, labels_);
    for (const model::Task& task : group.task()) {
      tasks_.insert(task.name());
      for (const auto& network : task.resources().network()) add_labels(network, labels_);
    }
  }

  void check(const model::Service& service, const std::string& task, const std::string& path) {
    check_name(service, path);
    check_provider(service, path);
    check_port("port", service.port(), path_of(path, "port"));
    const std::string owner = task.empty() ? service.task() : task;
    if (!seen_.insert({service.name(), owner, service.port()}).second) {
      issues_.error(
          path, "service " + quoted(service.name()) + " is given twice for the same task and port");
    }
    if (task.empty() && !service.task().empty() && tasks_.count(service.task()) == 0) {
      issues_.error(path_of(path, "task"), "the group has no task " + quoted(service.task()));
    }
    check_address(service, path);
    check_choice("on_update", service.on_update(), {"require_healthy", "ignore_warnings", "ignore"},
                 path_of(path, "on_update"), issues_);
    warn_of_consul_fields(service, path);
    for (int i = 0; i < service.check_size(); ++i) {
      check_one(service, service.check(i), task, path_of(path, "check", i));
    }
  }

 private:
  void check_name(const model::Service& service, const std::string& path) {
    // What an allocation alone knows is filled in when it starts.
    if (service.name().find("${") != std::string::npos || is_label(service.name())) return;
    issues_.error(path_of(path, "name"),
                  "a service's name must be 1 to 63 letters, digits and hyphens, without a hyphen "
                  "at either end, not " +
                      quoted(service.name()));
  }

  void check_provider(const model::Service& service, const std::string& path) {
    const std::string own_path = path_of(path, "provider");
    if (!check_choice("provider", service.provider(), {"nomad", "consul"}, own_path, issues_)) {
      return;
    }
    if (provider_.empty()) {
      provider_ = service.provider();
      if (provider_ == "consul") {
        issues_.warning(own_path,
                        "provider \"consul\" is treated as \"nomad\": services are kept "
                        "in Yurt's own registry");
      }
    } else if (provider_ != service.provider()) {
      issues_.error(own_path, "all services of a group must have the same provider; another has " +
                                  quoted(provider_));
    }
  }

  void check_port(const char* what, const std::string& port, const std::string& path) {
    if (port.empty() || labels_.count(port) != 0 || is_port_number(port)) return;
    if (port.find("${") != std::string::npos) return;
    // Of a task with workers each may have a port of its own.
    if (labels_.count(port + "_0") != 0) return;
    issues_.error(path, std::string(what) + " is " + quoted(port) +
                            "; the group's network block has no port of that label");
  }

  void check_address(const model::Service& service, const std::string& path) {
    const std::string own_path = path_of(path, "address_mode");
    if (!check_choice("address_mode", service.address_mode(),
                      {"auto", "host", "driver", "alloc", "alloc_ipv6"}, own_path, issues_)) {
      return;
    }
    if (!service.address().empty() && service.address_mode() != "auto") {
      issues_.error(own_path, "address needs address_mode \"auto\"");
    }
  }

  void warn_of_consul_fields(const model::Service& service, const std::string& path) {
    const auto warn = [&](bool given, const char* field) {
      if (given)
        issues_.warning(path_of(path, field),
                        quoted(std::string_view(field)) + " is Consul's; no effect");
    };
    warn(service.enable_tag_override(), "enable_tag_override");
    warn(!service.tagged_addresses().empty(), "tagged_addresses");
    warn(service.has_weights(), "weights");
    warn(service.has_identity(), "identity");
    warn(!service.kind().empty(), "kind");
  }

  void check_one(const model::Service& service, const model::Check& check, const std::string& task,
                 const std::string& path) {
    if (check.type().empty() ||
        !check_choice("type", check.type(), {"http", "tcp", "grpc", "script"},
                      path_of(path, "type"), issues_)) {
      return;
    }
    check_http(check, path);
    check_script(service, check, task, path);
    check_period("interval", check.interval(), path);
    check_period("timeout", check.timeout(), path);
    check_port("port", check.port(), path_of(path, "port"));
    if (!check.address_mode().empty()) {
      check_choice("address_mode", check.address_mode(),
                   {"auto", "host", "driver", "alloc", "alloc_ipv6"}, path_of(path, "address_mode"),
                   issues_);
    }
    if (check.type() != "script" && check.port().empty() && service.port().empty()) {
      issues_.error(path, "the check needs a port: neither it nor its service has one");
    }
    if (check.notes().size() > longest_notes) {
      issues_.error(path_of(path, "notes"), "notes must have at most 255 bytes");
    }
    check_choice("on_update", check.on_update(), {"require_healthy", "ignore_warnings", "ignore"},
                 path_of(path, "on_update"), issues_);
    if (!check.initial_status().empty()) {
      check_choice("initial_status", check.initial_status(), {"passing", "warning", "critical"},
                   path_of(path, "initial_status"), issues_);
    }
    if (check.expose())
      issues_.error(path_of(path, "expose"), "expose needs Connect; leave it out");
    check_restart_policy(check, path);
    for (const auto& [count, field] :
         {std::pair(check.success_before_passing(), "success_before_passing"),
          std::pair(check.failures_before_critical(), "failures_before_critical"),
          std::pair(check.failures_before_warning(), "failures_before_warning")}) {
      if (count < 0) {
        issues_.error(path_of(path, field), std::string(field) + " must not be negative");
      }
    }
  }

  // `owner` is the task whose service it is; "" for a group's.
  void check_script(const model::Service& service, const model::Check& check,
                    const std::string& owner, const std::string& path) {
    if (check.type() != "script") return;
    if (check.command().empty()) {
      issues_.error(path_of(path, "command"), "a script check needs a command");
    }
    const std::string& task = check.task().empty() ? service.task() : check.task();
    if (!check.task().empty() && tasks_.count(check.task()) == 0) {
      issues_.error(path_of(path, "task"), "the group has no task " + quoted(check.task()));
    } else if (owner.empty() && task.empty() && tasks_.size() > 1) {
      issues_.error(path_of(path, "task"),
                    "a script check of a group's service must say in which task it runs: set task");
    }
  }

  void check_http(const model::Check& check, const std::string& path) {
    if (check.type() != "http") return;
    if (check.path().empty()) {
      issues_.error(path_of(path, "path"), "an http check needs a path");
    } else if (!check.path().starts_with('/') && !check.path().starts_with("${")) {
      issues_.error(path_of(path, "path"), "path must begin with /, it is " + quoted(check.path()));
    }
    if (!check.protocol().empty()) {
      check_choice("protocol", check.protocol(), {"http", "https"}, path_of(path, "protocol"),
                   issues_);
    }
    if (!check.method().empty()) {
      check_choice("method", check.method(),
                   {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"},
                   path_of(path, "method"), issues_);
    }
  }

  void check_period(const char* what, std::int64_t value, const std::string& path) {
    if (value >= nanoseconds_per_second) return;
    issues_.error(path_of(path, what), std::string("a check's ") + what + " must be at least 1s, " +
                                           (value == 0 ? std::string("and is not set")
                                                       : "it is " + format_duration(value)));
  }

  void check_restart_policy(const model::Check& check, const std::string& path) {
    if (!check.has_check_restart()) return;
    const std::string own_path = path_of(path, "check_restart");
    if (check.check_restart().limit() < 0) {
      issues_.error(path_of(own_path, "limit"), "limit must not be negative");
    }
    check_not_negative("grace", check.check_restart().grace(), path_of(own_path, "grace"), issues_);
  }

  const model::TaskGroup& group_;
  Issues& issues_;
  std::set<std::string> labels_;
  std::set<std::string> tasks_;
  std::set<std::tuple<std::string, std::string, std::string>> seen_;
  std::string provider_;
};

}  // namespace

void check_services(const model::TaskGroup& group, const std::string& path, Issues& issues) {
  ServiceCheck checker(group, issues);
  for (int i = 0; i < group.service_size(); ++i) {
    checker.check(group.service(i), "", path_of(path, "service", i));
  }
  for (int t = 0; t < group.task_size(); ++t) {
    const model::Task& task = group.task(t);
    const std::string task_path = path_of(path, "task", t);
    for (int i = 0; i < task.service_size(); ++i) {
      checker.check(task.service(i), task.name(), path_of(task_path, "service", i));
    }
  }
}

}  // namespace yurt::jobspec
