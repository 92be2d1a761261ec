#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/assert.h"
#include "base/clock.h"
#include "base/unique_fd.h"
#include "bench/machine/disk_limit.h"
#include "bench/machine/row.h"
#include "bench/machine/scratch_folder.h"
#include "bench/server/api_client.h"
#include "bench/server/rows.h"
#include "bench/server/server_under_test.h"
#include "bench/server/workload.h"

namespace yurt::bench {

void measure_dispatch(const Arguments& arguments) {
  const int jobs = arguments.quick ? 100 : 500;
  const ScratchFolder folder(arguments.folder, "server-bench");
  // Two commits lie between call and start, one after the other: the job's and the placement's.
  const double limit_ms = 2 * 1000 / syncs_per_second(folder.path(), 1024, 2);
  const std::string pipe_path = (folder.path() / "started").string();
  YURT_ASSERT(::mkfifo(pipe_path.c_str(), 0600) == 0);
  // Open for both, so that the pipe outlives each task that writes to it.
  const UniqueFd pipe(::open(pipe_path.c_str(), O_RDWR | O_CLOEXEC));
  YURT_ASSERT(pipe.valid());
  ServerUnderTest server(ServerUnderTest::Kind::dev, folder.path());
  server.start();
  const ApiClient api(server.address());
  api.wait_until_serving();
  api.wait_for_nodes(1);

  const SystemClock clock;
  std::vector<double> taken_ms;
  for (int i = 0; i < jobs; ++i) {
    model::Job job = make_job({.name = "stamp-" + std::to_string(i), .command = EXEC_STAMP});
    auto& config = *job.mutable_group(0)->mutable_task(0)->mutable_config();
    (*config.mutable_fields())["args"].mutable_list_value()->add_values()->set_string_value(
        pipe_path);
    const std::int64_t asked_ns = clock.steady_ns();
    api.register_job(job, [](const std::string&) {});
    std::int64_t started_ns = 0;
    YURT_ASSERT(::read(pipe.get(), &started_ns, sizeof started_ns) == sizeof started_ns);
    taken_ms.push_back(static_cast<double>(started_ns - asked_ns) / 1e6);
    // Idle again before the next.
    while (api.completed(job.id()) < 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  server.terminate();
  std::sort(taken_ms.begin(), taken_ms.end());
  const double p50 = taken_ms[taken_ms.size() / 2], p99 = taken_ms[taken_ms.size() * 99 / 100];
  const nlohmann::ordered_json notes{{"jobs", jobs},
                                     {"least_ms", taken_ms.front()},
                                     {"most_ms", taken_ms.back()},
                                     {"limit_is", "two fdatasyncs, one after the other"}};
  const auto row = [&](const char* name, double value, double aim) {
    if (!arguments.wants(name)) return;
    print({.name = name,
           .value = value,
           .unit = "ms",
           .better = Better::lower,
           .aim = aim,
           .limit = limit_ms},
          notes);
  };
  row("dispatch_to_exec_p50_ms", p50, 5);
  row("dispatch_to_exec_p99_ms", p99, 20);
}

}  // namespace yurt::bench
