#include "agent/fingerprint/fingerprint.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include <algorithm>

#include "agent/fingerprint/machine.h"
#include "agent/fingerprint/network.h"
#include "base/file.h"
#include "base/log.h"

namespace yurt::agent {
namespace {

// The version of Nomad whose job files and constraints this agent understands.
constexpr const char* compatible_version = "2.0.6";
constexpr std::int64_t assumed_core_mhz = 1000;
constexpr std::int64_t mib = 1 << 20;

using Attributes = google::protobuf::Map<std::string, std::string>;

void describe_cpu(const AgentOptions& options, Attributes& attributes, model::Node& node) {
  const CpuFacts cpu = read_cpu();
  const auto cores = static_cast<std::int64_t>(std::max<std::size_t>(1, cpu.cores.size()));
  const std::int64_t core_mhz = cpu.core_mhz > 0 ? cpu.core_mhz : assumed_core_mhz;
  const std::int64_t total_mhz =
      options.cpu_total_mhz > 0 ? options.cpu_total_mhz : cores * core_mhz;
  auto& resources = *node.mutable_node_resources()->mutable_cpu();
  resources.set_cpu_shares(total_mhz);
  resources.set_total_cpu_cores(static_cast<int>(cores));
  std::string reservable;
  for (const int core : cpu.cores) {
    if (std::count(options.reserved.cores.begin(), options.reserved.cores.end(), core) > 0)
      continue;
    resources.add_reservable_cpu_cores(core);
    reservable += (reservable.empty() ? "" : ",") + std::to_string(core);
  }
  attributes["cpu.numcores"] = std::to_string(cores);
  attributes["cpu.frequency"] = std::to_string(core_mhz);
  attributes["cpu.totalcompute"] = std::to_string(total_mhz);
  attributes["cpu.usablecompute"] =
      std::to_string(std::max<std::int64_t>(0, total_mhz - options.reserved.cpu_mhz));
  attributes["cpu.reservablecores"] = reservable;
  if (!cpu.model.empty()) attributes["cpu.modelname"] = cpu.model;
}

void describe_memory(const AgentOptions& options, Attributes& attributes, model::Node& node) {
  std::int64_t bytes = parse_memory_total(read_file("/proc/meminfo").value_or(""));
  if (options.memory_total_mb > 0) bytes = options.memory_total_mb * mib;
  attributes["memory.totalbytes"] = std::to_string(bytes);
  node.mutable_node_resources()->mutable_memory()->set_memory_mb(bytes / mib);
}

void describe_disk(const AgentOptions& options, Attributes& attributes, model::Node& node) {
  struct statvfs info {};
  if (::statvfs(options.data_dir.c_str(), &info) != 0) return;
  const auto total =
      static_cast<std::int64_t>(info.f_blocks) * static_cast<std::int64_t>(info.f_frsize);
  const auto free =
      static_cast<std::int64_t>(info.f_bavail) * static_cast<std::int64_t>(info.f_frsize);
  attributes["unique.storage.volume"] = options.data_dir.string();
  attributes["unique.storage.bytestotal"] = std::to_string(total);
  attributes["unique.storage.bytesfree"] = std::to_string(free);
  node.mutable_node_resources()->mutable_disk()->set_disk_mb(
      options.disk_total_mb > 0 ? options.disk_total_mb : free / mib);
}

void describe_host(const AgentOptions& options, Attributes& attributes, model::Node& node) {
  struct utsname names {};
  ::uname(&names);
  const OsFacts os = parse_os_release(read_file("/etc/os-release").value_or(""));
  attributes["kernel.name"] = "linux";
  attributes["kernel.version"] = names.release;
  attributes["kernel.arch"] = names.machine;
  attributes["cpu.arch"] = go_architecture(names.machine);
  attributes["arch"] = go_architecture(names.machine);
  attributes["os.name"] = os.name.empty() ? "linux" : os.name;
  if (!os.version.empty()) attributes["os.version"] = os.version;
  attributes["os.signals"] = signal_names();
  attributes["unique.hostname"] = names.nodename;
  node.set_name(options.node_name.empty() ? names.nodename : options.node_name);
  const CgroupFacts cgroups = read_cgroups();
  if (!cgroups.version.empty()) {
    attributes["os.cgroups.version"] = cgroups.version == "v2" ? "2" : "1";
    attributes["unique.cgroup.version"] = cgroups.version;
    attributes["unique.cgroup.mountpoint"] = cgroups.mount_point;
  }
  attributes["nomad.version"] = compatible_version;
  attributes["nomad.service_discovery"] = "true";
  attributes["yurt.version"] = options.version;
}

void describe_drivers(
    const std::map<std::string, std::shared_ptr<drivers::Driver>, std::less<>>& drivers,
    std::int64_t now_wall_ns, Attributes& attributes, model::Node& node) {
  for (const auto& [name, driver] : drivers) {
    const auto found = driver->fingerprint();
    if (!found.detected) continue;
    auto& info = (*node.mutable_drivers())[name];
    info.set_detected(true);
    info.set_healthy(found.healthy);
    info.set_health_description(found.health_description);
    info.set_update_time(now_wall_ns);
    for (const auto& [key, value] : found.attributes) {
      attributes[key] = value;
      (*info.mutable_attributes())[key] = value;
    }
  }
}

}  // namespace

model::Node take_fingerprint(
    const AgentOptions& options, const NodeIdentity& identity,
    const std::map<std::string, std::shared_ptr<drivers::Driver>, std::less<>>& drivers,
    std::int64_t now_wall_ns) {
  model::Node node;
  node.set_id(identity.id.to_string());
  node.set_secret_id(identity.secret);
  node.set_datacenter(options.datacenter);
  node.set_http_addr(options.http_address);
  node.set_node_class(options.node_class);
  node.set_node_pool(options.node_pool.empty() ? "default" : options.node_pool);
  node.set_status("ready");
  node.set_max_allocs(options.max_allocs);
  for (const auto& [key, value] : options.meta) (*node.mutable_meta())[key] = value;

  auto& attributes = *node.mutable_attributes();
  describe_host(options, attributes, node);
  describe_cpu(options, attributes, node);
  describe_memory(options, attributes, node);
  describe_disk(options, attributes, node);
  const auto interfaces = read_interfaces();
  const auto network = choose_network(
      options, interfaces, default_route_interface(read_file("/proc/net/route").value_or("")));
  describe_networks(options, interfaces, network, node);
  attributes["unique.network.ip-address"] = network.address;
  describe_drivers(drivers, now_wall_ns, attributes, node);

  auto& resources = *node.mutable_node_resources();
  resources.set_min_dynamic_port(options.min_dynamic_port);
  resources.set_max_dynamic_port(options.max_dynamic_port);
  auto& reserved = *node.mutable_reserved_resources();
  reserved.mutable_cpu()->set_cpu_shares(options.reserved.cpu_mhz);
  for (const int core : options.reserved.cores)
    reserved.mutable_cpu()->add_reservable_cpu_cores(core);
  reserved.mutable_memory()->set_memory_mb(options.reserved.memory_mb);
  reserved.mutable_disk()->set_disk_mb(options.reserved.disk_mb);
  reserved.mutable_networks()->set_reserved_host_ports(options.reserved.ports);
  for (const auto& volume : options.host_volumes) {
    auto& described = (*node.mutable_host_volumes())[volume.name];
    described.set_name(volume.name);
    described.set_path(volume.path);
    described.set_read_only(volume.read_only);
  }
  return node;
}

bool differs(const model::Node& before, const model::Node& after) {
  const auto still = [](model::Node node) {
    node.mutable_attributes()->erase("unique.storage.bytesfree");
    node.mutable_node_resources()->clear_disk();
    for (auto& [name, driver] : *node.mutable_drivers()) driver.clear_update_time();
    // Maps have no order of their own when written plainly.
    std::map<std::string, std::string> attributes(node.attributes().begin(),
                                                  node.attributes().end());
    node.clear_attributes();
    std::map<std::string, std::string> drivers;
    for (const auto& [name, driver] : node.drivers()) {
      drivers[name] = driver.health_description() + (driver.healthy() ? "+" : "-");
    }
    node.clear_drivers();
    std::string resources;
    google::protobuf::io::StringOutputStream stream(&resources);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    node.node_resources().SerializeToCodedStream(&coded);
    coded.Trim();
    return std::tuple(std::move(attributes), std::move(drivers), std::move(resources), node.name());
  };
  return still(before) != still(after);
}

std::shared_ptr<const NodeFacts> facts_of(const model::Node& node, const std::string& region) {
  auto facts = std::make_shared<NodeFacts>();
  facts->id = node.id();
  facts->name = node.name();
  facts->datacenter = node.datacenter();
  facts->region = region;
  facts->node_class = node.node_class();
  facts->node_pool = node.node_pool();
  facts->attributes = {node.attributes().begin(), node.attributes().end()};
  facts->meta = {node.meta().begin(), node.meta().end()};
  return facts;
}

}  // namespace yurt::agent
