#include "tests/support/cluster/builders.h"

#include "base/clock.h"

namespace yurt::test {
namespace {

constexpr std::int64_t second = nanoseconds_per_second;

}  // namespace

NodeBuilder::NodeBuilder() {
  node_.set_datacenter("dc1");
  node_.set_node_pool("default");
  node_.set_status("ready");
  node_.set_scheduling_eligibility("eligible");
  cpu(4000).memory(8192).disk(100000);
  for (const char* driver : {"raw_exec", "docker"}) {
    auto& info = (*node_.mutable_drivers())[driver];
    info.set_detected(true);
    info.set_healthy(true);
  }
  attribute("kernel.name", "linux").attribute("cpu.arch", "amd64");
  address("default", "192.0.2.1");
}

NodeBuilder& NodeBuilder::cpu(int mhz) {
  node_.mutable_node_resources()->mutable_cpu()->set_cpu_shares(mhz);
  return *this;
}
NodeBuilder& NodeBuilder::memory(int mib) {
  node_.mutable_node_resources()->mutable_memory()->set_memory_mb(mib);
  return *this;
}
NodeBuilder& NodeBuilder::disk(int mib) {
  node_.mutable_node_resources()->mutable_disk()->set_disk_mb(mib);
  return *this;
}
NodeBuilder& NodeBuilder::cores(int count) {
  auto* cpu = node_.mutable_node_resources()->mutable_cpu();
  cpu->set_total_cpu_cores(count);
  cpu->clear_reservable_cpu_cores();
  for (int core = 0; core < count; ++core) cpu->add_reservable_cpu_cores(core);
  return *this;
}
NodeBuilder& NodeBuilder::attribute(const std::string& key, const std::string& value) {
  (*node_.mutable_attributes())[key] = value;
  return *this;
}
NodeBuilder& NodeBuilder::meta(const std::string& key, const std::string& value) {
  (*node_.mutable_meta())[key] = value;
  return *this;
}
NodeBuilder& NodeBuilder::reserved_ports(const std::string& list) {
  node_.mutable_reserved_resources()->mutable_networks()->set_reserved_host_ports(list);
  return *this;
}
NodeBuilder& NodeBuilder::dynamic_ports(int first, int last) {
  node_.mutable_node_resources()->set_min_dynamic_port(first);
  node_.mutable_node_resources()->set_max_dynamic_port(last);
  return *this;
}
NodeBuilder& NodeBuilder::address(const std::string& network, const std::string& ip) {
  auto* address = node_.mutable_node_resources()->add_node_networks()->add_addresses();
  address->set_alias(network);
  address->set_address(ip);
  return *this;
}
NodeBuilder& NodeBuilder::gpus(const std::string& model, int count, std::int64_t memory_mib) {
  auto* device = node_.mutable_node_resources()->add_devices();
  device->set_vendor("nvidia");
  device->set_type("gpu");
  device->set_name(model);
  for (int i = 0; i < count; ++i) {
    auto* instance = device->add_instances();
    instance->set_id("GPU-" + model + "-" + std::to_string(i));
    instance->set_healthy(true);
    instance->set_memory_mib(memory_mib);
  }
  return *this;
}

JobBuilder::JobBuilder(const std::string& id, const std::string& type) {
  job_.set_namespace_("default");
  job_.set_id(id);
  job_.set_name(id);
  job_.set_type(type);
  job_.set_priority(50);
  job_.set_node_pool("default");
  job_.add_datacenters("*");
  add_group("web", 1);
}

JobBuilder& JobBuilder::add_group(const std::string& name, int count) {
  auto* group = job_.add_group();
  group->set_name(name);
  group->set_count(count);
  group->mutable_ephemeral_disk()->set_size(300);
  auto* task = group->add_task();
  task->set_name("main");
  task->set_driver("raw_exec");
  task->mutable_resources()->set_cpu(500);
  task->mutable_resources()->set_memory(256);
  if (job_.type() == "service" || job_.type() == "system") {
    auto* update = group->mutable_update();
    update->set_max_parallel(1);
    update->set_progress_deadline(600 * second);
  }
  auto* reschedule = group->mutable_reschedule();
  if (job_.type() == "service") {
    reschedule->set_delay(30 * second);
    reschedule->set_delay_function("exponential");
    reschedule->set_max_delay(3600 * second);
    reschedule->set_unlimited(true);
  } else if (job_.type() == "batch") {
    reschedule->set_attempts(1);
    reschedule->set_interval(24 * 3600 * second);
    reschedule->set_delay(5 * second);
    reschedule->set_delay_function("constant");
  } else {
    group->clear_reschedule();
  }
  return *this;
}

JobBuilder& JobBuilder::count(int count) { return group().set_count(count), *this; }
JobBuilder& JobBuilder::cpu(int mhz) { return task().mutable_resources()->set_cpu(mhz), *this; }
JobBuilder& JobBuilder::memory(int mib) {
  return task().mutable_resources()->set_memory(mib), *this;
}
JobBuilder& JobBuilder::cores(int count) {
  task().mutable_resources()->clear_cpu();
  return task().mutable_resources()->set_cores(count), *this;
}
JobBuilder& JobBuilder::disk(int mib) {
  return group().mutable_ephemeral_disk()->set_size(mib), *this;
}
JobBuilder& JobBuilder::env(const std::string& key, const std::string& value) {
  (*task().mutable_env())[key] = value;
  return *this;
}
JobBuilder& JobBuilder::datacenters(const std::string& glob) {
  job_.clear_datacenters();
  job_.add_datacenters(glob);
  return *this;
}
JobBuilder& JobBuilder::constraint(const std::string& left, const std::string& op,
                                   const std::string& right) {
  auto* constraint = job_.add_constraint();
  constraint->set_attribute(left);
  constraint->set_operator_(op);
  constraint->set_value(right);
  return *this;
}
JobBuilder& JobBuilder::affinity(const std::string& left, const std::string& right, int weight) {
  auto* affinity = job_.add_affinity();
  affinity->set_attribute(left);
  affinity->set_operator_("=");
  affinity->set_value(right);
  affinity->set_weight(weight);
  return *this;
}
JobBuilder& JobBuilder::spread(const std::string& attribute, int weight) {
  auto* spread = job_.add_spread();
  spread->set_attribute(attribute);
  spread->set_weight(weight);
  return *this;
}
JobBuilder& JobBuilder::spread_target(const std::string& value, int percent) {
  auto* target = job_.mutable_spread(job_.spread_size() - 1)->add_target();
  target->set_value(value);
  target->set_percent(static_cast<std::uint32_t>(percent));
  return *this;
}
JobBuilder& JobBuilder::static_port(const std::string& label, int port) {
  if (group().network_size() == 0) group().add_network();
  auto* reserved = group().mutable_network(0)->add_reserved_ports();
  reserved->set_label(label);
  reserved->set_static_(port);
  return *this;
}
JobBuilder& JobBuilder::dynamic_port(const std::string& label, int to) {
  if (group().network_size() == 0) group().add_network();
  auto* dynamic = group().mutable_network(0)->add_dynamic_ports();
  dynamic->set_label(label);
  dynamic->set_to(to);
  return *this;
}
model::RequestedDevice& JobBuilder::device(const std::string& name, std::uint64_t count) {
  auto& device = *task().mutable_resources()->add_device();
  device.set_name(name);
  device.set_count(count);
  return device;
}

JobBuilder& JobBuilder::slice(const std::string& name, const std::string& memory, double fraction,
                              int max) {
  auto& share = *device(name).mutable_share_devices();
  share.set_enabled(true);
  if (!memory.empty()) share.set_memory(memory);
  if (fraction > 0) share.set_fraction(fraction);
  if (max > 0) share.set_max(max);
  return *this;
}

JobBuilder& JobBuilder::no_update() { return group().mutable_update()->set_max_parallel(0), *this; }
JobBuilder& JobBuilder::max_parallel(int count) {
  return group().mutable_update()->set_max_parallel(count), *this;
}
JobBuilder& JobBuilder::canary(int count) {
  return group().mutable_update()->set_canary(count), *this;
}
JobBuilder& JobBuilder::reschedule(int attempts, std::int64_t interval_ns, std::int64_t delay_ns) {
  auto* policy = group().mutable_reschedule();
  policy->Clear();
  policy->set_attempts(attempts);
  policy->set_interval(interval_ns);
  policy->set_delay(delay_ns);
  policy->set_delay_function("constant");
  return *this;
}
JobBuilder& JobBuilder::disconnect(std::int64_t lost_after_ns, bool replace) {
  group().mutable_disconnect()->set_lost_after(lost_after_ns);
  group().mutable_disconnect()->set_replace(replace);
  return *this;
}

}  // namespace yurt::test
