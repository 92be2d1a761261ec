#include "server/api/agent_session.h"

#include <mutex>

#include "server/api/executor.h"

namespace yurt::server {
namespace {

constexpr std::int64_t answer_patience_ns = 120 * nanoseconds_per_second;

// One question under way. Ended once: by the agent, or by the clock.
class Question : public std::enable_shared_from_this<Question> {
 public:
  Question(const Serving& serving, std::function<void(const model::SessionFrame&)> take,
           std::function<void(Status)> done)
      : serving_(serving), take_(std::move(take)), done_(std::move(done)) {}

  void ask(const NodeId& node, const model::SessionRequest& request) {
    const auto self = shared_from_this();
    auto session = serving_.core.open_session(
        node, request,
        {.on_frame = [self](const model::SessionFrame& frame) { self->on_frame(frame); },
         .on_end = [self](Status status) { self->end(std::move(status)); }});
    if (!session) return end(session.error());
    hold(std::move(*session));
    serving_.core.when_changed(
        {}, 0, serving_.core.clock().steady_ns() + answer_patience_ns, [self] {
          self->end(Error{ErrorCode::deadline_exceeded, "the node's agent did not answer in time"});
        });
  }

 private:
  void on_frame(const model::SessionFrame& frame) {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    take_(frame);
    if (session_) session_->consumed(frame.ByteSizeLong());
  }

  void hold(std::unique_ptr<AgentSession> session) {
    const std::lock_guard lock(mutex_);
    if (!ended_) session_ = std::move(session);
  }

  void end(Status status) {
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return;
      ended_ = true;
    }
    // Not here: this may be the session's own callback.
    serving_.executor.post([self = shared_from_this(), status = std::move(status)] {
      std::unique_ptr<AgentSession> session;
      {
        const std::lock_guard lock(self->mutex_);
        session = std::move(self->session_);
      }
      session.reset();
      const auto done = std::move(self->done_);
      self->take_ = nullptr;
      done(status);
    });
  }

  const Serving serving_;
  std::recursive_mutex mutex_;
  bool ended_ = false;
  std::unique_ptr<AgentSession> session_;
  std::function<void(const model::SessionFrame&)> take_;
  std::function<void(Status)> done_;
};

class AgentStream final : public CallStream {
 public:
  explicit AgentStream(std::unique_ptr<AgentSession> session) : session_(std::move(session)) {}

  bool send(Body message) override {
    model::SessionFrame frame;
    if (message.message) {
      frame.mutable_exec()->CopyFrom(*message.message);
    } else if (!frame.mutable_exec()->ParseFromString(message.bytes)) {
      return false;
    }
    return session_->send(frame);
  }

  void finish_sending() override {
    model::SessionFrame frame;
    frame.mutable_exec()->set_stdin_close(true);
    session_->send(frame);
  }

  void consumed(std::size_t bytes) override { session_->consumed(bytes); }

 private:
  const std::unique_ptr<AgentSession> session_;
};

// The operation's message inside a session's frame; null when there is none.
std::unique_ptr<Message> message_in(const model::SessionFrame& frame) {
  switch (frame.kind_case()) {
    case model::SessionFrame::kStream: return std::make_unique<model::StreamFrame>(frame.stream());
    case model::SessionFrame::kExec: return std::make_unique<model::ExecFrame>(frame.exec());
    default: return nullptr;
  }
}

}  // namespace

Result<NodeId> node_of_alloc(const Snapshot& snapshot, const std::string& alloc_id) {
  const AllocRef alloc = snapshot.alloc(AllocId::parse_or_nil(alloc_id));
  if (alloc) return alloc->node;
  return Error{ErrorCode::not_found, "Unknown allocation \"" + alloc_id + "\""};
}

void ask_agent(const Serving& serving, const NodeId& node, const model::SessionRequest& request,
               std::function<void(const model::SessionFrame&)> take,
               std::function<void(Status)> done) {
  std::make_shared<Question>(serving, std::move(take), std::move(done))->ask(node, request);
}

Result<std::unique_ptr<CallStream>> open_agent_stream(const Serving& serving, const NodeId& node,
                                                      const model::SessionRequest& request,
                                                      StreamEvents events) {
  auto shared = std::make_shared<StreamEvents>(std::move(events));
  YURT_ASSIGN(auto session,
              serving.core.open_session(
                  node, request,
                  {.on_frame =
                       [shared](const model::SessionFrame& frame) {
                         if (auto message = message_in(frame)) {
                           shared->on_message({std::move(message), {}}, frame.ByteSizeLong());
                         }
                       },
                   .on_end = [shared](Status status) { shared->on_end(std::move(status)); }}));
  return std::unique_ptr<CallStream>(std::make_unique<AgentStream>(std::move(session)));
}

}  // namespace yurt::server
