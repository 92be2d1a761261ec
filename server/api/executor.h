// Executor: where the service layer computes, so that neither the threads of sockets nor those of
// the core are held up.
#pragma once

#include <functional>
#include <memory>

namespace yurt::server {

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `work` once, soon, on one of the executor's threads. Thread-safe.
  virtual void post(std::function<void()> work) = 0;
};

// A fixed number of threads over one queue. Its destructor runs what was posted, then joins.
class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(unsigned threads);
  ~ThreadExecutor() override;
  void post(std::function<void()> work) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace yurt::server
