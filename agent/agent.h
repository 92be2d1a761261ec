// Agent: runs what the servers place on this machine.
//
// Made by create(), which takes over what an earlier process left (no task is disturbed), then
// start() begins to talk to the servers; stop() lets go of everything and leaves the tasks running
// for the next process. Thread-safe. Holds a handful of threads, however many tasks there are.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "agent/options.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "drivers/driver.h"

namespace yurt::agent {

class Agent {
 public:
  // The drivers that the options ask for. `clock` and `random` must outlive the agent; `random` is
  // used by one thread at a time. Errors: invalid_argument for options that can't be,
  // failed_precondition when another agent uses data_dir, io, corrupt.
  [[nodiscard]] static Result<std::unique_ptr<Agent>> create(AgentOptions options, Clock& clock,
                                                             Random& random);

  using Drivers = std::map<std::string, std::shared_ptr<drivers::Driver>, std::less<>>;
  // The same with drivers of the caller's making.
  [[nodiscard]] static Result<std::unique_ptr<Agent>> create_with(AgentOptions options,
                                                                  Drivers drivers, Clock& clock,
                                                                  Random& random);
  ~Agent();

  void start();
  // Idempotent. Tasks go on.
  void stop();

  [[nodiscard]] std::string node_id() const;
  // Registered with a server, whose address is leader().
  [[nodiscard]] bool connected() const;
  [[nodiscard]] std::string leader() const;
  // How many allocations are held, finished ones that are not yet collected included.
  [[nodiscard]] std::size_t held_allocations() const;

 private:
  struct Impl;
  explicit Agent(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace yurt::agent
