// Measures how well GPUs are packed: one JSON object a line on standard output.
//
//   packing_bench [--quick] [ROW...]
//
// A simulated fleet of four models of GPUs gets a mixed trace of slices and whole GPUs, once by
// first-fit, once by best-fit and once by Yurt's scheduler. Fragmentation is the capacity that is
// free and that a request of the trace's mix could not use, averaged over the mix and over time.
// Rows: gpu_fragmentation_vs_first_fit and gpu_fragmentation_vs_best_fit, Yurt's as a share of
// theirs. Nothing here depends on the machine's speed.
#include <nlohmann/json.hpp>
#include <queue>

#include "bench/machine/arguments.h"
#include "bench/machine/row.h"
#include "bench/packing/fleet_of_gpus.h"
#include "bench/packing/policies.h"
#include "bench/packing/trace.h"

namespace {

using namespace yurt::bench;

struct Packing {
  double fragmentation = 0;  // share of the fleet's capacity
  double used = 0;           // share of the fleet's capacity
  double refused = 0;        // share of the requests
};

struct Departure {
  double at;
  int number;
  bool operator>(const Departure& other) const { return at > other.at; }
};

double fragmentation_of(const FleetOfGpus& fleet) {
  double sum = 0;
  for (const GpuRequest& request : gpu_request_mix()) {
    sum += request.weight * fleet.unusable_for(request);
  }
  return sum / fleet.capacity();
}

Packing run(const std::vector<GpuArrival>& trace, FleetOfGpus fleet, PackingPolicy& policy) {
  struct Running {
    GpuPlace place;
    std::size_t kind;
  };
  std::vector<Running> running(trace.size());
  std::priority_queue<Departure, std::vector<Departure>, std::greater<>> departures;
  // The fleet fills up first.
  const double measured_from = trace.back().at / 4;
  Packing packing;
  double last = measured_from;
  std::size_t refused = 0, asked = 0;
  const auto pass = [&](double until) {
    if (until <= last) return;
    packing.fragmentation += (until - last) * fragmentation_of(fleet);
    packing.used += (until - last) * (1 - fleet.free() / fleet.capacity());
    last = until;
  };
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const GpuArrival& arrival = trace[i];
    while (!departures.empty() && departures.top().at <= arrival.at) {
      const Departure departure = departures.top();
      departures.pop();
      pass(departure.at);
      const Running& gone = running[static_cast<std::size_t>(departure.number)];
      fleet.give_back(gone.place, gpu_request_mix()[gone.kind]);
      policy.left(departure.number);
    }
    pass(arrival.at);
    const GpuRequest& request = gpu_request_mix()[arrival.kind];
    const auto place = policy.place(fleet, request, static_cast<int>(i));
    if (arrival.at > measured_from) {
      ++asked;
      refused += place ? 0 : 1;
    }
    if (!place) continue;
    fleet.take(*place, request);
    running[i] = {*place, arrival.kind};
    departures.push({arrival.at + arrival.stays, static_cast<int>(i)});
  }
  const double time = last - measured_from;
  packing.fragmentation /= time;
  packing.used /= time;
  packing.refused = static_cast<double>(refused) / static_cast<double>(asked);
  return packing;
}

nlohmann::ordered_json shown(const Packing& packing) {
  return {{"fragmentation", packing.fragmentation},
          {"used", packing.used},
          {"refused", packing.refused}};
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments settings = parse_arguments(argc, argv);
  constexpr double load = 0.85;
  const FleetOfGpus fleet;
  const auto trace = gpu_trace(settings.quick ? 8'000 : 30'000, load, fleet.capacity(), 11);
  const Packing first = run(trace, fleet, *first_fit());
  const Packing best = run(trace, fleet, *best_fit());
  const Packing own = run(trace, fleet, *yurt_scheduler(fleet));
  const nlohmann::ordered_json notes{{"requests", trace.size()},  {"load", load},
                                     {"gpus", fleet.capacity()},  {"yurt", shown(own)},
                                     {"first_fit", shown(first)}, {"best_fit", shown(best)}};
  if (settings.wants("gpu_fragmentation_vs_first_fit")) {
    print({.name = "gpu_fragmentation_vs_first_fit",
           .value = own.fragmentation / first.fragmentation,
           .unit = "times",
           .better = Better::lower,
           .aim = 0.6},
          notes);
  }
  if (settings.wants("gpu_fragmentation_vs_best_fit")) {
    print({.name = "gpu_fragmentation_vs_best_fit",
           .value = own.fragmentation / best.fragmentation,
           .unit = "times",
           .better = Better::lower,
           .aim = 1},
          notes);
  }
  return 0;
}
