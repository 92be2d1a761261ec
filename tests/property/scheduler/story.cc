#include "tests/property/scheduler/story.h"

#include <algorithm>

#include "base/clock.h"

namespace yurt::test {
namespace {

constexpr std::int64_t second = nanoseconds_per_second;
constexpr std::uint32_t job_count = 4;

// Takes small choices out of one number.
class Choices {
 public:
  explicit Choices(std::uint32_t number) : number_(number) {}
  std::uint32_t below(std::uint32_t bound) {
    const std::uint32_t choice = number_ % bound;
    number_ = number_ / bound + number_ * 2654435761U % 97;
    return choice;
  }
  bool maybe() { return below(3) == 1; }

 private:
  std::uint32_t number_;
};

std::string job_id(std::uint32_t number) { return "job" + std::to_string(number % job_count); }

NodeBuilder some_node(Choices choices) {
  NodeBuilder node;
  node.memory(static_cast<int>(512 * (1 + choices.below(4))))
      .cpu(static_cast<int>(1000 * (1 + choices.below(4))))
      .datacenter(choices.maybe() ? "dc2" : "dc1")
      .meta("rack", "r" + std::to_string(choices.below(3)));
  if (choices.maybe()) node.cores(4);
  if (choices.maybe()) node.gpus("A100", 2, choices.maybe() ? 0 : 40000);
  if (choices.maybe()) node.gpus("T4", 1 + static_cast<int>(choices.below(3)), 16000);
  if (choices.below(5) == 1) node.attribute("gpu.share", "false");
  if (choices.maybe()) node.attribute("kernel.name", "windows");
  if (choices.maybe()) node.max_allocs(3);
  if (choices.maybe()) node.dynamic_ports(20000, 20003).reserved_ports("20001");
  return node;
}

template <typename Request>
void some_device(Request& device, Choices& choices) {
  device.set_name(choices.maybe() ? "nvidia/gpu/T4" : "gpu");
  device.set_count(1 + choices.below(2));
  if (choices.maybe()) return;
  auto& share = *device.mutable_share_devices();
  const std::uint32_t kind = choices.below(3);
  if (kind != 0) share.set_memory(std::to_string(2 + 3 * choices.below(5)) + "GiB");
  if (kind != 1) share.set_fraction(0.1 * (1 + choices.below(8)));
  if (choices.maybe()) share.set_max(1 + static_cast<int>(choices.below(4)));
}

void some_devices(model::Task& task, Choices& choices) {
  for (std::uint32_t blocks = 1 + choices.below(2); blocks > 0; --blocks) {
    auto& device = *task.mutable_resources()->add_device();
    some_device(device, choices);
    if (choices.maybe()) some_device(*device.add_first_available(), choices);
  }
}

// A job keeps its type over its versions, as registration demands.
JobBuilder some_job(std::uint32_t number, std::uint32_t how) {
  static constexpr const char* types[job_count] = {"service", "batch", "system", "sysbatch"};
  const std::string type = types[number % job_count];
  Choices choices(how);
  JobBuilder job(job_id(number), type);
  const bool per_node = type == "system" || type == "sysbatch";
  job.priority(static_cast<int>(30 + 10 * (number % job_count) + choices.below(15)));
  job.cpu(static_cast<int>(100 + 200 * choices.below(4)));
  job.memory(static_cast<int>(64 + 128 * choices.below(3)));
  if (!per_node) job.count(static_cast<int>(choices.below(6)));
  if (choices.maybe()) job.env("A", std::to_string(choices.below(3)));
  if (choices.maybe()) job.no_update();
  if (choices.maybe()) job.dynamic_port("http");
  if (choices.maybe()) job.static_port("admin", 9000);
  if (choices.maybe()) job.constraint("${attr.kernel.name}", "=", "linux");
  if (choices.maybe()) job.datacenters("dc1");
  if (choices.below(5) == 1) job.cores(1);
  if (choices.below(3) == 1) some_devices(job.task(), choices);
  if (choices.below(5) == 1) {
    auto* second_task = job.group().add_task();
    *second_task = job.task();
    second_task->set_name("second");
  }
  if (choices.maybe()) job.disconnect(60 * second, choices.maybe());
  if (per_node) return job;
  if (choices.below(5) == 1) job.constraint("", "distinct_hosts", "true");
  if (choices.below(5) == 1) job.constraint("${meta.rack}", "distinct_property", "2");
  if (choices.maybe()) job.spread("${node.datacenter}");
  if (choices.maybe()) job.affinity("${meta.rack}", "r1", 70);
  if (type == "service" && choices.below(4) == 1) job.canary(1);
  if (choices.below(4) == 1) job.group().mutable_ephemeral_disk()->set_sticky(true);
  return job;
}

class Teller {
 public:
  Teller(const Watcher& before, const AfterWatcher& after) : before_(before), after_(after) {
    model::SchedulerConfiguration config;
    config.mutable_preemption_config()->set_system_scheduler_enabled(true);
    config.mutable_preemption_config()->set_batch_scheduler_enabled(true);
    cluster_.set_config(config);
    for (std::uint32_t i = 0; i < 3; ++i) cluster_.put_node(some_node(Choices(i * 7919)));
  }

  void step(const Step& step) {
    Choices choices(step.second);
    switch (step.first % 12) {
      case 0: cluster_.put_node(some_node(choices)); break;
      case 1:
      case 2: cluster_.put_job(some_job(choices.below(job_count), step.second / 4)); break;
      case 3: {
        const std::string job = job_id(choices.below(job_count));
        if (cluster_.job({"default", job})) cluster_.stop_job(job);
        break;
      }
      case 4: change_node(choices); break;
      case 5:
      case 6:
      case 7: report(choices); break;
      case 8: cluster_.advance(static_cast<std::int64_t>(choices.below(90)) * second); break;
      case 9: migrate(choices); break;
      default: evaluate(job_id(choices.below(job_count))); break;
    }
  }

 private:
  void change_node(Choices& choices) {
    const auto nodes = cluster_.nodes();
    const auto& node = nodes[choices.below(static_cast<std::uint32_t>(nodes.size()))];
    const auto id = NodeId::parse_or_nil(node->id());
    switch (choices.below(5)) {
      case 0: cluster_.set_node_status(id, "down"); break;
      case 3: change_device(*node, choices); break;
      case 1: cluster_.set_node_status(id, "disconnected"); break;
      case 2: cluster_.set_node_status(id, "ready"); break;
      default: cluster_.set_eligible(id, node->scheduling_eligibility() != "eligible"); break;
    }
  }

  void change_device(model::Node node, Choices& choices) {
    if (node.node_resources().devices().empty()) return;
    auto& device = *node.mutable_node_resources()->mutable_devices(0);
    const auto number = choices.below(static_cast<std::uint32_t>(device.instances_size()));
    auto& instance = *device.mutable_instances(static_cast<int>(number));
    instance.set_healthy(!instance.healthy());
    cluster_.put_node(node);
  }

  void report(Choices& choices) {
    const auto allocs = cluster_.allocs();
    if (allocs.empty()) return;
    const AllocRef alloc = allocs[choices.below(static_cast<std::uint32_t>(allocs.size()))];
    if (alloc->client_terminal()) return;
    const auto node = cluster_.node(alloc->node);
    if (!node || node->status() != "ready") return;
    if (alloc->server_terminal()) return cluster_.report(alloc->id, ClientStatus::complete);
    switch (choices.below(5)) {
      case 0: return cluster_.report(alloc->id, ClientStatus::failed);
      case 1: return cluster_.report(alloc->id, ClientStatus::complete);
      case 2:
        cluster_.report(alloc->id, ClientStatus::running);
        if (!alloc->more().deployment.is_nil()) {
          cluster_.report_health(alloc->id, choices.below(4) != 0);
        }
        return;
      default: return cluster_.report(alloc->id, ClientStatus::running);
    }
  }

  void migrate(Choices& choices) {
    const auto allocs = cluster_.allocs();
    if (allocs.empty()) return;
    const AllocRef alloc = allocs[choices.below(static_cast<std::uint32_t>(allocs.size()))];
    if (alloc->terminal()) return;
    cluster_.edit(alloc->id, [&](AllocEdit& edit) {
      edit.extra().transition.migrate = true;
      edit.extra().transition.migrate_disable_placement = alloc->job->type() == "batch";
    });
  }

  void evaluate(const std::string& job) {
    if (!cluster_.job({"default", job})) return;
    const auto evaluation = cluster_.evaluation(job);
    const auto outcome = cluster_.schedule(evaluation);
    before_(cluster_, job, outcome);
    cluster_.apply(outcome.plan);
    after_(cluster_, job, outcome);
  }

  ClusterModel cluster_{42};
  const Watcher& before_;
  const AfterWatcher& after_;
};

}  // namespace

void tell(const std::vector<Step>& steps, const Watcher& before, const AfterWatcher& after) {
  Teller teller(before, after);
  for (const Step& step : steps) teller.step(step);
}

}  // namespace yurt::test
