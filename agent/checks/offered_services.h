// OfferedServices: the services of one allocation: which of them are offered at present, the runs
// of their checks, and what comes of them.
//
// A service is offered while all of its tasks run; its checks run as long. Lives and is called on
// the loop's thread only, held by shared_ptr. It tells its owner of what its checks found, never
// from inside one of its own functions.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/checks/check_progress.h"
#include "agent/checks/script_probe.h"
#include "agent/checks/service_spec.h"
#include "agent/runner/runner_context.h"

namespace yurt::model {
class AllocServices;
}

namespace yurt::agent {

class OfferedServicesOwner {
 public:
  virtual ~OfferedServicesOwner() = default;
  // What fill() tells, or healthy(), has changed.
  virtual void services_changed() = 0;
  // check_restart's limit is reached; `tasks` are to be restarted.
  virtual void check_wants_restart(const std::set<std::string>& tasks,
                                   const std::string& reason) = 0;
  // Null when the task does not run.
  virtual std::shared_ptr<drivers::Task> running_task(const std::string& task) = 0;
};

class OfferedServices : public std::enable_shared_from_this<OfferedServices> {
 public:
  OfferedServices(RunnerContext& context, OfferedServicesOwner& owner, std::string group);
  ~OfferedServices();

  // What an earlier process of this agent had told the servers: what was healthy is so until a
  // check says otherwise. Before set().
  void restore(const model::AllocServices& told);
  // The services as they are to be from now on, and which tasks run for good. Checks that are the
  // same go on.
  void set(std::vector<ServiceSpec> specs, const std::set<std::string>& running);

  void fill(model::AllocServices& out) const;
  // Every service is offered and its checks are as a deployment wants them.
  [[nodiscard]] bool healthy() const;
  // The task (or worker) has checks of its own, and all are as a deployment wants them.
  [[nodiscard]] bool passes(const std::string& task) const;
  // The newest results as Nomad shows them: {"<check>": {...}}.
  [[nodiscard]] std::string results_json() const;

 private:
  struct Check {
    Check(CheckSpec given, std::int64_t now_steady_ns)
        : spec(std::move(given)), progress(spec.rule, now_steady_ns) {}
    CheckSpec spec;
    CheckProgress progress;
    Loop::TimerId timer = 0;
    bool ran = false;
    std::int64_t began_steady_ns = 0;
    ProbeResult last;
    std::int64_t last_wall_ns = 0;
    std::shared_ptr<ScriptProbe> script;
  };
  using CheckRef = std::shared_ptr<Check>;
  struct Service {
    ServiceSpec spec;
    bool offered = false;
    std::vector<CheckRef> checks;
  };

  [[nodiscard]] Health health_of(const Service& service) const;
  [[nodiscard]] CheckRef take_check(std::vector<Service>& old, const CheckSpec& spec) const;
  void end(std::vector<Service>& services);
  void run_at(const CheckRef& check, std::int64_t steady_ns);
  void run(const CheckRef& check);
  void finish(const CheckRef& check, ProbeResult result);

  RunnerContext& context_;
  OfferedServicesOwner& owner_;
  const std::string group_;
  std::vector<Service> services_;
  std::map<std::string, Health> restored_;  // by service, until it is offered here
};

}  // namespace yurt::agent
