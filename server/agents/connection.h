// AgentConnection: one agent's Connect stream, from Hello to its end.
//
// Driven by gRPC's callbacks; thread-safe. Writes go out one at a time: what is to be pushed
// meanwhile is gathered, so a busy stream sends the newest state of each allocation once.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_set>

#include "proto/agent_stream.pb.h"
#include "server/agents/hub.h"
#include "server/agents/sent_jobs.h"

namespace yurt::server {

class AgentConnection : public std::enable_shared_from_this<AgentConnection> {
 public:
  // How the connection reaches its stream: start a write (its end is told by wrote()), or finish.
  struct Stream {
    std::function<void(const model::ServerMessage*)> write;
    std::function<void(bool ok)> finish;
  };

  AgentConnection(Hub& hub, Stream stream) : hub_(hub), stream_(std::move(stream)) {}

  // Called by the stream.
  void received(const model::AgentMessage& message);
  void wrote(bool ok);
  // The stream is over; nothing of it may be used any more.
  void closed();

  // Called by the hub.
  void push(const std::vector<AllocId>& changed, const std::vector<AllocId>& forgotten);
  void send(model::ServerMessage message);
  // Tells the agent to go elsewhere and ends the stream.
  void redirect();
  void finish();

 private:
  void hello(const model::AgentHello& hello);
  void registered(const model::AgentHello& hello);
  void register_node(model::Node node, std::function<void(Result<Applied>)> done);
  void report(const model::AgentUpdates& updates);
  void heartbeat(const model::AgentHeartbeat& heartbeat);
  void watch(const model::WatchSet& watches);
  void take_turn(const model::RestartTurn& turn);
  void write_next(std::unique_lock<std::mutex>& lock);
  // The changes gathered so far, as one message; empty when there is nothing new.
  [[nodiscard]] bool gather(model::Assignments& out);
  void add_assignment(const Allocation& alloc, model::Assignments& out);

  Hub& hub_;
  NodeId node_;

  std::mutex mutex_;
  Stream stream_;
  bool closed_ = false, finishing_ = false, writing_ = false;
  model::ServerMessage outgoing_;
  std::deque<model::ServerMessage> queue_;
  std::set<AllocId> changed_;
  std::vector<AllocId> forgotten_;
  bool ready_ = false;  // the first, complete list was queued; changes follow it
  SentJobs sent_jobs_;
};

}  // namespace yurt::server
