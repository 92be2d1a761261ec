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

namespace yurt::bench {
namespace {

// Polls: the broker's end is nobody's event.
void wait_until(const std::function<bool()>& reached) {
  while (!reached()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

}  // namespace

void measure_eval_storm(const Arguments& arguments) {
  const int agents = 1000, jobs = arguments.quick ? 2000 : 10'000;
  const ScratchFolder folder(arguments.folder, "server-bench");
  ServerUnderTest server(ServerUnderTest::Kind::server, folder.path());
  server.start();
  const ApiClient api(server.address());
  api.wait_until_serving();
  for (int i = 0; i < jobs; ++i) {
    api.register_job(make_job({.name = "waiting-" + std::to_string(i), .type = "service"}),
                     [](const std::string&) {});
  }
  wait_until([&] { return api.evaluations("blocked") == jobs; });

  const SystemClock clock;
  const std::int64_t start_ns = clock.steady_ns();
  const auto seconds = [&] { return static_cast<double>(clock.steady_ns() - start_ns) / 1e9; };
  Fleet fleet;
  fleet.connect(server.address(), agents);
  const double connected_s = seconds();
  fleet.wait_assigned(jobs);
  const double placed_s = seconds();
  wait_until([&] { return api.evaluations("blocked") + api.evaluations("pending") == 0; });
  print({.name = "eval_storm_drain_s",
         .value = seconds() * 10'000 / jobs,
         .unit = "s",
         .better = Better::lower,
         .aim = 5},
        {{"evaluations", jobs},
         {"agents", agents},
         {"agents_connected_after_s", connected_s},
         {"all_placed_after_s", placed_s}});
}

}  // namespace yurt::bench
