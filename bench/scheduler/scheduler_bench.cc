// Measures the scheduler alone, on one thread, without server, Raft or disk; one JSON object a line
// on standard output.
//
//   scheduler_bench [--quick] [ROW...]
//
// Rows: scheduler_placements_per_s (1,000 jobs of 1,000 allocations over 5,000 nodes, binpack),
// scheduler_single_jobs_per_s (jobs of one allocation over 5,000 nodes), spread_cost_ratio (the
// bulk with a spread over datacenters and an affinity, as a multiple of the time without),
// scheduler_verified_per_s (placements the plan verifier checks). The limit of the first row is
// what it takes to make that many allocations, with IDs, and nothing else.
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/assert.h"
#include "bench/machine/arguments.h"
#include "bench/machine/row.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "scheduler/computed_class.h"
#include "scheduler/scheduler.h"
#include "scheduler/verify.h"

namespace {

using namespace yurt;
using namespace yurt::scheduler;

double seconds_of(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// Nodes of two sizes in ten datacenters, and the jobs; allocations are only in the views.
class State final : public StateView {
 public:
  explicit State(int nodes) {
    SeededRandom random(7);
    for (int i = 0; i < nodes; ++i) {
      auto node = std::make_shared<model::Node>();
      node->set_id(NodeId::generate(random).to_string());
      node->set_name("node-" + std::to_string(i));
      node->set_datacenter("dc" + std::to_string(i % 10));
      node->set_node_pool("default");
      node->set_status("ready");
      node->set_scheduling_eligibility("eligible");
      auto* resources = node->mutable_node_resources();
      resources->mutable_cpu()->set_cpu_shares(i % 2 == 0 ? 64000 : 32000);
      resources->mutable_memory()->set_memory_mb(i % 2 == 0 ? 262144 : 131072);
      resources->mutable_disk()->set_disk_mb(4'000'000);
      (*node->mutable_attributes())["kernel.name"] = "linux";
      (*node->mutable_attributes())["cpu.arch"] = i % 2 == 0 ? "amd64" : "arm64";
      auto& driver = (*node->mutable_drivers())["raw_exec"];
      driver.set_detected(true);
      driver.set_healthy(true);
      node->set_computed_class(computed_class(*node));
      nodes_.push_back(std::move(node));
    }
  }
  void add_job(int number, int count, bool spread) {
    auto job = std::make_shared<model::Job>();
    job->set_namespace_("default");
    job->set_id("job-" + std::to_string(number));
    job->set_type("batch");
    job->set_priority(50);
    job->add_datacenters("*");
    auto* constraint = job->add_constraint();
    constraint->set_attribute("${attr.kernel.name}");
    constraint->set_value("linux");
    auto* group = job->add_group();
    group->set_name("work");
    group->set_count(count);
    group->mutable_ephemeral_disk()->set_size(300);
    auto* task = group->add_task();
    task->set_name("work");
    task->set_driver("raw_exec");
    task->mutable_resources()->set_cpu(100);
    task->mutable_resources()->set_memory(300);
    if (spread) {
      job->add_spread()->set_attribute("${node.datacenter}");
      auto* affinity = job->add_affinity();
      affinity->set_attribute("${attr.cpu.arch}");
      affinity->set_value("amd64");
    }
    jobs_[job->id()] = std::move(job);
  }

  [[nodiscard]] const std::vector<NodeRef>& nodes() const { return nodes_; }
  [[nodiscard]] std::uint64_t index() const override { return 1; }
  [[nodiscard]] JobRef job(const JobKey& key) const override {
    const auto at = jobs_.find(key.id);
    return at == jobs_.end() ? nullptr : at->second;
  }
  [[nodiscard]] JobRef job_version(const JobKey& key, std::uint64_t) const override {
    return job(key);
  }
  [[nodiscard]] std::vector<AllocRef> allocs_of_job(const JobKey&) const override { return {}; }
  [[nodiscard]] std::vector<AllocRef> allocs_of_node(const NodeId&) const override { return {}; }
  [[nodiscard]] AllocRef alloc(const AllocId&) const override { return nullptr; }
  [[nodiscard]] NodeRef node(const NodeId&) const override { return nullptr; }
  [[nodiscard]] DeploymentRef latest_deployment(const JobKey&) const override { return nullptr; }
  [[nodiscard]] std::shared_ptr<const model::SchedulerConfiguration> scheduler_config()
      const override {
    return nullptr;
  }
  [[nodiscard]] std::shared_ptr<const model::NodePool> node_pool(
      const std::string&) const override {
    return nullptr;
  }

 private:
  std::vector<NodeRef> nodes_;
  std::unordered_map<std::string, JobRef> jobs_;
};

struct Measured {
  double schedule_s = 0, verify_s = 0;
  std::size_t placed = 0;
};

// One evaluation a job; each plan is verified and counted before the next.
Measured run(int nodes, int jobs, int count, bool spread) {
  State state(nodes);
  ClusterView view(Counting::until_client_terminal), newest(Counting::until_server_terminal);
  view.rebuild(state.nodes(), {});
  newest.rebuild(state.nodes(), {});
  PlanVerifier verifier(newest);
  SeededRandom ids(1);
  Measured measured;
  for (int i = 0; i < jobs; ++i) {
    state.add_job(i, count, spread);
    model::Evaluation eval;
    eval.set_id(EvalId::generate(ids).to_string());
    eval.set_namespace_("default");
    eval.set_job_id("job-" + std::to_string(i));
    eval.set_type("batch");
    eval.set_priority(50);
    SeededRandom random(static_cast<std::uint64_t>(i));
    const auto start = std::chrono::steady_clock::now();
    const Outcome outcome = schedule({eval, state, view, 1, random});
    const auto scheduled = std::chrono::steady_clock::now();
    const Verdict verdict = verifier.verify(outcome.plan, state);
    const auto verified = std::chrono::steady_clock::now();
    YURT_ASSERT(verdict.complete() && outcome.failed_groups.empty());
    for (const AllocRef& alloc : outcome.plan.place) {
      view.apply_change(nullptr, alloc.get());
      newest.apply_change(nullptr, alloc.get());
    }
    measured.schedule_s += seconds_of(scheduled - start);
    measured.verify_s += seconds_of(verified - scheduled);
    measured.placed += outcome.plan.place.size();
  }
  YURT_ASSERT(measured.placed == static_cast<std::size_t>(jobs) * static_cast<std::size_t>(count));
  return measured;
}

// The same number of allocations made without choosing anything.
double bare_allocations_per_s(int jobs, int count) {
  SeededRandom random(1);
  const auto resources = std::make_shared<const GrantedResources>();
  const auto job = std::make_shared<const model::Job>();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < jobs; ++i) {
    std::vector<AllocRef> made;
    for (int k = 0; k < count; ++k) {
      auto alloc = std::make_shared<Allocation>();
      alloc->id = AllocId::generate(random);
      alloc->job = job;
      alloc->resources = resources;
      made.push_back(std::move(alloc));
    }
  }
  return static_cast<double>(jobs) * count / seconds_of(std::chrono::steady_clock::now() - start);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Arguments settings = bench::parse_arguments(argc, argv);
  const int nodes = 5000, jobs = settings.quick ? 100 : 1000;
  const bool bulk_rows = settings.wants("scheduler_placements_per_s") ||
                         settings.wants("spread_cost_ratio") ||
                         settings.wants("scheduler_verified_per_s");
  if (bulk_rows) {
    const Measured plain = run(nodes, jobs, 1000, false);
    if (settings.wants("scheduler_placements_per_s")) {
      bench::print({.name = "scheduler_placements_per_s",
                    .value = static_cast<double>(plain.placed) / plain.schedule_s,
                    .unit = "allocations/s",
                    .aim = 100'000,
                    .limit = bare_allocations_per_s(jobs, 1000)},
                   {{"limit_is", "making the allocations, with IDs, and choosing nothing"}});
    }
    if (settings.wants("scheduler_verified_per_s")) {
      bench::print({.name = "scheduler_verified_per_s",
                    .value = static_cast<double>(plain.placed) / plain.verify_s,
                    .unit = "allocations/s",
                    .aim = 100'000},
                   {{"allocations", plain.placed}});
    }
    if (settings.wants("spread_cost_ratio")) {
      const Measured spread = run(nodes, jobs, 1000, true);
      bench::print({.name = "spread_cost_ratio",
                    .value = spread.schedule_s / plain.schedule_s,
                    .unit = "times",
                    .better = bench::Better::lower,
                    .aim = 2},
                   {{"allocations", spread.placed}});
    }
  }
  if (settings.wants("scheduler_single_jobs_per_s")) {
    const int singles = settings.quick ? 2000 : 20000;
    const Measured single = run(nodes, singles, 1, false);
    bench::print({.name = "scheduler_single_jobs_per_s",
                  .value = singles / single.schedule_s,
                  .unit = "jobs/s",
                  .aim = 7800},
                 {{"jobs", singles}});
  }
  return 0;
}
