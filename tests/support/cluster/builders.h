// Builders: nodes and jobs for tests, valid as they are made, so that a test names only what
// matters to it. Plain values.
#pragma once

#include <string>

#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::test {

// A ready node of 4,000 MHz, 8,192 MiB and 100,000 MiB of disk in dc1, with the drivers raw_exec
// and docker and one address on the default host network.
class NodeBuilder {
 public:
  NodeBuilder();
  NodeBuilder& id(const std::string& id) { return node_.set_id(id), *this; }
  NodeBuilder& name(const std::string& name) { return node_.set_name(name), *this; }
  NodeBuilder& cpu(int mhz);
  NodeBuilder& memory(int mib);
  NodeBuilder& disk(int mib);
  // `count` cores, all of them reservable, sharing the node's MHz.
  NodeBuilder& cores(int count);
  NodeBuilder& datacenter(const std::string& name) { return node_.set_datacenter(name), *this; }
  NodeBuilder& pool(const std::string& name) { return node_.set_node_pool(name), *this; }
  NodeBuilder& node_class(const std::string& name) { return node_.set_node_class(name), *this; }
  NodeBuilder& attribute(const std::string& key, const std::string& value);
  NodeBuilder& meta(const std::string& key, const std::string& value);
  NodeBuilder& status(const std::string& status) { return node_.set_status(status), *this; }
  NodeBuilder& ineligible() { return node_.set_scheduling_eligibility("ineligible"), *this; }
  NodeBuilder& max_allocs(int count) { return node_.set_max_allocs(count), *this; }
  NodeBuilder& reserved_ports(const std::string& list);
  NodeBuilder& dynamic_ports(int first, int last);
  NodeBuilder& address(const std::string& network, const std::string& ip);
  // `memory_mib` 0: they are only given whole.
  NodeBuilder& gpus(const std::string& model, int count, std::int64_t memory_mib = 0);
  model::Node& edit() { return node_; }
  [[nodiscard]] model::Node build() const { return node_; }

 private:
  model::Node node_;
};

// A job in namespace "default" with one group "web" of `count` allocations and one task "main"
// (raw_exec, 500 MHz, 256 MiB), with the defaults a registered job of its type has.
class JobBuilder {
 public:
  explicit JobBuilder(const std::string& id, const std::string& type = "service");
  JobBuilder& count(int count);
  JobBuilder& cpu(int mhz);
  JobBuilder& memory(int mib);
  JobBuilder& cores(int count);
  JobBuilder& disk(int mib);
  JobBuilder& priority(int priority) { return job_.set_priority(priority), *this; }
  JobBuilder& env(const std::string& key, const std::string& value);
  JobBuilder& datacenters(const std::string& glob);
  JobBuilder& pool(const std::string& name) { return job_.set_node_pool(name), *this; }
  JobBuilder& constraint(const std::string& left, const std::string& op, const std::string& right);
  JobBuilder& affinity(const std::string& left, const std::string& right, int weight);
  // Even over the values of the attribute.
  JobBuilder& spread(const std::string& attribute, int weight = 50);
  JobBuilder& spread_target(const std::string& value, int percent);
  JobBuilder& static_port(const std::string& label, int port);
  JobBuilder& dynamic_port(const std::string& label, int to = 0);
  // A device block of the first task, to be completed.
  model::RequestedDevice& device(const std::string& name, std::uint64_t count = 1);
  // One with a slice; "" and 0 leave memory, fraction and max unset.
  JobBuilder& slice(const std::string& name, const std::string& memory, double fraction,
                    int max = 0);
  JobBuilder& no_update();
  JobBuilder& max_parallel(int count);
  JobBuilder& canary(int count);
  JobBuilder& reschedule(int attempts, std::int64_t interval_ns, std::int64_t delay_ns);
  JobBuilder& disconnect(std::int64_t lost_after_ns, bool replace = true);
  // Another group like the first.
  JobBuilder& add_group(const std::string& name, int count);
  model::TaskGroup& group(int index = 0) { return *job_.mutable_group(index); }
  model::Task& task(int group = 0) { return *job_.mutable_group(group)->mutable_task(0); }
  model::Job& edit() { return job_; }
  [[nodiscard]] model::Job build() const { return job_; }

 private:
  model::Job job_;
};

}  // namespace yurt::test
