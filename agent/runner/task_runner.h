// TaskRunner: carries out what a TaskMachine decides for one copy of a task (its only one, or one
// of its workers), between the worker pools, the driver and the loop, and tells its owner the
// outcomes.
//
// Lives and is called on the loop's thread only. Callbacks of drivers and workers find it through
// weak references: what comes in after its end is dropped.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "agent/runner/runner_context.h"
#include "agent/runner/task_machine.h"
#include "agent/runner/task_materials.h"
#include "agent/runner/task_preparation.h"
#include "agent/runner/worker_rules.h"

namespace yurt::agent {

// The owner of a TaskRunner. Called on the loop's thread, never from inside a call to TaskRunner.
class TaskRunnerOwner {
 public:
  virtual ~TaskRunnerOwner() = default;
  virtual void task_prepared(CopyRef copy, std::optional<PrepareFailure> failure) = 0;
  virtual void task_started(CopyRef copy, std::int64_t started_at_ns) = 0;
  virtual void task_start_failed(CopyRef copy, const Error& error) = 0;
  virtual void task_exited(CopyRef copy, const drivers::ExitResult& result) = 0;
  virtual void task_event(CopyRef copy, model::TaskEvent event) = 0;
  // The run says whether it is at work.
  virtual void task_ready(CopyRef copy, bool ready) = 0;
  // A template changed and asks for this.
  virtual void task_wants_restart(CopyRef copy, const std::string& reason) = 0;
  virtual void task_failed_script(CopyRef copy, const std::string& error) = 0;
  // The same, and it is the task's turn: how it goes is to be told with turn_ended().
  virtual void task_has_turn(CopyRef copy, const std::string& reason) = 0;
};

class TaskRunner : public std::enable_shared_from_this<TaskRunner> {
 public:
  TaskRunner(RunnerContext& context, TaskRunnerOwner& owner, CopyRef copy, AllocId alloc,
             std::shared_ptr<TaskMaterials> materials);
  ~TaskRunner();

  // What to run: for the next preparation. `task` lies inside *job.
  void set_job(std::shared_ptr<const model::Assignment> assignment,
               std::shared_ptr<const model::Job> job, const model::TaskGroup* group,
               const model::Task* task);

  void prepare();
  void cancel_prepare();
  void cancel_start();
  // REQUIRES: prepared successfully; the run's ID is stored
  void start();
  // Takes over a run that an earlier process of this agent started. Its end is told only from
  // follow() on.
  void attach(std::shared_ptr<drivers::Task> run);
  void follow();
  void stop(int signal, std::int64_t timeout_ns);
  // Gives the ended run away; the caller destroys it. Null when there is none.
  [[nodiscard]] std::shared_ptr<drivers::Task> release();
  [[nodiscard]] Status signal(int number);
  // The task has restarted at its turn, and is healthy again or not.
  void turn_ended(bool healthy);

  // For the store. The tracker is the machine's business.
  [[nodiscard]] const std::string& driver_name() const { return driver_name_; }
  [[nodiscard]] const std::string& run_id() const { return run_id_; }
  [[nodiscard]] std::string reattach_state() const;
  // The driver's view of the run; null when there is none.
  [[nodiscard]] const std::shared_ptr<drivers::Task>& run() const { return run_; }

 private:
  [[nodiscard]] PreparationRequest preparation_request() const;
  // Which of the copies looks after what they have in common: the first that runs.
  [[nodiscard]] bool leads() const;
  template <typename F>
  void for_each_running(F f) const;
  void prepare_now();
  void resume_watching();
  void finish_preparation(Preparation outcome);
  void wait_for_data(BlockedTask blocked);
  void tell_missing();
  void read_cluster();
  void data_changed();
  void look_at_data();
  void rendered(Result<TemplateChanges> changes);
  void ask_for_turn(std::uint64_t index);
  void answer_turn(const std::string& refused);
  void end_turn();
  void listen(const std::shared_ptr<drivers::Task>& run);
  void watch_templates();
  void check_templates();
  void templates_changed(const TemplateChanges& changes);
  void act_on(const TemplateChanges& changes);
  void run_script(const ChangeScriptRequest& script);
  void end_script(std::uint64_t id, const ChangeScriptRequest& script,
                  const drivers::ExitResult& result);
  // Runs `work` on `pool` and its result's `then` on the loop, if this still exists by then.
  template <typename Work, typename Then>
  void off_loop(WorkerPool& pool, Work work, Then then);

  RunnerContext& context_;
  TaskRunnerOwner& owner_;
  const CopyRef copy_;
  const AllocId alloc_;
  const std::shared_ptr<TaskMaterials> materials_;
  std::shared_ptr<const model::Assignment> assignment_;
  std::shared_ptr<const model::Job> job_;
  const model::TaskGroup* group_ = nullptr;
  const model::Task* task_ = nullptr;
  std::string driver_name_;
  std::string run_id_;
  std::shared_ptr<std::atomic<bool>> cancelled_;
  std::optional<PreparedTask> prepared_;
  std::shared_ptr<drivers::Task> run_;
  struct Script {
    std::unique_ptr<drivers::ExecSession> session;
    Loop::TimerId timeout = 0;
  };
  std::map<std::uint64_t, Script> scripts_;
  std::uint64_t last_script_ = 0;
  Loop::TimerId template_timer_ = 0;
  Loop::TimerId splay_timer_ = 0;
  // While data that templates need is missing.
  bool blocked_ = false;
  std::string missing_, told_missing_;
  Loop::TimerId missing_timer_ = 0;
  // Since data has changed that has not been looked at.
  std::int64_t data_since_ns_ = 0;
  Loop::TimerId data_timer_ = 0;
  bool rendering_ = false, render_again_ = false;
  enum class Turn { none, asked, granted, failed } turn_ = Turn::none;
};

// Removes what an ended run left at its driver. Blocks; a failure is logged.
void destroy_run(drivers::Task& run);

}  // namespace yurt::agent
