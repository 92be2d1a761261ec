#include "agent/stream/server_link.h"

#include <grpcpp/grpcpp.h>

#include <deque>
#include <mutex>
#include <utility>

#include "proto/agent_stream.grpc.pb.h"

namespace yurt::agent {
namespace {

constexpr int keepalive_interval_ms = 10'000;
constexpr int keepalive_timeout_ms = 5'000;
constexpr int max_message_bytes = 64 << 20;

class GrpcSession final : public SessionStream {
 public:
  explicit GrpcSession(model::AgentService::Stub& stub) : stream_(stub.Session(&context_)) {}
  ~GrpcSession() override {
    context_.TryCancel();
    finish();
  }
  bool read(model::SessionFrame& frame) override { return stream_->Read(&frame); }
  bool write(const model::SessionFrame& frame) override {
    const std::lock_guard lock(mutex_);
    return !finished_ && stream_->Write(frame);
  }
  void cancel() override { context_.TryCancel(); }
  void finish() override {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(finished_, true)) return;
      stream_->WritesDone();
    }
    model::SessionFrame ignored;
    while (stream_->Read(&ignored)) {
    }
    (void)stream_->Finish();
  }

 private:
  grpc::ClientContext context_;
  std::mutex mutex_;
  bool finished_ = false;
  std::unique_ptr<grpc::ClientReaderWriter<model::SessionFrame, model::SessionFrame>> stream_;
};

class GrpcLink final : public ServerLink,
                       public grpc::ClientBidiReactor<model::AgentMessage, model::ServerMessage> {
 public:
  GrpcLink(const std::string& address, Events events) : events_(std::move(events)) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_interval_ms);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_timeout_ms);
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    // A dial is one attempt: no back-off remembered from earlier links to the same address.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(max_message_bytes);
    channel_ = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
    stub_ = model::AgentService::NewStub(channel_);
  }

  void begin() {
    stub_->async()->Connect(&context_, this);
    // While held, the call can't be done: writes come from outside of reactions.
    AddHold();
    StartRead(&incoming_);
    StartCall();
  }

  void send(model::AgentMessage message) override {
    const std::lock_guard lock(mutex_);
    if (closing_) return;
    outgoing_.push_back(std::move(message));
    if (outgoing_.size() == 1) StartWrite(&outgoing_.front());
  }

  void close() override { end_hold(true); }

  std::unique_ptr<SessionStream> open_session(std::uint64_t id) override {
    {
      const std::lock_guard lock(mutex_);
      if (closing_) return nullptr;
    }
    auto session = std::make_unique<GrpcSession>(*stub_);
    model::SessionFrame first;
    first.set_session_id(id);
    if (!session->write(first)) return nullptr;
    return session;
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      end_hold(false);
      return;
    }
    events_.on_message(std::move(incoming_));
    incoming_.Clear();
    StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      end_hold(true);
      return;
    }
    const std::lock_guard lock(mutex_);
    outgoing_.pop_front();
    if (!closing_ && !outgoing_.empty()) StartWrite(&outgoing_.front());
  }

  void OnDone(const grpc::Status& status) override {
    end_hold(false);
    const auto on_closed = std::move(events_.on_closed);
    // The owner may destroy this object as soon as it knows.
    on_closed(status.ok() ? "the server ended the stream" : status.error_message());
  }

 private:
  void end_hold(bool cancel) {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(closing_, true)) return;
    }
    if (cancel) context_.TryCancel();
    RemoveHold();
  }

  Events events_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<model::AgentService::Stub> stub_;
  grpc::ClientContext context_;
  model::ServerMessage incoming_;
  std::mutex mutex_;
  std::deque<model::AgentMessage> outgoing_;  // the first is being written
  bool closing_ = false;
};

}  // namespace

std::shared_ptr<ServerLink> ServerLink::open(const std::string& address, Events events) {
  auto link = std::make_shared<GrpcLink>(address, std::move(events));
  link->begin();
  return link;
}

}  // namespace yurt::agent
