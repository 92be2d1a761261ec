#include "raft/shell/grpc_meeting_calls.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <mutex>
#include <set>

#include "raft/raft.grpc.pb.h"
#include "raft/shell/channel.h"
#include "raft/shell/wire_meeting.h"

namespace yurt::raft {
namespace {

constexpr std::chrono::seconds patience{2};

class GrpcMeetingCalls final : public MeetingCalls {
 public:
  Result<Introduction> meet(const std::string& address, const Introduction& self) override {
    wire::Introduction reply;
    YURT_TRY(call(address, [&](wire::RaftPeer::Stub& stub, grpc::ClientContext& context) {
      return stub.Meet(&context, to_wire(self), &reply);
    }));
    return from_wire(reply);
  }

  Result<PromiseReply> promise(const std::string& address, const PromiseRequest& request) override {
    wire::PromiseReply reply;
    YURT_TRY(call(address, [&](wire::RaftPeer::Stub& stub, grpc::ClientContext& context) {
      return stub.Promise(&context, to_wire(request), &reply);
    }));
    return from_wire(reply);
  }

  Status release(const std::string& address, const ReleaseRequest& request) override {
    wire::ReleaseReply reply;
    return call(address, [&](wire::RaftPeer::Stub& stub, grpc::ClientContext& context) {
      return stub.Release(&context, to_wire(request), &reply);
    });
  }

  Result<JoinReply> join(const std::string& address, const JoinRequest& request) override {
    wire::JoinReply reply;
    YURT_TRY(call(address, [&](wire::RaftPeer::Stub& stub, grpc::ClientContext& context) {
      return stub.Join(&context, to_wire(request), &reply);
    }));
    return from_wire(reply);
  }

  void cancel() override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    for (grpc::ClientContext* context : under_way_) context->TryCancel();
  }

 private:
  template <typename Make>
  Status call(const std::string& address, const Make& make) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + patience);
    {
      const std::lock_guard lock(mutex_);
      if (cancelled_) return Error{ErrorCode::unavailable, "this server is shutting down"};
      under_way_.insert(&context);
    }
    const auto stub = wire::RaftPeer::NewStub(new_channel(address));
    const grpc::Status status = make(*stub, context);
    {
      const std::lock_guard lock(mutex_);
      under_way_.erase(&context);
    }
    if (status.ok()) return {};
    return Error{ErrorCode::unavailable,
                 "no answer from " + address + ": " + status.error_message()};
  }

  std::mutex mutex_;
  std::set<grpc::ClientContext*> under_way_;
  bool cancelled_ = false;
};

}  // namespace

std::unique_ptr<MeetingCalls> new_grpc_meeting_calls() {
  return std::make_unique<GrpcMeetingCalls>();
}

}  // namespace yurt::raft
