#include <nlohmann/json.hpp>

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

// How many nodes are still being drained, from the list of nodes.
int draining(const ApiClient& api) {
  model::NodeListRequest request;
  model::NodeListResponse response;
  api.call("ListNodes", request, response);
  int count = 0;
  for (const auto& node : response.nodes()) count += node.drain() ? 1 : 0;
  return count;
}

}  // namespace

void measure_drain(const Arguments& arguments) {
  const int agents = arguments.quick ? 1000 : 5000, nodes = agents / 5;
  // All of it lies on the nodes that are drained: the rest joins when it is placed.
  const int jobs = nodes, count = 100;
  const ScratchFolder folder(arguments.folder, "server-bench");
  ServerUnderTest server(ServerUnderTest::Kind::server, folder.path());
  server.start();
  const ApiClient api(server.address());
  api.wait_until_serving();
  Fleet fleet;
  fleet.connect(server.address(), agents);

  const auto set_eligible = [&](int node, bool eligible) {
    model::NodeEligibilityRequest request;
    model::NodeUpdateResponse response;
    request.set_node_id(fleet.node_id(static_cast<std::size_t>(node)));
    request.set_eligibility(eligible ? "eligible" : "ineligible");
    api.call("SetNodeEligibility", request, response);
  };
  for (int i = nodes; i < agents; ++i) set_eligible(i, false);
  for (int i = 0; i < jobs; ++i) {
    api.register_job(make_job({.name = "service-" + std::to_string(i),
                               .type = "service",
                               .count = count,
                               .migrate_parallel = count / 10}),
                     [](const std::string&) {});
  }
  const std::int64_t allocations = std::int64_t{jobs} * count;
  fleet.wait_acknowledged(allocations);
  for (int i = nodes; i < agents; ++i) set_eligible(i, true);

  const SystemClock clock;
  const std::int64_t start_ns = clock.steady_ns();
  const auto seconds = [&] { return static_cast<double>(clock.steady_ns() - start_ns) / 1e9; };
  for (int i = 0; i < nodes; ++i) {
    model::NodeDrainRequest request;
    model::NodeUpdateResponse response;
    request.set_node_id(fleet.node_id(static_cast<std::size_t>(i)));
    request.mutable_drain_spec()->set_deadline(3600 * nanoseconds_per_second);
    api.call("DrainNode", request, response);
  }
  const double asked_s = seconds();
  fleet.wait_stopped(allocations);
  const double stopped_s = seconds();
  while (draining(api) > 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  print({.name = "drain_1000_nodes_s",
         .value = seconds() * 1000 / nodes,
         .unit = "s",
         .better = Better::lower,
         .aim = 60},
        {{"nodes", nodes},
         {"agents", agents},
         {"allocations", allocations},
         {"drains_asked_after_s", asked_s},
         {"all_stopped_after_s", stopped_s}});
}

}  // namespace yurt::bench
