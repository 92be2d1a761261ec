// raft_sim: seed in, verdict out.
//
//   raft_sim [--nodes N] [--seeds COUNT] [--seed FIRST] [--trace] [--mutation NAME]
//
// Runs COUNT simulated clusters of N founding servers, with seeds FIRST, FIRST + 1, ... Ends with 1
// at the first broken invariant, and names its seed; `--seed S --trace` then shows that run.
// A mutation breaks the core on purpose (raft/core/mutations.h).
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "raft/sim/mutation_names.h"
#include "raft/sim/simulator.h"

int main(int argc, char** argv) {
  using namespace yurt::raft::sim;
  CLI::App app(
      "Simulates Raft clusters in virtual time and checks the invariants of docs/raft.md.");
  int nodes = 3;
  std::uint64_t seeds = 1, first = 1;
  bool trace = false;
  std::string mutation;
  app.add_option("--nodes", nodes, "servers that found the cluster")->check(CLI::Range(1, 9));
  app.add_option("--seeds", seeds, "how many clusters to run");
  app.add_option("--seed", first, "the first seed");
  app.add_flag("--trace", trace, "print everything that happens");
  app.add_option("--mutation", mutation, "break the core on purpose");
  CLI11_PARSE(app, argc, argv);
  yurt::raft::Mutations mutations;
  for (const auto& each : all_mutations()) {
    if (mutation == each.name) mutations.*each.flag = true;
  }

  Verdict total;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    // Said before the run: an assertion inside the core ends the program.
    if (isatty(STDERR_FILENO) || seed == first || seed % 100 == 0 || seeds == 1) {
      fmt::print(stderr, "seed {}\r", seed);
    }
    SimOptions options = random_options(seed, nodes);
    options.mutations = mutations;
    Simulator simulator(options, trace ? [](const std::string& line) { fmt::print("{}\n", line); }
                                       : std::function<void(const std::string&)>());
    const Verdict verdict = simulator.run();
    if (verdict.violation) {
      fmt::print("seed {} with {} nodes FAILED {}\n", seed, nodes, *verdict.violation);
      return 1;
    }
    total.steps += verdict.steps;
    total.acknowledged_writes += verdict.acknowledged_writes;
    total.reads += verdict.reads;
    total.elections += verdict.elections;
    total.crashes += verdict.crashes;
    total.snapshots += verdict.snapshots;
    total.membership_changes += verdict.membership_changes;
    total.transfers += verdict.transfers;
    total.committed += verdict.committed;
  }
  fmt::print(
      "{} seeds with {} nodes: sound. {} steps, {} entries committed, {} writes acknowledged, {} "
      "reads, {} elections, {} crashes, {} snapshots, {} membership changes asked, {} leaderships "
      "handed over\n",
      seeds, nodes, total.steps, total.committed, total.acknowledged_writes, total.reads,
      total.elections, total.crashes, total.snapshots, total.membership_changes, total.transfers);
  return 0;
}
