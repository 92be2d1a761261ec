#include "raft/shell/peer_service.h"

#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "base/log.h"
#include "raft/raft.grpc.pb.h"
#include "raft/shell/exchange_reactor.h"
#include "raft/shell/wire_meeting.h"

namespace yurt::raft {
namespace {

const grpc::Status closed(grpc::StatusCode::UNAVAILABLE, "this server takes no calls at present");

grpc::StatusCode code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::permission_denied: return grpc::StatusCode::PERMISSION_DENIED;
    case ErrorCode::unavailable: return grpc::StatusCode::UNAVAILABLE;
    case ErrorCode::corrupt: return grpc::StatusCode::DATA_LOSS;
    default: return grpc::StatusCode::INTERNAL;
  }
}

using Base = wire::RaftPeer::WithCallbackMethod_Exchange<wire::RaftPeer::Service>;

}  // namespace

class PeerService::Impl final : public Base {
 public:
  void open(Settings settings) {
    const std::lock_guard lock(mutex_);
    settings_ = std::move(settings);
    open_ = true;
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      open_ = false;
      for (grpc::ServerContext* context : snapshots_) context->TryCancel();
    }
    exchanges_.cancel_all_and_wait();
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return calls_ == 0; });
  }

  grpc::ServerBidiReactor<wire::Envelope, wire::Envelope>* Exchange(
      grpc::CallbackServerContext* context) override {
    const std::lock_guard lock(mutex_);
    if (!open_) return new RefusedExchange(closed);
    return new ExchangeReactor(*context, exchanges_,
                               {settings_.self, settings_.own_address, settings_.admit,
                                settings_.met, settings_.inbound.messages});
  }

  grpc::Status SendSnapshot(grpc::ServerContext* context,
                            grpc::ServerReader<wire::SnapshotPart>* reader,
                            wire::SnapshotOutcome* outcome) override {
    const Call call(*this);
    if (!call.admitted()) return closed;
    wire::SnapshotPart part;
    if (!reader->Read(&part) || !part.has_header()) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "a snapshot begins with its header"};
    }
    const wire::SnapshotHeader header = part.header();
    if (const Status known = settings_.admit(from_wire(header.hello())); !known.ok()) {
      return {code_of(known.error().code), known.error().message};
    }
    const SnapshotCall registered(*this, *context);
    Result<ArrivedSnapshot> arrived = settings_.snapshots->receive(
        header, [&](wire::SnapshotPart& next) { return reader->Read(&next); });
    Status status = arrived.ok() ? restore(std::move(*arrived)) : Status(arrived.error());
    outcome->set_installed(status.ok());
    if (!status.ok()) {
      YURT_LOG(warn, "raft", "the snapshot from server {} was not restored: {}",
               header.hello().from(), status.error().message);
      outcome->set_reason(status.error().message);
    }
    return grpc::Status::OK;
  }

  grpc::Status Meet(grpc::ServerContext* /*context*/, const wire::Introduction* request,
                    wire::Introduction* reply) override {
    const Call call(*this);
    if (!call.admitted()) return closed;
    *reply = to_wire(settings_.meeting->meet(from_wire(*request)));
    return grpc::Status::OK;
  }

  grpc::Status Promise(grpc::ServerContext* /*context*/, const wire::PromiseRequest* request,
                       wire::PromiseReply* reply) override {
    const Call call(*this);
    if (!call.admitted()) return closed;
    *reply = to_wire(settings_.meeting->promise(from_wire(*request)));
    return grpc::Status::OK;
  }

  grpc::Status Release(grpc::ServerContext* /*context*/, const wire::ReleaseRequest* request,
                       wire::ReleaseReply* /*reply*/) override {
    const Call call(*this);
    if (!call.admitted()) return closed;
    const Status released = settings_.meeting->release(from_wire(*request));
    if (!released.ok()) return {code_of(released.error().code), released.error().message};
    return grpc::Status::OK;
  }

  grpc::Status Join(grpc::ServerContext* /*context*/, const wire::JoinRequest* request,
                    wire::JoinReply* reply) override {
    const Call call(*this);
    if (!call.admitted()) return closed;
    *reply = to_wire(settings_.meeting->join(from_wire(*request)));
    return grpc::Status::OK;
  }

 private:
  // Counts a call that uses the settings; close() waits for it.
  class Call {
   public:
    explicit Call(Impl& impl) : impl_(impl) {
      const std::lock_guard lock(impl_.mutex_);
      admitted_ = impl_.open_;
      if (admitted_) ++impl_.calls_;
    }
    ~Call() {
      if (!admitted_) return;
      const std::lock_guard lock(impl_.mutex_);
      if (--impl_.calls_ == 0) impl_.idle_.notify_all();
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    [[nodiscard]] bool admitted() const { return admitted_; }

   private:
    Impl& impl_;
    bool admitted_ = false;
  };

  // Of snapshots coming in the newest wins: an older sender may have hung.
  class SnapshotCall {
   public:
    SnapshotCall(Impl& impl, grpc::ServerContext& context) : impl_(impl), context_(context) {
      const std::lock_guard lock(impl_.mutex_);
      for (grpc::ServerContext* other : impl_.snapshots_) other->TryCancel();
      impl_.snapshots_.insert(&context_);
      if (!impl_.open_) context_.TryCancel();
    }
    ~SnapshotCall() {
      const std::lock_guard lock(impl_.mutex_);
      impl_.snapshots_.erase(&context_);
    }
    SnapshotCall(const SnapshotCall&) = delete;
    SnapshotCall& operator=(const SnapshotCall&) = delete;

   private:
    Impl& impl_;
    grpc::ServerContext& context_;
  };

  Status restore(ArrivedSnapshot arrived) {
    auto promise = std::make_shared<std::promise<Status>>();
    std::future<Status> restored = promise->get_future();
    settings_.inbound.snapshot(std::move(arrived),
                               [promise](Status status) { promise->set_value(std::move(status)); });
    return restored.get();
  }

  std::mutex mutex_;
  std::condition_variable idle_;
  Settings settings_;  // not changed while any call is under way
  bool open_ = false;
  int calls_ = 0;
  std::set<grpc::ServerContext*> snapshots_;
  ExchangeRegistry exchanges_;
};

PeerService::PeerService() : impl_(std::make_unique<Impl>()) {}
PeerService::~PeerService() { close(); }
grpc::Service* PeerService::service() { return impl_.get(); }
void PeerService::open(Settings settings) { impl_->open(std::move(settings)); }
void PeerService::close() { impl_->close(); }

}  // namespace yurt::raft
