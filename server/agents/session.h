// Sessions: calls that an agent answers, each over a stream of its own beside Connect.
//
// PendingSession is what both ends share: the caller's AgentSession and the stream that the agent
// opens for it. Thread-safe; callbacks are called without its lock held, in order.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "proto/agent_stream.pb.h"
#include "server/core.h"

namespace yurt::server {

class PendingSession : public std::enable_shared_from_this<PendingSession> {
 public:
  // How much may wait at the caller before the agent is no longer read from.
  static constexpr std::size_t window_bytes = 1 << 20;

  struct Stream {
    std::function<void(const model::SessionFrame*)> write;
    std::function<void()> read;  // asks for the next frame
    std::function<void()> finish;
  };

  explicit PendingSession(SessionEvents events) : events_(std::move(events)) {}

  // The agent has opened the stream. False when the caller has gone already.
  bool attach(Stream stream);
  void received(const model::SessionFrame& frame);
  void wrote(bool ok);
  // The stream is over. A session that has not ended properly ends as unavailable.
  void closed();

  // The caller's side.
  bool send(const model::SessionFrame& frame);
  void consumed(std::size_t bytes);
  // The caller has lost interest.
  void abandon();
  // Ends it with an error from this side, e.g. when the agent's connection is lost.
  void fail(Error error);

 private:
  void end(Status status);
  // The lock is held on entry and on return, and not while the stream is called.
  void write_next(std::unique_lock<std::mutex>& lock);
  void read_next(std::unique_lock<std::mutex>& lock);
  void use_stream(std::unique_lock<std::mutex>& lock, const std::function<void()>& call);
  void finish_when_idle(std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  SessionEvents events_;
  Stream stream_;
  bool attached_ = false, ended_ = false, abandoned_ = false, writing_ = false;
  bool read_pending_ = false;
  // Threads that are inside a call of the stream. It must not be finished beneath them, since that
  // destroys it.
  int in_stream_ = 0;
  std::size_t unread_bytes_ = 0;
  model::SessionFrame outgoing_;
  std::deque<model::SessionFrame> queue_;
};

}  // namespace yurt::server
