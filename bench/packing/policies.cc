#include "bench/packing/policies.h"

#include <limits>
#include <map>
#include <string>
#include <unordered_map>

#include "base/assert.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "scheduler/computed_class.h"
#include "scheduler/scheduler.h"
#include "scheduler/verify.h"

namespace yurt::bench {
namespace {

std::vector<int> free_gpus(const GpuNode& node, const GpuRequest& request) {
  std::vector<int> free;
  for (std::size_t i = 0; i < node.gpus.size(); ++i) {
    if (FleetOfGpus::fits(node.gpus[i], request)) free.push_back(static_cast<int>(i));
  }
  return free;
}

// Each place by how much it leaves; the first of the least is taken.
template <typename Left>
std::optional<GpuPlace> least(const FleetOfGpus& fleet, const GpuRequest& request, Left left) {
  std::optional<GpuPlace> best;
  double best_left = std::numeric_limits<double>::infinity();
  for (std::size_t n = 0; n < fleet.nodes().size(); ++n) {
    const GpuNode& node = fleet.nodes()[n];
    std::vector<int> free = free_gpus(node, request);
    if (free.size() < static_cast<std::size_t>(request.count)) continue;
    for (std::size_t i = 0; i + static_cast<std::size_t>(request.count) <= free.size(); ++i) {
      const double here = left(node, free, free[i]);
      if (here >= best_left) continue;
      best_left = here;
      const auto begin = free.begin() + static_cast<std::ptrdiff_t>(i);
      best = GpuPlace{static_cast<int>(n), {begin, begin + request.count}};
    }
  }
  return best;
}

class FirstFit final : public PackingPolicy {
 public:
  std::optional<GpuPlace> place(const FleetOfGpus& fleet, const GpuRequest& request, int) override {
    return least(fleet, request, [](const GpuNode&, const std::vector<int>&, int) { return 0.0; });
  }
  void left(int) override {}
};

class BestFit final : public PackingPolicy {
 public:
  std::optional<GpuPlace> place(const FleetOfGpus& fleet, const GpuRequest& request, int) override {
    return least(
        fleet, request, [&](const GpuNode& node, const std::vector<int>& free, int at) -> double {
          if (request.whole()) return static_cast<double>(free.size());
          const Gpu& gpu = node.gpus[static_cast<std::size_t>(at)];
          return static_cast<double>(gpu.free_memory_gib - request.memory_gib) / gpu.memory_gib +
                 gpu.free_fraction - request.fraction;
        });
  }
  void left(int) override {}
};

// What the scheduler reads: the job in question; allocations are only in the views.
class OneJob final : public scheduler::StateView {
 public:
  void set(JobRef job) { job_ = std::move(job); }
  [[nodiscard]] std::uint64_t index() const override { return 1; }
  [[nodiscard]] JobRef job(const JobKey&) const override { return job_; }
  [[nodiscard]] JobRef job_version(const JobKey&, std::uint64_t) const override { return job_; }
  [[nodiscard]] std::vector<AllocRef> allocs_of_job(const JobKey&) const override { return {}; }
  [[nodiscard]] std::vector<AllocRef> allocs_of_node(const NodeId&) const override { return {}; }
  [[nodiscard]] AllocRef alloc(const AllocId&) const override { return nullptr; }
  [[nodiscard]] scheduler::NodeRef node(const NodeId&) const override { return nullptr; }
  [[nodiscard]] scheduler::DeploymentRef latest_deployment(const JobKey&) const override {
    return nullptr;
  }
  [[nodiscard]] std::shared_ptr<const model::SchedulerConfiguration> scheduler_config()
      const override {
    return nullptr;
  }
  [[nodiscard]] std::shared_ptr<const model::NodePool> node_pool(
      const std::string&) const override {
    return nullptr;
  }

 private:
  JobRef job_;
};

// CPU and memory beside each GPU, and what a task takes of them by its share of it.
constexpr int mhz_per_gpu = 16000, mib_per_gpu = 65536;

class YurtPolicy final : public PackingPolicy {
 public:
  explicit YurtPolicy(const FleetOfGpus& fleet) {
    SeededRandom ids(7);
    std::vector<scheduler::NodeRef> nodes;
    for (std::size_t n = 0; n < fleet.nodes().size(); ++n) {
      const GpuNode& from = fleet.nodes()[n];
      auto node = std::make_shared<model::Node>();
      const NodeId id = NodeId::generate(ids);
      node->set_id(id.to_string());
      node->set_datacenter("dc1");
      node->set_node_pool("default");
      node->set_status("ready");
      node->set_scheduling_eligibility("eligible");
      auto& driver = (*node->mutable_drivers())["raw_exec"];
      driver.set_detected(true);
      driver.set_healthy(true);
      auto* resources = node->mutable_node_resources();
      const int gpus = static_cast<int>(from.gpus.size());
      resources->mutable_cpu()->set_cpu_shares(mhz_per_gpu * gpus);
      resources->mutable_memory()->set_memory_mb(mib_per_gpu * gpus);
      resources->mutable_disk()->set_disk_mb(4'000'000);
      auto* device = resources->add_devices();
      device->set_vendor("nvidia");
      device->set_type("gpu");
      device->set_name(from.model);
      auto& memory = (*device->mutable_attributes())["memory"];
      memory.set_int_(from.gpus.front().memory_gib * 1024);
      memory.set_unit("MiB");
      for (int g = 0; g < gpus; ++g) {
        auto* instance = device->add_instances();
        instance->set_id(std::to_string(g));
        instance->set_healthy(true);
        instance->set_memory_mib(from.gpus.front().memory_gib * 1024);
      }
      node->set_computed_class(scheduler::computed_class(*node));
      numbers_[id] = static_cast<int>(n);
      nodes.push_back(std::move(node));
    }
    view_.rebuild(nodes, {});
    newest_.rebuild(nodes, {});
  }

  std::optional<GpuPlace> place(const FleetOfGpus&, const GpuRequest& request,
                                int number) override {
    state_.set(job_for(request, number));
    model::Evaluation eval;
    SeededRandom random(static_cast<std::uint64_t>(number));
    eval.set_id(EvalId::generate(random).to_string());
    eval.set_namespace_("default");
    eval.set_job_id("job");
    eval.set_type("batch");
    eval.set_priority(50);
    const scheduler::Outcome outcome = scheduler::schedule({eval, state_, view_, 1, random});
    if (outcome.plan.place.empty()) return std::nullopt;
    YURT_ASSERT(scheduler::PlanVerifier(newest_).verify(outcome.plan, state_).complete());
    const AllocRef& alloc = outcome.plan.place.front();
    view_.apply_change(nullptr, alloc.get());
    newest_.apply_change(nullptr, alloc.get());
    running_[number] = alloc;
    GpuPlace place{numbers_.at(alloc->node), {}};
    for (const GrantedDevice& device : alloc->resources->devices) {
      place.gpus.push_back(std::stoi(device.instance.substr(device.instance.rfind('/') + 1)));
    }
    return place;
  }

  void left(int number) override {
    const auto at = running_.find(number);
    view_.apply_change(at->second.get(), nullptr);
    newest_.apply_change(at->second.get(), nullptr);
    running_.erase(at);
  }

 private:
  static JobRef job_for(const GpuRequest& request, int number) {
    auto job = std::make_shared<model::Job>();
    job->set_namespace_("default");
    job->set_id("job-" + std::to_string(number));
    job->set_type("batch");
    job->set_priority(50);
    job->add_datacenters("*");
    auto* group = job->add_group();
    group->set_name("work");
    group->set_count(1);
    auto* task = group->add_task();
    task->set_name("work");
    task->set_driver("raw_exec");
    const double gpus = request.whole() ? request.count : request.fraction;
    task->mutable_resources()->set_cpu(static_cast<int>(0.6 * mhz_per_gpu * gpus));
    task->mutable_resources()->set_memory(static_cast<int>(0.5 * mib_per_gpu * gpus));
    auto* device = task->mutable_resources()->add_device();
    device->set_name("nvidia/gpu");
    device->set_count(static_cast<std::uint64_t>(request.count));
    if (request.least_memory_gib > 0) {
      auto* constraint = device->add_constraint();
      constraint->set_attribute("${device.attr.memory}");
      constraint->set_operator_(">=");
      constraint->set_value(std::to_string(request.least_memory_gib) + " GiB");
    }
    if (!request.whole()) {
      device->mutable_share_devices()->set_memory(std::to_string(request.memory_gib) + "GiB");
      device->mutable_share_devices()->set_fraction(request.fraction);
    }
    return job;
  }

  OneJob state_;
  scheduler::ClusterView view_{scheduler::Counting::until_client_terminal};
  scheduler::ClusterView newest_{scheduler::Counting::until_server_terminal};
  std::unordered_map<NodeId, int> numbers_;
  std::map<int, AllocRef> running_;
};

}  // namespace

std::unique_ptr<PackingPolicy> first_fit() { return std::make_unique<FirstFit>(); }
std::unique_ptr<PackingPolicy> best_fit() { return std::make_unique<BestFit>(); }
std::unique_ptr<PackingPolicy> yurt_scheduler(const FleetOfGpus& fleet) {
  return std::make_unique<YurtPolicy>(fleet);
}

}  // namespace yurt::bench
