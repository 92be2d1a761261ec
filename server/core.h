// Core: what the service layer stands on. One server's consensus, state and connected agents, and
// nothing of gRPC or HTTP.
//
// All members are thread-safe. Callbacks run on the core's own threads and must not block.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "raft/consensus.h"
#include "scheduler/plan.h"
#include "server/state/applied.h"
#include "server/state/snapshot.h"

namespace yurt::model {
class Command;
class RunRecord;
class SessionFrame;
class SessionRequest;
}  // namespace yurt::model

namespace yurt::server {

class Keyring;

// One call that an agent answers, e.g. a log being followed. Destroying it ends it.
class AgentSession {
 public:
  virtual ~AgentSession() = default;
  // Sends a frame to the agent (exec input). Frames are queued; false when the session is over.
  virtual bool send(const model::SessionFrame& frame) = 0;
  // How many bytes wait to be consumed pauses the agent: call after each frame was passed on.
  virtual void consumed(std::size_t bytes) = 0;
};

struct SessionEvents {
  // Each frame from the agent except the last.
  std::function<void(const model::SessionFrame&)> on_frame;
  // Called once, last. ok: the agent ended it properly.
  std::function<void(Status)> on_end;
};

struct ServerIdentity {
  std::string name;  // of this server, without the region
  std::string region;
  std::string datacenter;
  std::string id;            // UUID, stable
  std::string http_address;  // host:port others reach
  std::string rpc_address;   // host:port others reach
  std::string version;       // "0.1.0"
};

class EventRing;

class Core {
 public:
  virtual ~Core() = default;

  [[nodiscard]] virtual const ServerIdentity& identity() const = 0;
  [[nodiscard]] virtual Clock& clock() = 0;
  [[nodiscard]] virtual Random& random() = 0;
  [[nodiscard]] virtual raft::Consensus& consensus() = 0;

  // The newest applied version of the state.
  [[nodiscard]] virtual Snapshot snapshot() const = 0;

  // Proposes a change; `done` is called once, after it was committed and applied here, or with the
  // error (unavailable when this server does not lead; what apply refused otherwise). The command's
  // time is filled in when it is 0.
  virtual void propose(model::Command command, std::function<void(Result<Applied>)> done) = 0;

  // Calls `done` once: as soon as one of `tables` has changed past `index`, or at `deadline_ns` on
  // the steady clock, whichever comes first. At once when it has changed already.
  virtual void when_changed(std::vector<Table> tables, std::uint64_t index,
                            std::int64_t deadline_ns, std::function<void()> done) = 0;

  // What subscribers of the event stream read.
  [[nodiscard]] virtual EventRing& events() = 0;

  // The most bytes that a dispatch's payload may have.
  [[nodiscard]] virtual std::size_t payload_limit() const = 0;

  // Seals and opens variables.
  [[nodiscard]] virtual Keyring& keyring() = 0;

  // Every row of the state, as StateStore::each_row() visits them.
  [[nodiscard]] virtual Status each_row(
      const std::function<Status(std::string_view key, std::string_view value)>& visit) const = 0;

  // Finished runs, as StateStore::each_run() visits them.
  virtual void each_run(const std::string& ns, const std::string& job,
                        const std::function<bool(const model::RunRecord&)>& visit) const = 0;

  // What registering `job` now would do; changes nothing. Blocks for the scheduling run.
  [[nodiscard]] virtual scheduler::Outcome dry_run(const model::Job& job) = 0;

  // Opens a session with the agent of `node`. unavailable ("No path to node") when it is not
  // connected to this server.
  [[nodiscard]] virtual Result<std::unique_ptr<AgentSession>> open_session(
      const NodeId& node, const model::SessionRequest& request, SessionEvents events) = 0;
  // The host statistics a node sent last (JSON), "" when there are none.
  [[nodiscard]] virtual std::string node_stats(const NodeId& node) const = 0;

  // Runs garbage collection now, ignoring the age thresholds. Leader only.
  virtual void collect_garbage(std::function<void(Status)> done) = 0;
};

}  // namespace yurt::server
