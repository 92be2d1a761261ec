#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "bench/machine/row.h"
#include "bench/machine/scratch_folder.h"
#include "bench/server/api_client.h"
#include "bench/server/fleet.h"
#include "bench/server/rows.h"
#include "bench/server/server_under_test.h"
#include "bench/server/workload.h"

namespace yurt::bench {
namespace {

constexpr int under_way = 2000;

// When each job was registered and placed. Thread-safe.
class Stopwatch {
 public:
  explicit Stopwatch(int jobs) : started_ns_(static_cast<std::size_t>(jobs)) {}

  // Waits until fewer than `under_way` jobs are.
  void start(int job) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_ < under_way; });
    ++open_;
    started_ns_[static_cast<std::size_t>(job)] = clock_.steady_ns();
  }

  // The job is named "single-N".
  void placed(const std::string& job_id) {
    const std::int64_t now_ns = clock_.steady_ns();
    const auto job = static_cast<std::size_t>(std::stoll(job_id.substr(job_id.find('-') + 1)));
    const std::lock_guard lock(mutex_);
    if (started_ns_[job] == 0) return;  // told again
    taken_ns_.push_back(now_ns - started_ns_[job]);
    started_ns_[job] = 0;
    --open_;
    changed_.notify_all();
  }

  [[nodiscard]] std::vector<std::int64_t> wait_for_all() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_ == 0; });
    std::sort(taken_ns_.begin(), taken_ns_.end());
    return taken_ns_;
  }

 private:
  const SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int open_ = 0;
  std::vector<std::int64_t> started_ns_, taken_ns_;
};

}  // namespace

void measure_single_jobs(const Arguments& arguments) {
  const int agents = 5000, jobs = arguments.quick ? 10'000 : 100'000;
  const ScratchFolder folder(arguments.folder, "server-bench");
  ServerUnderTest server(ServerUnderTest::Kind::server, folder.path());
  server.start();
  const ApiClient api(server.address());
  api.wait_until_serving();
  Stopwatch stopwatch(jobs);
  Fleet fleet([&](const model::Assignment& assignment) { stopwatch.placed(assignment.job_id()); });
  fleet.connect(server.address(), agents);
  const SystemClock clock;
  const std::int64_t start_ns = clock.steady_ns();
  for (int i = 0; i < jobs; ++i) {
    const model::Job job = make_job({.name = "single-" + std::to_string(i)});
    stopwatch.start(i);
    api.register_job(job, [](const std::string&) {});
  }
  const auto taken_ns = stopwatch.wait_for_all();
  const double seconds = static_cast<double>(clock.steady_ns() - start_ns) / 1e9;
  const double p99_ms = static_cast<double>(taken_ns[taken_ns.size() * 99 / 100]) / 1e6;
  print({.name = "single_jobs_per_s",
         .value = jobs / seconds,
         .unit = "jobs/s",
         .aim = 7800,
         .sound = p99_ms < 1000},
        {{"jobs", jobs},
         {"agents", agents},
         {"placed_p50_ms", static_cast<double>(taken_ns[taken_ns.size() / 2]) / 1e6},
         {"placed_p99_ms", p99_ms}});
}

}  // namespace yurt::bench
