// Service: every operation of the API behind one door, for gRPC and HTTP alike.
//
// Decides where a call is answered (here, or at the leader), waits out blocking queries, makes
// default reads consistent, and fills in what every answer carries. Thread-safe. The core, the
// executor and the forwarder must outlive it. Destroying it drops the calls that are still open:
// their callers hear nothing more.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "server/api/operation.h"

namespace yurt::server {

class Executor;
class Forwarder;
class Metrics;

class Service {
 public:
  Service(Core& core, Executor& executor, Forwarder& forwarder, Metrics& metrics,
          jobspec::ConfigCheck check_config = {});
  ~Service();

  // Null for an unknown name.
  [[nodiscard]] const Operation* find(std::string_view name) const;
  [[nodiscard]] const OperationTable& table() const { return table_; }
  [[nodiscard]] Core& core() { return serving_.core; }

  // Runs an operation that is no stream. `done` is called once, on any thread; `untouched` as in
  // Forwarder::call.
  void call(const Operation& operation, Caller caller, Body request,
            std::function<void(Result<Body> reply, bool untouched)> done);

  // Opens a stream. An error: the operation refused, or there is nobody to ask.
  [[nodiscard]] Result<std::unique_ptr<CallStream>> open(const Operation& operation,
                                                         const Caller& caller, Body first,
                                                         StreamEvents events);

 private:
  struct Call;
  struct Gate;
  using CallRef = std::shared_ptr<Call>;

  void route(const CallRef& call);
  void forward(const CallRef& call, const std::string& address);
  void retry(const CallRef& call, Error why);
  void run_here(const CallRef& call);
  void run_read(const CallRef& call);
  void finish(const CallRef& call, Result<Body> reply, bool untouched = false);
  // `run` as a callback that does nothing once the service is gone.
  template <typename Run>
  [[nodiscard]] auto later(Run run);
  void post(std::function<void()> run);

  Serving serving_;
  Forwarder& forwarder_;
  Metrics& metrics_;
  OperationTable table_;
  // What runs later, on other threads, passes it; closed when the service goes.
  const std::shared_ptr<Gate> gate_;
};

}  // namespace yurt::server
