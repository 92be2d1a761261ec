// DockerTask: a container as the driver interface's Task.
#pragma once

#include <memory>
#include <mutex>

#include "drivers/docker/task/container.h"
#include "drivers/driver.h"

namespace yurt::drivers::docker {

class DockerTask final : public Task {
 public:
  DockerTask(Services& services, std::shared_ptr<Container> container)
      : services_(services), container_(std::move(container)) {}
  ~DockerTask() override { container_->detach(); }

  const std::string& id() const override { return container_->state().task_id; }
  std::string reattach_state() const override { return container_->state().encode(); }
  std::int64_t started_at_ns() const override { return container_->state().started_at_ns; }
  std::string address() const override { return container_->state().address; }
  void on_exit(std::function<void(const ExitResult&)> callback) override {
    container_->on_exit(std::move(callback));
  }
  Status signal(int number) override { return container_->signal(number); }
  Status stop(int signal_number, std::int64_t timeout_ns) override {
    return container_->stop(signal_number, timeout_ns);
  }
  Status destroy() override { return container_->destroy(); }
  Result<TaskStats> stats() override;
  Result<std::unique_ptr<ExecSession>> exec(const ExecRequest& request, ExecEvents events) override;

 private:
  Services& services_;
  const std::shared_ptr<Container> container_;
  std::mutex sample_mutex_;
  std::int64_t sampled_steady_ns_ = 0;
  std::int64_t sampled_cpu_ns_ = 0;
  std::int32_t main_process_ = 0;
};

}  // namespace yurt::drivers::docker
