#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "bench/machine/row.h"
#include "bench/machine/scratch_folder.h"
#include "bench/server/api_client.h"
#include "bench/server/fleet.h"
#include "bench/server/rows.h"
#include "bench/server/server_under_test.h"
#include "bench/server/workload.h"
#include "proto/api.pb.h"

namespace yurt::bench {
namespace {

void register_swept_job(const ApiClient& api, int max_running) {
  model::Job job = make_job({.name = "swept"});
  auto& resources = *job.mutable_group(0)->mutable_task(0)->mutable_resources();
  resources.set_cpu(10);
  resources.set_memory(10);
  job.mutable_group(0)->mutable_ephemeral_disk()->set_size(10);
  job.mutable_parameterized()->set_max_running(max_running);
  job.mutable_parameterized()->add_meta_required("n");
  model::JobRegisterRequest request;
  model::JobRegisterResponse response;
  *request.mutable_job() = std::move(job);
  api.call("RegisterJob", request, response);
}

// Starts a sweep of that many trials; its ID.
std::string start_sweep(const ApiClient& api, int trials) {
  model::SweepStartRequest request;
  model::SweepStartResponse response;
  request.set_job_id("swept");
  request.mutable_sweep()->set_method("grid");
  auto* parameter = request.mutable_sweep()->add_parameter();
  parameter->set_name("n");
  parameter->set_from(1);
  parameter->set_to(trials);
  parameter->set_step(1);
  api.call("StartSweep", request, response);
  return response.sweep_id();
}

model::SweepRecord read_sweep(const ApiClient& api, const std::string& id) {
  model::SweepReadRequest request;
  model::SweepReadResponse response;
  request.set_sweep_id(id);
  api.call("ReadSweep", request, response);
  return response.sweep();
}

}  // namespace

void measure_sweep_dispatch(const Arguments& arguments) {
  const int trials = arguments.quick ? 10'000 : 100'000, agents = 1000;
  const ScratchFolder folder(arguments.folder, "server-bench");
  ServerUnderTest server(ServerUnderTest::Kind::server, folder.path());
  server.start();
  const ApiClient api(server.address());
  api.wait_until_serving();
  Fleet fleet;
  fleet.connect(server.address(), agents);
  register_swept_job(api, trials);
  const SystemClock clock;
  const std::int64_t start_ns = clock.steady_ns();
  static_cast<void>(start_sweep(api, trials));
  fleet.wait_assigned(trials);
  const double seconds = static_cast<double>(clock.steady_ns() - start_ns) / 1e9;
  print({.name = "sweep_dispatches_per_s", .value = trials / seconds, .unit = "trials/s"},
        {{"trials", trials}, {"agents", agents}});
}

void measure_sweep_tasks(const Arguments& arguments) {
  const int trials = arguments.quick ? 1000 : 10'000;
  constexpr int lane = 200;
  const ScratchFolder folder(arguments.folder, "server-bench");
  ServerUnderTest server(ServerUnderTest::Kind::dev, folder.path());
  server.start();
  const ApiClient api(server.address());
  api.wait_until_serving();
  api.wait_for_nodes(1);
  register_swept_job(api, lane);
  const SystemClock clock;
  const std::int64_t start_ns = clock.steady_ns();
  const std::string id = start_sweep(api, trials);
  std::vector<double> reads_ms;
  for (bool over = false; !over;) {
    const std::int64_t asked_ns = clock.steady_ns();
    over = read_sweep(api, id).status() != "running";
    reads_ms.push_back(static_cast<double>(clock.steady_ns() - asked_ns) / 1e6);
    if (!over) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const double seconds = static_cast<double>(clock.steady_ns() - start_ns) / 1e9;
  const model::SweepRecord sweep = read_sweep(api, id);
  server.terminate();
  std::sort(reads_ms.begin(), reads_ms.end());
  print({.name = "sweep_10000_true_s",
         .value = seconds * 10'000 / trials,
         .unit = "s",
         .better = Better::lower,
         .sound = sweep.complete() == static_cast<std::uint32_t>(trials)},
        {{"trials", trials},
         {"lane", lane},
         {"status_p50_ms", reads_ms[reads_ms.size() / 2]},
         {"status_most_ms", reads_ms.back()}});
}

}  // namespace yurt::bench
