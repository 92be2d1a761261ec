// AllocRunner: one allocation on this node: its state machine, its tasks' runners, its folders and
// its place in the agent's store.
//
// Lives and is called on the loop's thread only, held by shared_ptr. It tells its owner of changes
// through `on_change`, which must not destroy it during the call.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/alloc_dir/alloc_dir.h"
#include "agent/checks/offered_services.h"
#include "agent/runner/alloc_machine.h"
#include "agent/runner/idle_rule.h"
#include "agent/runner/metrics_file.h"
#include "agent/runner/outputs.h"
#include "agent/runner/roll.h"
#include "agent/runner/runner_context.h"
#include "agent/runner/task_runner.h"
#include "proto/agent_stream.pb.h"

namespace yurt::agent {

// The metric under which a task's highest use of GPU memory (MiB, all its GPUs together) is kept.
inline constexpr const char* gpu_peak_metric = "gpu_memory_peak_mib";

// Runs found at the drivers when the agent started, by TaskConfig::id.
using FoundRuns = std::map<std::string, std::shared_ptr<drivers::Task>>;

class AllocRunner final : public std::enable_shared_from_this<AllocRunner>,
                          private TaskRunnerOwner,
                          private OfferedServicesOwner {
 public:
  struct Events {
    std::function<void(AllocRunner&)> on_change;  // its update() differs, or it has ended
  };

  AllocRunner(RunnerContext& context, model::Assignment assignment,
              std::shared_ptr<const model::Job> job, Events events);
  ~AllocRunner() override;

  // Its predecessor on this node has not ended: start() comes later.
  void wait_for_previous();
  // A new allocation, or one that was restored: goes on from where it stands. `previous` (or null)
  // is the one it replaces on this node, which has ended. Again: no effect.
  void start(const AllocRunner* previous);
  // One that an earlier process of this agent held. Takes its runs out of `found`. Apart from
  // start(), so that starts can wait for the servers.
  void restore(const StoredAlloc& stored, FoundRuns& found);

  // A newer assignment of the same allocation: another job version in place, or another desired
  // status (which the owner acts upon with stop()).
  void update(model::Assignment assignment, std::shared_ptr<const model::Job> job);
  void stop(const StopOrder& order);
  [[nodiscard]] Status restart(const std::string& task, bool all_tasks, const std::string& reason);
  [[nodiscard]] Status signal(const std::string& task, const std::string& signal_name);

  // There has been another look at the GPUs (RunnerContext::gpus): tasks on one that can't be used
  // any more fail, so that the servers place them elsewhere.
  void gpus_seen();

  [[nodiscard]] AllocId id() const { return id_; }
  [[nodiscard]] const model::Assignment& assignment() const { return *assignment_; }
  [[nodiscard]] const model::Job& job() const { return *job_; }
  [[nodiscard]] const model::TaskGroup& group() const { return *group_; }
  [[nodiscard]] const AllocDir& dir() const { return dir_; }
  [[nodiscard]] const AllocMachine& machine() const { return machine_; }
  // All tasks have ended and the allocation's secrets are gone.
  [[nodiscard]] bool terminal() const { return machine_.terminal(); }
  [[nodiscard]] std::int64_t terminal_at_wall_ns() const { return terminal_at_wall_ns_; }
  // It has been started here, or waits for nothing but its predecessor.
  [[nodiscard]] bool under_way() const { return under_way_ || waits_; }
  [[nodiscard]] bool ever_started() const;
  // What the servers should know.
  [[nodiscard]] model::AllocUpdate update_message() const;
  // The newest results of its health checks, as JSON.
  [[nodiscard]] std::string check_results() const;
  // What a name of a task, or of a worker ("<task>.<worker>"), stands for; nullopt: nothing.
  struct Named {
    std::size_t task = 0;
    std::optional<std::size_t> worker;  // given
  };
  [[nodiscard]] std::optional<Named> find(const std::string& name) const;
  // The driver's view of a copy; null when it does not run.
  [[nodiscard]] std::shared_ptr<drivers::Task> run_of(CopyRef copy) const;
  // The same of a task or worker by name; of a task with workers, that of the first that runs.
  [[nodiscard]] std::shared_ptr<drivers::Task> run_named(const std::string& name) const;

 private:
  void task_prepared(CopyRef copy, std::optional<PrepareFailure> failure) override;
  void task_started(CopyRef copy, std::int64_t started_at_ns) override;
  void task_start_failed(CopyRef copy, const Error& error) override;
  void task_exited(CopyRef copy, const drivers::ExitResult& result) override;
  void task_event(CopyRef copy, model::TaskEvent event) override;
  void task_ready(CopyRef copy, bool ready) override;
  void task_wants_restart(CopyRef copy, const std::string& reason) override;
  void task_failed_script(CopyRef copy, const std::string& error) override;
  void task_has_turn(CopyRef copy, const std::string& reason) override;
  // Follows a task that has restarted at its turn until it is healthy, or is not.
  void observe_roll();

  void services_changed() override;
  void check_wants_restart(const std::set<std::string>& tasks, const std::string& reason) override;
  std::shared_ptr<drivers::Task> running_task(const std::string& task) override {
    return run_named(task);
  }

  [[nodiscard]] AllocSpec spec() const;
  [[nodiscard]] Instant now() const { return Instant::now(context_.clock); }
  // Stores what changed, then carries the effects out, then tells the owner.
  void perform(const AllocEffects& effects);
  void store_progress();
  void set_timer();
  [[nodiscard]] std::string run_key(CopyRef copy) const;
  void restore_task(std::size_t task, const StoredAlloc& stored, FoundRuns& found);
  void watch_readiness();
  // Takes in what the task has reported since the last look; true when there was something.
  bool read_metrics(std::size_t task);
  void watch_metrics();
  void note_gpu_peak(std::size_t task, const std::vector<std::string>& ids);
  void watch_idleness();
  void act_on_idleness(std::size_t task, const IdleRule& rule);
  void set_jobs();
  // The tasks and workers that serve now.
  [[nodiscard]] std::set<std::string> serving_now(
      std::map<std::string, std::string>& addresses) const;
  // Offers the services whose tasks run now and withdraws the others.
  void offer_services();
  // Its folders are there, or could not be made.
  void begin(const Status& folders);
  // It has been looked for its outputs.
  void begin_without(const std::vector<std::string>& outputs, const OutputsAnswer& answer);
  // Notes that it has come, and with what it differs from the job.
  void receive();

  RunnerContext& context_;
  Events events_;
  const AllocId id_;
  std::shared_ptr<const model::Assignment> assignment_;
  std::shared_ptr<const model::Job> job_;
  const model::TaskGroup* group_ = nullptr;
  AllocDir dir_;
  AllocMachine machine_;
  std::vector<std::vector<std::shared_ptr<TaskRunner>>> tasks_;  // by task, by worker
  std::map<std::string, TaskRun> stored_runs_;                   // by run_key
  std::optional<Roll> roll_;
  Loop::TimerId roll_timer_ = 0;
  std::shared_ptr<OfferedServices> services_;   // null: the group has none
  std::set<std::string> serving_;               // the tasks that services_ was last told of
  bool services_stale_ = true;                  // the job or the assignment is another one
  std::map<std::size_t, MetricsFile> metrics_;  // of tasks that have started
  Loop::TimerId metrics_timer_ = 0;
  Loop::TimerId readiness_timer_ = 0;
  std::map<std::size_t, IdleRule> idle_rules_;  // of tasks with a watchdog
  std::set<std::size_t> failed_by_gpu_;
  struct GpuPeak {
    std::int64_t bytes = 0, told_bytes = 0, told_steady_ns = 0;
  };
  std::map<std::size_t, GpuPeak> gpu_peaks_;
  Loop::TimerId timer_ = 0;
  std::int64_t timer_at_ns_ = 0;
  std::int64_t terminal_at_wall_ns_ = 0;
  bool under_way_ = false;  // start() has come
  bool received_ = false;
  bool waits_ = false;  // for its predecessor
};

// The group `name` of `job`; null when it has none.
[[nodiscard]] const model::TaskGroup* find_group(const model::Job& job, const std::string& name);

}  // namespace yurt::agent
