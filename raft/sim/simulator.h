// Simulator: a cluster of cores in virtual time, on a network and disks that misbehave.
//
// Everything that happens follows from SimOptions, the seed included: the same options, the same
// run. After a faulty time comes a calm one, in which the cluster must recover: elect a leader,
// commit, and bring every member to the same state. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "raft/sim/agenda.h"
#include "raft/sim/history.h"
#include "raft/sim/invariants.h"
#include "raft/sim/sim_options.h"
#include "raft/sim/sim_server.h"

namespace yurt::raft::sim {

// What a run came to. The counts tell whether it exercised anything.
struct Verdict {
  Violation violation;  // the first broken invariant, with the time; none: the run was sound
  std::uint64_t steps = 0;
  std::uint64_t acknowledged_writes = 0;
  std::uint64_t reads = 0;
  std::uint64_t elections = 0;
  std::uint64_t crashes = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t membership_changes = 0;
  std::uint64_t transfers = 0;
  Index committed = 0;
};

class Simulator {
 public:
  // `trace` is given a line for each thing that happens; may be empty.
  explicit Simulator(const SimOptions& options,
                     std::function<void(const std::string&)> trace = nullptr);
  // Runs once, to the end or to the first violation.
  [[nodiscard]] Verdict run();

 private:
  // simulator.cc: servers
  void start(SimServer& server);
  void crash(SimServer& server);
  void give(SimServer& server, Event event);
  void plan_wake(SimServer& server);
  void wake(SimServer& server);
  void tick(SimServer& server);
  void on_server(SimServer& server, std::int64_t delay_ns, std::function<void(SimServer&)> action);
  void plan_sync(SimServer& server);
  void plan_apply(SimServer& server);
  void acknowledge(SimServer& server, const Entry& entry);

  // output.cc: what a core wants done
  void carry_out(SimServer& server);
  void check_state(SimServer& server);
  void hand_in(SimServer& server, Write write, const ServerView& view);
  void send(SimServer& server, const Message& message);
  void send_snapshot(SimServer& server, const SendSnapshot& wanted);
  void deliver_snapshot(SimServer& server, PeerId from, Term term, const SimSnapshot& snapshot);
  void install(SimServer& server, const SnapshotMeta& meta);
  [[nodiscard]] ServerView view(SimServer& server) const;
  [[nodiscard]] const SimDisk* disk_of(PeerId id) const;
  void note(Violation violation);

  // weather.cc: faults
  void plan_faults();
  void every(std::int64_t mean_ns, std::function<void()> action);
  void cut_links();
  void cut_for(std::vector<std::pair<PeerId, PeerId>> links, std::int64_t lasts_ns);
  void calm_down();
  [[nodiscard]] std::int64_t around(std::int64_t typical_ns);
  [[nodiscard]] bool chance(double probability);
  [[nodiscard]] SimServer& any_server();
  [[nodiscard]] SimServer& victim();

  // callers.cc: what the cluster is used for
  void plan_callers();
  void propose(SimServer& server);
  void read(SimServer& server);
  void change_membership();
  void transfer_leadership();
  void compact(SimServer& server);
  [[nodiscard]] SimServer* leader();
  [[nodiscard]] Violation unfinished();

  void say(const std::string& line) {
    if (trace_) trace_(line);
  }

  SimOptions options_;
  std::function<void(const std::string&)> trace_;
  SeededRandom random_;
  Agenda agenda_;
  std::map<PeerId, SimServer> servers_;
  Configuration founders_;
  History history_;
  Verdict verdict_;
  bool faulty_ = true;                       // the faulty time is not over
  std::set<std::pair<PeerId, PeerId>> cut_;  // links from → to that deliver nothing
  std::uint64_t next_token_ = 1;
};

}  // namespace yurt::raft::sim
