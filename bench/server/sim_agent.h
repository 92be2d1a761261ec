// SimAgent: an agent as the servers see it, on a connection of its own: hello, heartbeats, and a
// report of every allocation that it was given (running, with a real task's events) or told to stop
// (complete). It runs nothing.
//
// Thread-safe: driven by gRPC's callbacks and by the fleet's clock. Kept by the fleet until its
// stream has ended.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "proto/agent_stream.grpc.pb.h"

namespace yurt::bench {

// What the agents of a fleet have seen so far.
struct FleetCounts {
  std::atomic<std::int64_t> connected = 0;
  std::atomic<std::int64_t> assigned = 0;      // allocations to run, each counted once
  std::atomic<std::int64_t> stopped = 0;       // allocations told to stop
  std::atomic<std::int64_t> acknowledged = 0;  // reports the servers have committed
};

class SimAgent final : public grpc::ClientBidiReactor<model::AgentMessage, model::ServerMessage> {
 public:
  // Called for each new allocation, on a gRPC thread; must be quick.
  using OnAssigned = std::function<void(const model::Assignment&)>;

  SimAgent(model::Node node, FleetCounts& counts, const OnAssigned& on_assigned);

  void connect(const std::string& address);
  // Sends what has changed, in messages as large as a real agent's. Called every few milliseconds.
  void flush();
  void beat();
  void close();
  // After close(): whether the stream has ended, so that this may be destroyed.
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] const std::string& node_id() const { return node_.id(); }

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

 private:
  struct Change {
    AllocId id;
    bool running = true;
    bool in_deployment = false;
  };

  void assigned(const model::Assignments& assignments);
  void send(model::AgentMessage message);
  [[nodiscard]] model::AllocUpdate update_of(const Change& change) const;

  const model::Node node_;
  FleetCounts& counts_;
  const OnAssigned& on_assigned_;
  const SystemClock clock_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<model::AgentService::Stub> stub_;
  grpc::ClientContext context_;
  model::ServerMessage incoming_;
  std::atomic<bool> done_ = false;
  std::atomic<bool> has_changes_ = false;  // may be set without any; never the other way round

  std::mutex mutex_;
  bool welcomed_ = false, closing_ = false;
  std::deque<model::AgentMessage> outgoing_;  // the first is being written
  std::vector<Change> changes_;
  std::unordered_map<AllocId, bool> held_;                     // whether it runs
  std::unordered_map<std::uint64_t, std::int64_t> in_flight_;  // reports by sequence
  std::uint64_t sequence_ = 0, beats_ = 0;
};

}  // namespace yurt::bench
