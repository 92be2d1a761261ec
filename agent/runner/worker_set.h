// WorkerSet: the life of one task as its allocation sees it: of its single run or, for a task with
// a workers block, of its several copies, each a TaskMachine with restarts of its own.
//
// With start = "serial" one copy at a time is on its way (models are loaded one after the other):
// they start in their order, each once all before it have been ready, and a copy that is restarted
// waits for its turn too. A copy that ends well stays ended while the others go on; one that fails
// for good ends the others, and the task has failed. The task has ended when all copies have.
//
// Pure, as TaskMachine is, with the same inputs; outcomes name the copy they are of, and so does
// TaskEffect::worker. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/runner/task_machine.h"

namespace yurt::agent {

// How long a copy must have run to count as ready where nothing checks it.
inline constexpr std::int64_t worker_settle_ns = nanoseconds_per_second;

// What an earlier process of this agent knew of a copy, and what has been found of it.
struct KnownCopy {
  RestartTracker tracker{};
  bool attached = false;           // its run was found at the driver, perhaps ended
  std::int64_t started_at_ns = 0;  // of that run
};

class WorkerSet {
 public:
  using Phase = TaskMachine::Phase;

  explicit WorkerSet(TaskSpec spec);

  // See TaskMachine::restore; `copies` by worker.
  void restore(const model::TaskState& state, const std::vector<KnownCopy>& copies, Instant now);
  // A new job version in place: the workers block stays what it was.
  void update(const TaskSpec& spec);
  // The allocation goes on here: what an earlier process had under way is taken up again.
  void resume(Instant now, TaskEffects& out);

  void received(Instant now);
  // Its turn has come. REQUIRES: waiting
  void begin(Instant now, TaskEffects& out);
  void prepared(std::size_t worker, Instant now, double fraction,
                const std::optional<PrepareFailure>& failure, TaskEffects& out);
  void started(std::size_t worker, Instant now, std::int64_t started_at_ns, TaskEffects& out);
  void start_failed(std::size_t worker, Instant now, double fraction, const Error& error,
                    TaskEffects& out);
  void exited(std::size_t worker, Instant now, double fraction, const drivers::ExitResult& result,
              TaskEffects& out);
  // A copy whose readiness is checked has become ready. No effect unless it runs.
  void became_ready(std::size_t worker, Instant now, TaskEffects& out);
  // The copy's run says whether it is at work: see TaskMachine::set_ready.
  void set_ready(std::size_t worker, bool ready) { copies_.at(worker).machine.set_ready(ready); }
  void kill(Instant now, const KillOrder& order, TaskEffects& out);
  // The health checks of one copy, or (nullopt) of all, fail: see TaskMachine::unhealthy.
  void unhealthy(std::optional<std::size_t> worker, Instant now, const std::string& reason,
                 TaskEffects& out);
  // One copy, or (nullopt) all. False when none of those is alive.
  bool restart(std::optional<std::size_t> worker, Instant now, const std::string& reason,
               TaskEffects& out);
  void reset();
  void note(std::size_t worker, Instant now, model::TaskEvent event);
  void report(const std::map<std::string, double>& metrics);
  // A worker was seen to use so much GPU memory; the most is kept. No effect without workers.
  void note_gpu_memory(std::size_t worker, std::int64_t bytes);
  void fail(Instant now, const model::TaskEvent& event, TaskEffects& out);
  void on_time(Instant now, TaskEffects& out);
  [[nodiscard]] std::optional<std::int64_t> wake_steady_ns() const;

  [[nodiscard]] const TaskSpec& spec() const { return spec_; }
  // Of all copies together: `running` when every copy does that has not ended well, and is ready.
  [[nodiscard]] Phase phase() const;
  // The same, and every run says that it is at work.
  [[nodiscard]] bool ready() const;
  [[nodiscard]] bool dead() const;
  [[nodiscard]] bool failed() const;        // one of them has, for good
  [[nodiscard]] bool runs() const;          // one of them does
  [[nodiscard]] bool ever_started() const;  // one of them has
  [[nodiscard]] bool all_started() const;   // every one of them has
  [[nodiscard]] const model::TaskState& state() const;

  [[nodiscard]] std::size_t size() const { return copies_.size(); }
  [[nodiscard]] const TaskMachine& copy(std::size_t worker) const {
    return copies_.at(worker).machine;
  }
  [[nodiscard]] bool ready(std::size_t worker) const { return copies_.at(worker).ready; }
  // Runs, and its readiness is to be looked for.
  [[nodiscard]] bool awaits_ready(std::size_t worker) const;

 private:
  struct Copy {
    explicit Copy(TaskSpec spec) : machine(std::move(spec)) {}
    TaskMachine machine;
    bool held = false;        // wants to be prepared and waits for its turn
    bool ready = false;       // now
    bool ever_ready = false;  // since the task began
    std::int64_t gpu_peak_bytes = 0;
    std::optional<std::int64_t> ready_at_steady_ns{};
  };

  [[nodiscard]] bool has_workers() const { return spec_.workers.has_value(); }
  [[nodiscard]] bool is_loading(const Copy& copy) const;
  [[nodiscard]] bool any_loading() const;
  // Calls f(machine, effects) on one copy and passes its effects on, or holds them back.
  template <typename F>
  auto with(std::size_t worker, Instant now, TaskEffects& out, F f);
  void pass_on(std::size_t worker, Instant now, const TaskEffects& effects, TaskEffects& out);
  // What follows for the others after one has changed.
  void settle(Instant now, TaskEffects& out);
  void admit(Instant now, TaskEffects& out);
  void set_ready(Copy& copy);
  void refresh();
  void merge_events();

  TaskSpec spec_;
  std::vector<Copy> copies_;
  bool begun_ = false;
  bool ending_ = false;  // a kill of all is under way
  // For tasks with workers only.
  model::TaskState own_;    // events and metrics that are no single copy's
  model::TaskState state_;  // what all add up to
  std::int64_t earlier_peak_bytes_ = 0;
  std::int64_t earlier_cpu_ns_ = 0;
};

}  // namespace yurt::agent
