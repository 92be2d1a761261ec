// What a service asks of the machine, and what happens when it ends: deploy, gpus, restart.
#include <array>
#include <charconv>

#include "drivers/compose/model/service_parts.h"

namespace yurt::drivers::compose {
namespace {

struct Limits {
  double cpus = 0;
  std::int64_t memory_bytes = 0, pids = 0;
  std::vector<DeviceRequest> devices;
};

template <typename T, auto member>
void deploy_plain(NodeReader& reader, const std::string& field, const YamlNode& node, T& into) {
  reader.read(field, node, into.*member);
}
template <typename T, auto member>
void deploy_duration(NodeReader& reader, const std::string& field, const YamlNode& node, T& into) {
  reader.read_duration(field, node, into.*member);
}

void read_limit_memory(NodeReader& reader, const std::string& field, const YamlNode& node,
                       Limits& into) {
  reader.read_bytes(field, node, into.memory_bytes);
}

void read_count(NodeReader& reader, const std::string& field, const YamlNode& node,
                DeviceRequest& into) {
  if (node.text == "all") {
    into.count = -1;
  } else {
    reader.read(field, node, into.count);
  }
}

using R = DeviceRequest;
constexpr auto request_keys = std::to_array<NodeReader::Key<R>>({
    {"capabilities", deploy_plain<R, &R::capabilities>},
    {"driver", deploy_plain<R, &R::driver>},
    {"count", read_count},
    {"device_ids", deploy_plain<R, &R::ids>},
    {"options", deploy_plain<R, &R::options>},
});

void read_request(NodeReader& reader, const std::string& field, const YamlNode& node,
                  bool wants_capabilities, std::vector<DeviceRequest>& into) {
  DeviceRequest& request = into.emplace_back();
  reader.read_map<DeviceRequest>(field, node, request_keys, request);
  if (request.count != 0 && !request.ids.empty()) {
    reader.fail(node, field, "has count and device_ids, which exclude each other");
  }
  if (request.count == 0 && request.ids.empty()) request.count = -1;
  if (request.capabilities.empty()) {
    if (wants_capabilities) reader.fail(node, field + ".capabilities", "is required");
    request.capabilities = {"gpu"};
  }
}

void read_limit_devices(NodeReader& reader, const std::string& field, const YamlNode& node,
                        Limits& into) {
  reader.each_item(field, node, [&](const std::string& own, const YamlNode& item) {
    read_request(reader, own, item, true, into.devices);
  });
}

constexpr auto limit_keys = std::to_array<NodeReader::Key<Limits>>({
    {"cpus", deploy_plain<Limits, &Limits::cpus>},
    {"memory", read_limit_memory},
    {"pids", deploy_plain<Limits, &Limits::pids>},
    {"devices", nullptr, "belongs below reservations"},
});
constexpr auto reservation_keys = std::to_array<NodeReader::Key<Limits>>({
    {"cpus", deploy_plain<Limits, &Limits::cpus>},
    {"memory", read_limit_memory},
    {"devices", read_limit_devices},
    {"generic_resources", nullptr, "is Swarm's and not supported; use devices"},
});

void read_limits(NodeReader& reader, const std::string& field, const YamlNode& node,
                 Service& into) {
  Limits limits;
  reader.read_map<Limits>(field, node, limit_keys, limits);
  if (limits.cpus > 0) into.cpus = limits.cpus;
  if (limits.memory_bytes > 0) into.memory_bytes = limits.memory_bytes;
  if (limits.pids != 0) into.container.pids_limit = limits.pids;
}

void read_reservations(NodeReader& reader, const std::string& field, const YamlNode& node,
                       Service& into) {
  Limits limits;
  reader.read_map<Limits>(field, node, reservation_keys, limits);
  if (limits.memory_bytes > 0) into.memory_reservation_bytes = limits.memory_bytes;
  into.devices.insert(into.devices.end(), limits.devices.begin(), limits.devices.end());
}

constexpr auto resource_keys = std::to_array<NodeReader::Key<Service>>({
    {"limits", read_limits},
    {"reservations", read_reservations},
});
void read_resources(NodeReader& reader, const std::string& field, const YamlNode& node,
                    Service& into) {
  reader.read_map<Service>(field, node, resource_keys, into);
}

void read_policy_condition(NodeReader& reader, const std::string& field, const YamlNode& node,
                           RestartConfig& into) {
  constexpr std::array<std::string_view, 3> conditions{"none", "on-failure", "any"};
  const int choice = reader.read_choice(field, node, conditions);
  if (choice >= 0) into.rule = static_cast<RestartRule>(choice);
}

using C = RestartConfig;
constexpr auto policy_keys = std::to_array<NodeReader::Key<C>>({
    {"condition", read_policy_condition},
    {"delay", deploy_duration<C, &C::delay_ns>},
    {"max_attempts", deploy_plain<C, &C::max_attempts>},
    {"window", deploy_duration<C, &C::window_ns>},
});
void read_policy(NodeReader& reader, const std::string& field, const YamlNode& node,
                 Service& into) {
  into.restart = {};
  into.restart.rule = RestartRule::always;  // the specification's default
  reader.read_map<RestartConfig>(field, node, policy_keys, into.restart);
}

void read_replicas(NodeReader& reader, const std::string& field, const YamlNode& node,
                   Service& into) {
  std::int64_t replicas = 0;
  reader.read(field, node, replicas);
  if (node.open) return;
  if (replicas < 0) return reader.fail(node, field, "must not be negative");
  into.replicas = replicas;
}

void read_deploy_mode(NodeReader& reader, const std::string& field, const YamlNode& node,
                      Service&) {
  constexpr std::array<std::string_view, 1> modes{"replicated"};
  reader.read_choice(field, node, modes);
}

constexpr const char* updates =
    "has no effect on one machine; the job's update block says how a new version is rolled out";
constexpr auto deploy_keys = std::to_array<NodeReader::Key<Service>>({
    {"mode", read_deploy_mode},
    {"replicas", read_replicas},
    {"resources", read_resources},
    {"restart_policy", read_policy},
    {"labels", nullptr, "is for Swarm's services; use the service's own labels"},
    {"endpoint_mode", nullptr, "is Swarm's and not supported"},
    {"placement", nullptr, "is Swarm's and not supported; use the job's constraints"},
    {"update_config", nullptr, updates},
    {"rollback_config", nullptr, updates},
});

}  // namespace

void read_deploy(NodeReader& reader, const std::string& field, const YamlNode& node,
                 Service& into) {
  reader.read_map<Service>(field, node, deploy_keys, into);
}

void read_gpus(NodeReader& reader, const std::string& field, const YamlNode& node, Service& into) {
  if (node.open) return;
  if (node.is_scalar()) {
    DeviceRequest& request = into.devices.emplace_back();
    request.capabilities = {"gpu"};
    return read_count(reader, field, node, request);
  }
  reader.each_item(field, node, [&](const std::string& own, const YamlNode& item) {
    read_request(reader, own, item, false, into.devices);
  });
}

void read_restart(NodeReader& reader, const std::string& field, const YamlNode& node,
                  Service& into) {
  if (node.open) return;
  std::string text;
  reader.read(field, node, text);
  constexpr std::string_view on_failure = "on-failure";
  into.restart = {};
  if (text == "always" || text == "unless-stopped") {
    into.restart.rule = RestartRule::always;
  } else if (text.starts_with(on_failure)) {
    into.restart.rule = RestartRule::on_failure;
    const std::string_view rest = std::string_view(text).substr(on_failure.size());
    if (rest.empty()) return;
    const auto [end, error] =
        std::from_chars(rest.data() + 1, rest.data() + rest.size(), into.restart.max_attempts);
    if (rest[0] != ':' || error != std::errc() || end != rest.data() + rest.size() ||
        into.restart.max_attempts < 0) {
      reader.fail(node, field, "must be on-failure or on-failure:<attempts>");
    }
  } else if (text != "no" && text != "false" && text != "none") {
    reader.fail(node, field, "must be \"no\", always, on-failure[:<attempts>] or unless-stopped");
  }
}

}  // namespace yurt::drivers::compose
