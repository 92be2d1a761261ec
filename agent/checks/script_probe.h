// ScriptProbe: one run of a script check inside its task, as `alloc exec` would run it.
//
// Lives on the loop's thread, held by shared_ptr; letting go of it ends the script. The exit code
// is the result: 0 passing, 1 warning, anything else critical.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/checks/network_prober.h"
#include "agent/runner/runner_context.h"

namespace yurt::agent {

class ScriptProbe : public std::enable_shared_from_this<ScriptProbe> {
 public:
  using Done = std::function<void(ProbeResult)>;

  // `done` is called once, on the loop, and never from inside start().
  [[nodiscard]] static std::shared_ptr<ScriptProbe> start(RunnerContext& context,
                                                          std::shared_ptr<drivers::Task> task,
                                                          std::vector<std::string> command,
                                                          std::int64_t timeout_ns, Done done);
  ~ScriptProbe();

 private:
  ScriptProbe(RunnerContext& context, Done done) : context_(context), done_(std::move(done)) {}
  void finish(ProbeResult result);
  void let_go();

  RunnerContext& context_;
  Done done_;
  Loop::TimerId timeout_ = 0;
  std::shared_ptr<drivers::ExecSession> session_;
  bool finished_ = false;
};

}  // namespace yurt::agent
