// ProjectRun: the life of a project whose containers have been made: starts each when what it
// depends on is there, restarts and gives up by the services' rules, stops all in reverse, and
// tells the end. The rules are in docs/compose.md.
//
// What is to be done next follows from the containers' states alone, so that an agent that takes a
// project over goes on in the same way: advance() looks at all of them, on one of the workers, as
// often as something has happened. Containers follow the Engine by themselves
// (drivers/docker/task/container.h). Held by shared_ptr; thread-safe.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "drivers/compose/logs/project_log.h"
#include "drivers/compose/project/project_plan.h"
#include "drivers/compose/project/project_record.h"
#include "drivers/docker/task/container.h"
#include "drivers/docker/task/services.h"
#include "drivers/driver.h"

namespace yurt::drivers::compose {

class ProjectRun : public std::enable_shared_from_this<ProjectRun> {
 public:
  // `log` null: the task's output is thrown away.
  ProjectRun(docker::Services& services, std::shared_ptr<const ProjectPlan> plan,
             ProjectRecord record, std::shared_ptr<ProjectLog> log);
  ~ProjectRun();

  // Goes on with containers just made, in the plan's order by their ids. `on_first`: the first of
  // them runs, or could not be started; called once, on a worker.
  void begin(const std::vector<std::string>& container_ids, std::function<void(Status)> on_first);
  // Finds the containers that an earlier agent has made.
  void take_over();
  // Nothing is known of it any more.
  void lose(const std::string& why);
  // No callback begins after this; waits for one that is running on another thread.
  void detach();

  [[nodiscard]] std::int64_t started_at_ns() const { return started_at_ns_; }
  [[nodiscard]] const std::string& task_id() const { return plan_->task.id; }
  void on_exit(std::function<void(const ExitResult&)> callback);
  void on_ready(std::function<void(bool ready)> callback);
  [[nodiscard]] Status signal(int number);
  [[nodiscard]] Status stop(int signal_number, std::int64_t timeout_ns);
  [[nodiscard]] Status destroy();
  [[nodiscard]] Result<TaskStats> stats();
  [[nodiscard]] Result<std::unique_ptr<ExecSession>> exec(const ExecRequest& request,
                                                          ExecEvents events);

 private:
  enum class Phase {
    unknown,   // to be found
    made,      // not started yet
    starting,  // its start is under way
    running,
    ended,    // what that means is to be decided
    waiting,  // for its restart
    done,     // for good
  };
  struct Slot {
    const PlannedContainer* planned = nullptr;
    std::string container_id;
    Phase phase = Phase::unknown;
    std::shared_ptr<docker::Container> container;
    std::shared_ptr<docker::Container> before;  // its last run; let go of outside the lock
    bool ever_started = false;
    bool start_sent = false;  // REQUIRES: starting
    bool stop_sent = false;
    std::string health;  // "", starting, healthy, unhealthy
    ExitResult result;
    int restarts = 0;
    std::int64_t restart_at_ns = 0;  // steady
    // Statistics of the last sample.
    std::int64_t sampled_cpu_ns = 0;
    std::int32_t main_process = 0;
  };

  // All with mutex_ held unless they say otherwise.
  [[nodiscard]] bool stopping() const { return record_.stop.has_value() || failure_.has_value(); }
  [[nodiscard]] bool over() const;
  void wake_later(std::int64_t delay_ns);
  void decide(Slot& slot);
  void fail(ExitResult failure);
  enum class Readiness { ready, not_yet, never };
  [[nodiscard]] Readiness readiness(const Slot& slot, std::string& why) const;
  [[nodiscard]] Readiness readiness_of(const Dependency& dependency, std::string& why) const;
  // Who asks for the containers' health, and how often; 0 = nobody.
  [[nodiscard]] std::int64_t health_poll_ns() const;
  // Every service runs, or has done its work, and none of those with a healthcheck is unwell.
  [[nodiscard]] bool is_ready() const;
  void tell_readiness_later();
  void start_ready();
  void stop_ready();
  void end_when_over();
  [[nodiscard]] ExitResult whole_result() const;
  void tell_later();

  // Without it.
  void advance_later();
  void advance();
  void look_up();
  void start_slot(std::size_t index);
  void follow(std::size_t index);
  void slot_ended(std::size_t index, const docker::Container* container, const ExitResult& result);
  void poll_health();
  void tell();
  void tell_readiness();
  void first(const Status& outcome);
  void say(const Slot& slot, const std::string& text);

  docker::Services& services_;
  const std::shared_ptr<const ProjectPlan> plan_;
  const std::shared_ptr<ProjectLog> log_;
  const ProjectFolder folder_;
  const std::int64_t started_at_ns_;  // Unix
  const SystemClock clock_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  ProjectRecord record_;
  std::vector<Slot> slots_;
  bool known_ = false;  // no slot is unknown
  bool advancing_ = false;
  bool advance_again_ = false;
  bool polling_ = false;
  bool destroying_ = false;
  bool detached_ = false;
  std::int64_t retry_ns_ = 0;
  std::optional<ExitResult> failure_;  // the first; what the project ends with
  std::int64_t stop_deadline_ns_ = 0;  // steady; REQUIRES: record_.stop
  std::function<void(Status)> on_first_;
  std::optional<ExitResult> result_;
  bool callback_running_ = false;
  std::vector<std::function<void(const ExitResult&)>> callbacks_;
  std::vector<std::function<void(bool)>> ready_callbacks_;
  std::optional<bool> told_ready_;
  std::int64_t sampled_steady_ns_ = 0;
};

}  // namespace yurt::drivers::compose
