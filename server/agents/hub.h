// Hub: the server's end of the agents' streams (proto/agent_stream.proto).
//
// Agents connect to the leader; any other server sends them on. Committed changes to a node's
// allocations are pushed at once, coalesced while the stream is busy; status reports are proposed
// as they come and acknowledged once committed. Thread-safe. One thread of its own hands changes to
// the streams, so that the apply thread does not wait for them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "server/agents/report_batch.h"
#include "server/agents/sent_jobs.h"
#include "server/agents/watches.h"
#include "server/core.h"
#include "server/leader/heartbeats.h"
#include "server/leader/restart_turns.h"
#include "server/proposer.h"
#include "server/state/store.h"

namespace grpc {
class Service;
}

namespace yurt::server {

class AgentConnection;
class HubService;
class PendingSession;

class Hub final : public ChangeListener {
 public:
  // `leadership` says who leads; `servers` lists the gRPC addresses agents may dial.
  struct Cluster {
    std::function<raft::Leadership()> leadership;
    std::function<std::vector<std::string>()> servers;
    std::string region;
  };

  Hub(StateStore& store, Proposer& proposer, Clock& clock, Random& random, Keyring& keyring,
      Cluster cluster);
  ~Hub() override;

  // Register with the gRPC server before it starts.
  [[nodiscard]] grpc::Service* service();

  // The leader's, while this server leads; null otherwise, which sends connected agents away.
  void set_leader(Heartbeats* heartbeats, std::shared_ptr<RestartTurns> turns);
  // Lets instances restart whose turn has come. Called by the leader's duties, often.
  void grant_turns();

  // Core::open_session and Core::node_stats.
  [[nodiscard]] Result<std::unique_ptr<AgentSession>> open_session(
      const NodeId& node, const model::SessionRequest& request, SessionEvents events);
  [[nodiscard]] std::string node_stats(const NodeId& node) const;
  [[nodiscard]] std::size_t connected() const;

  // Ends all streams and sessions.
  void stop();

  void on_changes(const ChangesRef& changes) override;

 private:
  friend class AgentConnection;
  friend class HubService;

  // Called by connections.
  [[nodiscard]] raft::Leadership leadership() const { return cluster_.leadership(); }
  void attach(const NodeId& node, const std::shared_ptr<AgentConnection>& connection);
  void detach(const NodeId& node, const AgentConnection* connection);
  // The ttl until which the node may be silent; 0 when this server does not lead.
  [[nodiscard]] std::int64_t beat(const NodeId& node);
  // The agent has told of everything it wants and was granted.
  void caught_up(const NodeId& node, const AgentConnection* connection);
  void take_turn(const NodeId& node, const model::RestartTurn& turn);
  void note_stats(const NodeId& node, std::string stats_json);
  [[nodiscard]] std::shared_ptr<PendingSession> take_session(std::uint64_t id);

  void push_changes();

  StateStore& store_;
  Proposer& proposer_;
  Clock& clock_;
  Random& random_;
  Watches watches_;
  const Cluster cluster_;
  ReportBatch reports_;
  JobBytes job_bytes_;
  std::unique_ptr<HubService> service_;

  mutable std::mutex mutex_;
  bool stopping_ = false;
  Heartbeats* heartbeats_ = nullptr;
  std::shared_ptr<RestartTurns> turns_;  // null while this server does not lead
  std::unordered_set<NodeId> caught_up_;
  std::unordered_map<NodeId, std::shared_ptr<AgentConnection>> connections_;
  std::unordered_map<NodeId, std::string> stats_;
  std::uint64_t next_session_ = 1;
  // Asked for and not yet opened by the agent.
  struct Asked {
    NodeId node;
    std::shared_ptr<PendingSession> session;
  };
  std::unordered_map<std::uint64_t, Asked> sessions_;

  // What has changed since the pusher last looked. A node's changes go out together, however many
  // commits they come from.
  struct OfNode {
    std::vector<AllocId> changed, forgotten;
  };
  std::mutex changes_mutex_;
  std::condition_variable changes_signal_;
  std::unordered_map<NodeId, OfNode> changes_;
  bool watched_changes_ = false;  // watches_ has something to push
  bool pushing_ = true;
  std::thread pusher_;
};

}  // namespace yurt::server
