// ShimTask: the Task of everything that runs under yurt-shim. See drivers/driver.h for its duties.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "drivers/driver.h"
#include "drivers/shim/supervision.h"

namespace yurt::drivers {

class ShimTask final : public Task {
 public:
  explicit ShimTask(std::shared_ptr<Supervision> supervision);
  ~ShimTask() override;

  [[nodiscard]] const std::string& id() const override { return id_; }
  [[nodiscard]] std::string reattach_state() const override;
  [[nodiscard]] std::int64_t started_at_ns() const override;
  void on_exit(std::function<void(const ExitResult&)> callback) override;
  [[nodiscard]] Status signal(int number) override;
  [[nodiscard]] Status stop(int signal_number, std::int64_t timeout_ns) override;
  [[nodiscard]] Status destroy() override;
  [[nodiscard]] Result<TaskStats> stats() override;
  [[nodiscard]] Result<std::unique_ptr<ExecSession>> exec(const ExecRequest& request,
                                                          ExecEvents events) override;

 private:
  const std::shared_ptr<Supervision> supervision_;
  const std::string id_;
  std::mutex sample_mutex_;
  // The previous sample, for the percentage: steady clock and CPU time; 0 = none.
  std::int64_t sampled_steady_ns_ = 0;
  std::int64_t sampled_cpu_ns_ = 0;
};

}  // namespace yurt::drivers
