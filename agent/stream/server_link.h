// ServerLink: one connection to one server: the Connect stream, and sessions beside it.
//
// Thread-safe. Callbacks come from gRPC's threads, one at a time, and must not block; on_closed is
// the last one and comes exactly once. A link is never used again after it: dial a new one. The
// caller keeps the link until on_closed has come, and lets go of it on a thread of its own: gRPC's
// callback threads end with the last channel, so none of them may be the one that drops it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "proto/agent_stream.pb.h"

namespace yurt::agent {

// A session's stream. read() and write() block; each may be called from any thread.
class SessionStream {
 public:
  virtual ~SessionStream() = default;
  [[nodiscard]] virtual bool read(model::SessionFrame& frame) = 0;
  // False when the caller is gone.
  [[nodiscard]] virtual bool write(const model::SessionFrame& frame) = 0;
  // Ends both directions now; what blocks returns.
  virtual void cancel() = 0;
  // Nothing more will be written; waits for the server to end the stream.
  virtual void finish() = 0;
};

class ServerLink {
 public:
  struct Events {
    std::function<void(model::ServerMessage)> on_message;
    std::function<void(const std::string& reason)> on_closed;
  };

  [[nodiscard]] static std::shared_ptr<ServerLink> open(const std::string& address, Events events);
  virtual ~ServerLink() = default;

  // Messages go out in order; those still queued when the link closes are lost.
  virtual void send(model::AgentMessage message) = 0;
  // on_closed follows, if it has not come.
  virtual void close() = 0;
  // Opens a session and sends its first frame. Null when the link is closed.
  [[nodiscard]] virtual std::unique_ptr<SessionStream> open_session(std::uint64_t id) = 0;
};

}  // namespace yurt::agent
