// ProjectTask: a compose project as the driver interface's Task.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "drivers/compose/task/project_run.h"
#include "drivers/driver.h"

namespace yurt::drivers::compose {

class ProjectTask final : public Task {
 public:
  explicit ProjectTask(std::shared_ptr<ProjectRun> run) : run_(std::move(run)) {}
  ~ProjectTask() override { run_->detach(); }

  const std::string& id() const override { return run_->task_id(); }
  std::string reattach_state() const override {
    return encode_reattach(run_->task_id(), run_->started_at_ns());
  }
  std::int64_t started_at_ns() const override { return run_->started_at_ns(); }
  void on_exit(std::function<void(const ExitResult&)> callback) override {
    run_->on_exit(std::move(callback));
  }
  void on_ready(std::function<void(bool ready)> callback) override {
    run_->on_ready(std::move(callback));
  }
  Status signal(int number) override { return run_->signal(number); }
  Status stop(int signal_number, std::int64_t timeout_ns) override {
    return run_->stop(signal_number, timeout_ns);
  }
  Status destroy() override { return run_->destroy(); }
  Result<TaskStats> stats() override { return run_->stats(); }
  Result<std::unique_ptr<ExecSession>> exec(const ExecRequest& request,
                                            ExecEvents events) override {
    return run_->exec(request, std::move(events));
  }

  // One line of JSON; the rest lies in the project's folder.
  [[nodiscard]] static std::string encode_reattach(const std::string& task_id,
                                                   std::int64_t started_at_ns);
  struct Reattach {
    std::string task_id;
    std::int64_t started_at_ns = 0;
  };
  // invalid_argument for anything else.
  [[nodiscard]] static Result<Reattach> decode_reattach(std::string_view text);

 private:
  const std::shared_ptr<ProjectRun> run_;
};

}  // namespace yurt::drivers::compose
