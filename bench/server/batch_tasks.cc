#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "bench/machine/row.h"
#include "bench/machine/scratch_folder.h"
#include "bench/machine/spawn_limit.h"
#include "bench/server/api_client.h"
#include "bench/server/rows.h"
#include "bench/server/server_under_test.h"
#include "bench/server/workload.h"

namespace yurt::bench {

void measure_batch_tasks(const Arguments& arguments) {
  const int tasks = arguments.quick ? 2000 : 10'000;
  constexpr int parallel = 8;
  // The limit before and after, since a shared machine is not the same twice.
  const double before = spawns_per_second(2000, parallel);
  const ScratchFolder folder(arguments.folder, "server-bench");
  ServerUnderTest server(ServerUnderTest::Kind::dev, folder.path());
  server.start();
  const ApiClient api(server.address());
  api.wait_until_serving();
  api.wait_for_nodes(1);
  model::Job job = make_job({.name = "true", .count = tasks});
  // Small enough that hundreds fit at a time: the agent is to be the bottleneck, not its size.
  auto& resources = *job.mutable_group(0)->mutable_task(0)->mutable_resources();
  resources.set_cpu(10);
  resources.set_memory(10);
  job.mutable_group(0)->mutable_ephemeral_disk()->set_size(10);

  const SystemClock clock;
  const std::int64_t start_ns = clock.steady_ns();
  api.register_job(job, [](const std::string&) {});
  while (api.completed("true") < tasks) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const double seconds = static_cast<double>(clock.steady_ns() - start_ns) / 1e9;
  server.terminate();
  const double after = spawns_per_second(2000, parallel);
  print({.name = "batch_tasks_per_s",
         .value = tasks / seconds,
         .unit = "tasks/s",
         .aim = 800,
         .limit = (before + after) / 2},
        {{"tasks", tasks}, {"limit_is", "posix_spawn of /bin/true, eight at a time"}});
}

}  // namespace yurt::bench
