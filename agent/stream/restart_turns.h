// RestartTurns: the tasks of this node that wait for their turn to restart, have it, or have failed
// after it. The servers keep none of this: they are told anew on each connection.
//
// Lives on the loop's thread only.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "proto/agent_stream.pb.h"

namespace yurt::agent {

class RestartTurns {
 public:
  // Called once for an ask, unless it ends before: why it is refused, "" when it is granted.
  using Answer = std::function<void(const std::string& refused)>;

  void on_send(std::function<void(const model::RestartTurn&)> send) { send_ = std::move(send); }

  // `index`: of the newest data in what the task is to run with.
  void ask(AllocId alloc, const std::string& task, std::uint64_t index, Answer answer);
  // It has restarted and is healthy again; or it is not; or it no longer wants to.
  void done(AllocId alloc, const std::string& task);
  void failed(AllocId alloc, const std::string& task);
  void cancel(AllocId alloc, const std::string& task);

  void answered(const model::RestartTurnGrant& grant);
  // What the servers are to know on a new connection.
  [[nodiscard]] std::vector<model::RestartTurn> standing() const;

 private:
  struct Key {
    AllocId alloc;
    std::string task;
    auto operator<=>(const Key&) const = default;
  };
  struct Turn {
    model::RestartTurn message;
    Answer answer;  // empty once it has come
  };

  void end(const Key& key, model::RestartTurn::Kind kind);
  void send(const model::RestartTurn& message) const {
    if (send_) send_(message);
  }

  std::function<void(const model::RestartTurn&)> send_;
  std::map<Key, Turn> turns_;
};

}  // namespace yurt::agent
