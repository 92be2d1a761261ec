// Leader: the duties of the leading server, started on gaining leadership and ended on losing it.
//
// Rebuilt from state alone; acts only by proposing commands, so that killing it at any instant
// loses nothing. It owns the broker, the blocked evaluations, the plan applier and the workers, and
// launches periodic jobs, and watches nodes' heartbeats, drains, deployments and garbage.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "server/broker/blocked_evals.h"
#include "server/broker/eval_broker.h"
#include "server/broker/plan_applier.h"
#include "server/broker/worker.h"
#include "server/leader/deployment_watcher.h"
#include "server/leader/garbage.h"
#include "server/leader/heartbeats.h"
#include "server/leader/history.h"
#include "server/leader/periodic.h"
#include "server/leader/variable_locks.h"
#include "server/proposer.h"
#include "server/timers.h"

namespace yurt::server {

struct LeaderSettings {
  int workers = 1;
  HeartbeatSettings heartbeats;
  GarbageSettings garbage;
  HistorySettings history;
  std::int64_t garbage_interval_ns = 300 * nanoseconds_per_second;
  std::int64_t root_key_age_ns = 720 * 3600 * nanoseconds_per_second;  // then it is rotated
};

class Keyring;

class Leader final : public ChangeListener {
 public:
  Leader(StateStore& store, Proposer& proposer, Timers& timers, Clock& clock, Random& random,
         Keyring& keyring, const LeaderSettings& settings);
  ~Leader() override;

  // Ends all duties; returns when no thread of theirs runs any more. Not from the apply thread.
  void stop();

  [[nodiscard]] Heartbeats& heartbeats() { return heartbeats_; }
  void collect_garbage(bool force, std::function<void(Status)> done);

  struct Figures {
    BrokerFigures broker;
    std::size_t blocked = 0;
    PlanApplier::Figures plans;
    std::size_t nodes_watched = 0;
  };
  [[nodiscard]] Figures figures() const;

  void on_changes(const ChangesRef& changes) override;

 private:
  // Timers outlive the leader: their calls find out here whether it is still there.
  struct Alive {
    std::mutex mutex;
    Leader* leader = nullptr;
  };

  void restore(const Snapshot& state);
  void every(std::int64_t interval_ns, void (Leader::*duty)());
  void note_freed(const AllocChange& change);
  void note_node(const NodeChange& change, std::uint64_t index);

  void retry_unblocked();
  void write_verdicts();
  void expire_nodes();
  void drain_nodes();
  void tend_deployments();
  void launch_periodic_jobs();
  void admit_children();
  void release_jobs();
  void look_again();
  void collect_old_garbage();
  void expire_locks();
  void tend_root_keys();
  void trim_history();

  void propose(model::Command command);
  void enqueue(const std::vector<EvalRef>& evals);

  StateStore& store_;
  Proposer& proposer_;
  Timers& timers_;
  Clock& clock_;
  Random& random_;
  Keyring& keyring_;
  const LeaderSettings settings_;
  Heartbeats heartbeats_;
  VariableLocks locks_;
  std::string root_key_trouble_;  // told last; of the timers' thread
  BlockedEvals blocked_;
  EvalBroker broker_;
  std::shared_ptr<DeploymentWatcher> deployments_;  // proposals that end late tell it
  std::unique_ptr<PlanApplier> applier_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::shared_ptr<Alive> alive_ = std::make_shared<Alive>();

  std::mutex mutex_;  // guards what the apply thread notes for the timers' thread
  std::set<NodeId> freed_nodes_;
  std::uint64_t freed_index_ = 0;
  std::vector<EvalRef> superseded_;
  std::set<JobKey> moved_lanes_;  // parents
  std::vector<SweepRef> moved_sweeps_;
  std::set<JobKey> moved_periodic_jobs_;
  bool jobs_moved_ = true;                      // since dependencies were looked at
  PeriodicLaunches periodic_;                   // of the timers' thread
  HistoryTrimming history_{settings_.history};  // of the timers' thread
  std::atomic<bool> draining_{false};
  bool stopped_ = false;
};

}  // namespace yurt::server
