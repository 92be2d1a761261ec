// FakeServer: the server's end of the agents' stream, real gRPC on loopback, for tests of the
// agent.
//
// It takes every agent, sends what the test assigns, keeps the newest report of each allocation and
// acknowledges reports (unless told not to). Waiting functions block until what they wait for is
// there. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "proto/agent_stream.pb.h"

namespace yurt::testing {

class FakeServer {
 public:
  // A session that the agent has opened: its frames until the end.
  struct Answer {
    std::vector<model::SessionFrame> frames;
    model::SessionEnd end;
    [[nodiscard]] std::string data() const;  // all stream and content bytes
  };

  // Port 0: a free one.
  explicit FakeServer(int port = 0);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] std::string address() const;
  [[nodiscard]] int port() const;

  // Before agents connect:
  void set_heartbeat_ttl(std::int64_t ns);
  void answer_not_leader(const std::string& leader);  // "" = none known
  void lead();                                        // takes agents (again)
  void acknowledge(bool on);                          // reports from now on

  // Sends the assignment, its job with it the first time; kept for agents that connect later.
  void assign(const model::Assignment& assignment, const std::shared_ptr<const model::Job>& job);
  // Changes the kept assignment, raises its index and sends it.
  void change(AllocId id, const std::function<void(model::Assignment&)>& edit);
  void forget(AllocId id);
  // Ends the streams of connected agents; they come back.
  void drop_connections();

  [[nodiscard]] model::AgentHello await_hello(std::size_t nth = 1);
  // The newest report for which `holds`; blocks until there is one.
  model::AllocUpdate await_update(AllocId id,
                                  const std::function<bool(const model::AllocUpdate&)>& holds);
  model::AllocUpdate await_status(AllocId id, const std::string& client_status);
  [[nodiscard]] std::optional<model::AllocUpdate> latest(AllocId id) const;
  // How many reports of the allocation have come.
  [[nodiscard]] std::size_t reports(AllocId id) const;
  [[nodiscard]] std::size_t hellos() const;
  [[nodiscard]] std::size_t heartbeats() const;
  model::AgentHeartbeat await_heartbeat();
  void await_count(const std::string& client_status, std::size_t count);

  // Asks the agent and collects its answer. `input`: frames to send (for exec).
  Answer ask(const model::SessionRequest& request,
             const std::vector<model::SessionFrame>& input = {},
             const std::function<bool(const Answer&)>& enough = {});

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace yurt::testing
