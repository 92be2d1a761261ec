#include <nlohmann/json.hpp>

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

constexpr double million = 1e6;

double seconds_since(std::int64_t start_ns) {
  return static_cast<double>(SystemClock().steady_ns() - start_ns) / 1e9;
}

struct Load {
  int agents, jobs, count;
  [[nodiscard]] std::int64_t allocations() const { return std::int64_t{jobs} * count; }
};

// Registers all jobs and waits until their allocations are placed, then until they run.
void place(const Load& load, const ApiClient& api, const Fleet& fleet, bool print_row) {
  const std::int64_t start_ns = SystemClock().steady_ns();
  std::atomic<int> registered = 0;
  std::atomic<double> registered_s = 0;
  for (int i = 0; i < load.jobs; ++i) {
    api.register_job(make_job({.name = "bulk-" + std::to_string(i), .count = load.count}),
                     [&, start_ns](const std::string&) {
                       if (++registered == load.jobs) registered_s = seconds_since(start_ns);
                     });
  }
  fleet.wait_assigned(load.allocations());
  const double placed_s = seconds_since(start_ns);
  fleet.wait_acknowledged(load.allocations());
  const double running_s = seconds_since(start_ns);
  if (!print_row) return;
  print({.name = "bulk_placement_per_s",
         .value = static_cast<double>(load.allocations()) / placed_s,
         .unit = "allocations/s",
         .aim = 50'000},
        {{"allocations", load.allocations()},
         {"agents", load.agents},
         {"jobs", load.jobs},
         {"jobs_registered_after_s", registered_s.load()},
         {"all_placed_after_s", placed_s},
         {"all_running_after_s", running_s}});
}

}  // namespace

void measure_million_allocations(const Arguments& arguments) {
  const Load load{5000, arguments.quick ? 100 : 1000, 1000};
  const ScratchFolder folder(arguments.folder, "server-bench");
  ServerUnderTest server(ServerUnderTest::Kind::server, folder.path());
  server.start();
  const double scale = million / static_cast<double>(load.allocations());
  {
    const ApiClient api(server.address());
    api.wait_until_serving();
    Fleet fleet;
    fleet.connect(server.address(), load.agents);
    const double before_mib = server.resident_mib();
    place(load, api, fleet, arguments.wants("bulk_placement_per_s"));
    const double after_mib = server.resident_mib();
    if (arguments.wants("rss_mib_per_million_allocs")) {
      print({.name = "rss_mib_per_million_allocs",
             .value = before_mib + (after_mib - before_mib) * scale,
             .unit = "MiB",
             .better = Better::lower,
             .aim = 1024},
            {{"allocations", load.allocations()},
             {"resident_mib", after_mib},
             {"before_the_jobs_mib", before_mib}});
    }
    if (!arguments.wants("restart_million_allocs_s")) return;
    // The agents go with the server: what is measured is the server alone.
    server.kill();
  }
  const std::int64_t start_ns = SystemClock().steady_ns();
  server.start();
  const ApiClient api(server.address());
  api.wait_until_serving();
  print({.name = "restart_million_allocs_s",
         .value = seconds_since(start_ns) * scale,
         .unit = "s",
         .better = Better::lower,
         .aim = 3},
        {{"allocations", load.allocations()}, {"resident_mib", server.resident_mib()}});
}

}  // namespace yurt::bench
