// SessionServer: answers what people ask of this node: logs, files, exec, statistics, restart and
// signal. Each session is a stream beside the connection and has a thread while it lives, since it
// waits for people, not for tasks; there are at most max_sessions at a time.
//
// open() is called on the loop's thread; stop() from another one, while the loop still runs.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "agent/executor/loop.h"
#include "agent/stats/host_stats.h"
#include "agent/stream/server_link.h"
#include "agent/supervisor/supervisor.h"
#include "base/clock.h"

namespace yurt::agent {

class SessionServer {
 public:
  static constexpr std::size_t max_sessions = 256;

  SessionServer(Loop& loop, Clock& clock, Supervisor& supervisor, HostStats& host_stats);
  ~SessionServer();

  void open(const std::shared_ptr<ServerLink>& link, const model::OpenSession& wanted);
  // Ends all sessions and waits for them. Idempotent.
  void stop();

 private:
  void run(SessionStream& stream, const model::SessionRequest& request);

  Loop& loop_;
  Clock& clock_;
  Supervisor& supervisor_;
  HostStats& host_stats_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::set<SessionStream*> streams_;
  std::size_t running_ = 0;
  bool stopped_ = false;
};

}  // namespace yurt::agent
