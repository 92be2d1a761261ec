#include "bench/server/workload.h"

#include "base/ids.h"

namespace yurt::bench {

model::Node make_node(int number, Random& random) {
  model::Node node;
  const bool large = number % 2 == 0;
  node.set_id(NodeId::generate(random).to_string());
  node.set_secret_id(NodeId::generate(random).to_string());
  node.set_name("node-" + std::to_string(number));
  node.set_datacenter("dc" + std::to_string(number % 10));
  node.set_node_pool("default");
  node.set_node_class(large ? "large" : "small");
  node.set_http_addr("127.0.0.1:4646");
  node.set_status("ready");
  node.set_scheduling_eligibility("eligible");
  auto* resources = node.mutable_node_resources();
  resources->mutable_cpu()->set_cpu_shares(large ? 64'000 : 32'000);
  resources->mutable_cpu()->set_total_cpu_cores(large ? 32 : 16);
  resources->mutable_memory()->set_memory_mb(large ? 262'144 : 131'072);
  resources->mutable_disk()->set_disk_mb(4'000'000);
  resources->set_min_dynamic_port(20'000);
  resources->set_max_dynamic_port(32'000);
  auto& attributes = *node.mutable_attributes();
  attributes["kernel.name"] = "linux";
  attributes["kernel.version"] = "6.1.0";
  attributes["os.name"] = "debian";
  attributes["os.version"] = "12";
  attributes["cpu.arch"] = large ? "amd64" : "arm64";
  attributes["cpu.numcores"] = large ? "32" : "16";
  attributes["driver.raw_exec"] = "1";
  attributes["unique.hostname"] = node.name();
  auto& driver = (*node.mutable_drivers())["raw_exec"];
  driver.set_detected(true);
  driver.set_healthy(true);
  return node;
}

model::Job make_job(const JobShape& shape) {
  model::Job job;
  job.set_id(shape.name);
  job.set_name(shape.name);
  job.set_type(shape.type);
  job.add_datacenters("*");
  auto* constraint = job.add_constraint();
  constraint->set_attribute("${attr.kernel.name}");
  constraint->set_value("linux");
  auto* group = job.add_group();
  group->set_name("work");
  group->set_count(shape.count);
  if (shape.type == "service") {
    group->mutable_migrate()->set_max_parallel(shape.migrate_parallel);
    group->mutable_migrate()->set_min_healthy_time(0);
  }
  auto* task = group->add_task();
  task->set_name("work");
  task->set_driver("raw_exec");
  (*task->mutable_config()->mutable_fields())["command"].set_string_value(shape.command);
  task->mutable_resources()->set_cpu(100);
  task->mutable_resources()->set_memory(100);
  return job;
}

}  // namespace yurt::bench
