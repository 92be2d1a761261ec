// Connection: stays connected to the leading server: dials, says hello, beats, sends what changed,
// hands over what comes. Tasks never wait for it.
//
// Lives and is called on the loop's thread only; shutdown() apart.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/executor/loop.h"
#include "agent/stream/server_link.h"
#include "agent/stream/server_list.h"
#include "agent/stream/update_queue.h"
#include "base/clock.h"
#include "base/random.h"

namespace yurt::agent {

// What the connection speaks for. Called on the loop's thread.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;
  [[nodiscard]] virtual model::AgentHello hello() = 0;
  // The state to report; nullopt when the allocation is no longer held.
  [[nodiscard]] virtual std::optional<model::AllocUpdate> update_of(AllocId id) = 0;
  [[nodiscard]] virtual std::string stats_json() = 0;
  // The servers hold the latest state of the allocation.
  virtual void acknowledged(AllocId id) = 0;
  virtual void assigned(model::Assignments assignments) = 0;
  virtual void session_wanted(const std::shared_ptr<ServerLink>& link,
                              model::OpenSession session) = 0;
  // A sign of life from the servers.
  virtual void heard() = 0;
  virtual void servers_learned(const std::vector<std::string>& servers) = 0;
  // What templates read, and who wants to restart: told on each new connection, then as it changes.
  [[nodiscard]] virtual model::WatchSet watches() = 0;
  [[nodiscard]] virtual std::vector<model::RestartTurn> standing_turns() = 0;
  virtual void watch_answered(model::WatchResult result) = 0;
  virtual void turn_answered(const model::RestartTurnGrant& grant) = 0;
};

class Connection {
 public:
  Connection(Loop& loop, Clock& clock, Random& random, ConnectionHost& host, ServerList servers);
  ~Connection();

  void start();
  // An allocation's state has changed: it is sent within milliseconds, together with others.
  void changed(AllocId id);
  void forget(AllocId id) { updates_.forget(id); }
  // The node's description has changed.
  void send_node(const model::Node& node);
  // What templates read has changed; what changes within milliseconds is told together.
  void watches_changed();
  void send_turn(const model::RestartTurn& turn);
  [[nodiscard]] bool connected() const { return welcomed_; }
  [[nodiscard]] bool settled() const { return welcomed_ && updates_.settled(); }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] std::vector<std::string> servers() const { return servers_.told(); }

  // Closes the link and waits for it. From any thread but the loop's, after the loop has stopped.
  void shutdown();

 private:
  struct Closing;
  void dial(const ServerList::Dial& next);
  void open(const std::string& address);
  void receive(std::uint64_t generation, model::ServerMessage message);
  void closed(std::uint64_t link, const std::string& reason);
  void lost(const std::string& reason);
  void drop_link();
  void welcome(const model::Welcome& welcome);
  void learn(const google::protobuf::RepeatedPtrField<std::string>& servers);
  void beat();
  void watch_silence();
  void flush_soon();
  void flush();
  void send_watches();
  [[nodiscard]] std::int64_t in(std::int64_t ns) const { return clock_.steady_ns() + ns; }

  Loop& loop_;
  Clock& clock_;
  Random& random_;
  ConnectionHost& host_;
  ServerList servers_;
  UpdateQueue updates_;
  std::shared_ptr<ServerLink> link_;
  // Every link that has not told its end, the current one included, by generation.
  std::map<std::uint64_t, std::shared_ptr<ServerLink>> links_;
  std::shared_ptr<Closing> closing_;  // tells when every link is closed
  std::string address_;
  std::uint64_t generation_ = 0;  // of the link: what comes from an older one is dropped
  bool welcomed_ = false;
  std::int64_t ttl_ns_ = 0;
  std::int64_t last_heard_ns_ = 0;
  std::uint64_t beats_ = 0;
  Loop::TimerId dial_timer_ = 0, beat_timer_ = 0, silence_timer_ = 0, flush_timer_ = 0;
  Loop::TimerId watch_timer_ = 0;
};

}  // namespace yurt::agent
