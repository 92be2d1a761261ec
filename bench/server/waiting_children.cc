#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
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

constexpr int callers = 64;

// The children that were given to the agent, in order. Thread-safe.
class Arrivals {
 public:
  void arrived(const std::string& job) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(job);
    changed_.notify_all();
  }
  // Waits for number `count`.
  std::string wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return jobs_.size() >= count; });
    return jobs_[count - 1];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> jobs_;
};

void dispatch_all(const ApiClient& api, int children) {
  std::atomic<int> left = children;
  std::vector<std::thread> threads;
  for (int i = 0; i < callers; ++i) {
    threads.emplace_back([&] {
      while (left.fetch_sub(1) > 0) {
        model::JobDispatchRequest request;
        model::JobDispatchResponse response;
        request.set_job_id("train");
        (*request.mutable_meta())["lr"] = "0.1";
        api.call("DispatchJob", request, response);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

void stop(const ApiClient& api, const std::string& job) {
  model::JobDeregisterRequest request;
  model::JobDeregisterResponse response;
  request.set_job_id(job);
  api.call("DeregisterJob", request, response);
}

}  // namespace

void measure_waiting_children(const Arguments& arguments) {
  const int children = arguments.quick ? 10'000 : 100'000;
  constexpr std::size_t places = 20;
  const ScratchFolder folder(arguments.folder, "server-bench");
  ServerUnderTest server(ServerUnderTest::Kind::server, folder.path());
  server.start();
  const ApiClient api(server.address());
  api.wait_until_serving();
  Arrivals arrivals;
  Fleet fleet([&](const model::Assignment& given) { arrivals.arrived(given.job_id()); });
  fleet.connect(server.address(), 1);
  model::Job job = make_job({.name = "train"});
  job.mutable_parameterized()->set_max_running(1);
  job.mutable_parameterized()->add_meta_required("lr");
  model::JobRegisterRequest registration;
  model::JobRegisterResponse registered;
  *registration.mutable_job() = job;
  api.call("RegisterJob", registration, registered);
  dispatch_all(api, callers);  // what the first ones make room for is not the children's
  const double before_mib = server.resident_mib();

  const SystemClock clock;
  const std::int64_t start_ns = clock.steady_ns();
  dispatch_all(api, children);
  const double seconds = static_cast<double>(clock.steady_ns() - start_ns) / 1e9;
  const double after_mib = server.resident_mib();
  print({.name = "dispatches_per_s", .value = children / seconds, .unit = "dispatches/s"},
        {{"children", children}, {"callers", callers}});
  print({.name = "bytes_per_waiting_child",
         .value = (after_mib - before_mib) * (1 << 20) / children,
         .unit = "bytes",
         .better = Better::lower},
        {{"children", children}});

  std::vector<double> taken_ms;
  for (std::size_t i = 1; i <= places; ++i) {
    const std::string running = arrivals.wait_for(i);
    const std::int64_t ended_ns = clock.steady_ns();
    stop(api, running);
    static_cast<void>(arrivals.wait_for(i + 1));
    taken_ms.push_back(static_cast<double>(clock.steady_ns() - ended_ns) / 1e6);
  }
  std::sort(taken_ms.begin(), taken_ms.end());
  print({.name = "waiting_100k_place_next_ms",
         .value = taken_ms[places / 2],
         .unit = "ms",
         .better = Better::lower},
        {{"waiting", children}, {"least_ms", taken_ms.front()}, {"most_ms", taken_ms.back()}});
}

}  // namespace yurt::bench
