// One request, one answer.
#include <atomic>
#include <memory>

#include "server/api/service.h"
#include "server/grpc/buffers.h"
#include "server/grpc/reactors.h"
#include "server/grpc/status.h"

namespace yurt::server {
namespace {

class UnaryReactor final : public grpc::ServerGenericBidiReactor {
 public:
  UnaryReactor(Service& service, const Operation& operation,
               grpc::GenericCallbackServerContext& context)
      : service_(service), operation_(operation), context_(context) {}

  // The reactor lives until gRPC is done with it and no answer is on its way.
  static UnaryReactor* start(std::shared_ptr<UnaryReactor> reactor) {
    reactor->self_ = reactor;
    reactor->StartRead(&reactor->buffer_);
    return reactor.get();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return end({grpc::StatusCode::INVALID_ARGUMENT, "the call has no request"});
    Caller caller;
    caller.forwarded = context_.client_metadata().contains(forwarded_key);
    caller.gone = gone_;
    service_.call(operation_, std::move(caller), Body{nullptr, take_bytes(buffer_)},
                  [reactor = self_](Result<Body> reply, bool untouched) {
                    reactor->answer(std::move(reply), untouched);
                  });
  }

  void OnCancel() override {
    gone_->store(true, std::memory_order_relaxed);
    end({grpc::StatusCode::CANCELLED, "the caller went away"});
  }

  void OnDone() override { self_.reset(); }

 private:
  void answer(Result<Body> reply, bool untouched) {
    if (reply) {
      if (ended_.exchange(true)) return;
      buffer_ = to_buffer(*reply);
      return StartWriteAndFinish(&buffer_, grpc::WriteOptions(), grpc::Status::OK);
    }
    end(to_grpc(reply.error()), untouched);
  }

  void end(const grpc::Status& status, bool untouched = false) {
    if (ended_.exchange(true)) return;
    if (untouched) context_.AddTrailingMetadata(untouched_key, "1");
    Finish(status);
  }

  Service& service_;
  const Operation& operation_;
  grpc::GenericCallbackServerContext& context_;
  grpc::ByteBuffer buffer_;
  std::atomic<bool> ended_ = false;
  const std::shared_ptr<std::atomic<bool>> gone_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<UnaryReactor> self_;
};

class Refusal final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Refusal(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerGenericBidiReactor* start_unary(Service& service, const Operation& operation,
                                            grpc::GenericCallbackServerContext& context) {
  return UnaryReactor::start(std::make_shared<UnaryReactor>(service, operation, context));
}

grpc::ServerGenericBidiReactor* refuse(const grpc::Status& status) { return new Refusal(status); }

}  // namespace yurt::server
