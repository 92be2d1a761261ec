// A stream: messages flow as fast as the caller takes them, and no faster.
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "server/api/service.h"
#include "server/grpc/buffers.h"
#include "server/grpc/reactors.h"
#include "server/grpc/status.h"

namespace yurt::server {
namespace {

class StreamReactor final : public grpc::ServerGenericBidiReactor {
 public:
  StreamReactor(Service& service, const Operation& operation,
                grpc::GenericCallbackServerContext& context)
      : service_(service), operation_(operation), context_(context) {}

  static StreamReactor* start(std::shared_ptr<StreamReactor> reactor) {
    reactor->self_ = reactor;
    reactor->StartRead(&reactor->read_);
    return reactor.get();
  }

  void OnReadDone(bool ok) override {
    if (!opened_) {
      opened_ = true;
      return ok ? open() : end({ErrorCode::invalid_argument, "the call has no request"});
    }
    const auto stream = current_stream();
    if (!stream) return;
    if (!ok) {
      if (operation_.caller_streams) stream->finish_sending();
      return;
    }
    if (stream->send(Body{nullptr, take_bytes(read_)})) StartRead(&read_);
  }

  void OnWriteDone(bool ok) override {
    std::size_t bytes = 0;
    {
      const std::lock_guard lock(mutex_);
      bytes = waiting_.front().bytes;
      waiting_.pop_front();
      writing_ = false;
      if (!ok) waiting_.clear();
    }
    if (ok) {
      if (const auto stream = current_stream()) stream->consumed(bytes);
    }
    go_on();
  }

  void OnCancel() override {
    end({ErrorCode::unavailable, "the caller went away"});
    drop_stream();
  }

  void OnDone() override {
    drop_stream();
    self_.reset();
  }

 private:
  struct Waiting {
    grpc::ByteBuffer buffer;
    std::size_t bytes = 0;
  };

  void open() {
    Caller caller;
    caller.forwarded = context_.client_metadata().contains(forwarded_key);
    const std::weak_ptr<StreamReactor> weak = self_;
    auto stream = service_.open(operation_, caller, Body{nullptr, take_bytes(read_)},
                                {.on_message =
                                     [weak](Body message, std::size_t bytes) {
                                       if (const auto reactor = weak.lock())
                                         reactor->queue(message, bytes);
                                     },
                                 .on_end =
                                     [weak](Status status) {
                                       const auto reactor = weak.lock();
                                       if (!reactor) return;
                                       if (status.ok()) {
                                         reactor->end_well();
                                       } else {
                                         reactor->end(status.error());
                                       }
                                     }});
    if (!stream) return end(stream.error());
    {
      const std::lock_guard lock(mutex_);
      if (!gone_) stream_ = std::move(*stream);
    }
    StartRead(&read_);
  }

  void queue(const Body& message, std::size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      if (end_) return;
      waiting_.push_back({to_buffer(message), bytes});
    }
    go_on();
  }

  // Writes what waits; when nothing does and the stream is over, says so.
  void go_on() {
    std::optional<grpc::Status> finish;
    {
      const std::lock_guard lock(mutex_);
      if (writing_ || finished_) return;
      if (!waiting_.empty()) {
        writing_ = true;
        // Under the lock, so that no Finish can come between.
        return StartWrite(&waiting_.front().buffer);
      }
      if (!end_) return;
      finished_ = true;
      finish = *end_;
    }
    Finish(*finish);
  }

  void end_well() { end_with(grpc::Status::OK); }
  void end(const Error& error) { end_with(to_grpc(error)); }
  void end_with(const grpc::Status& status) {
    {
      const std::lock_guard lock(mutex_);
      if (!end_) end_ = status;
    }
    go_on();
  }

  [[nodiscard]] std::shared_ptr<CallStream> current_stream() {
    const std::lock_guard lock(mutex_);
    return stream_;
  }

  void drop_stream() {
    std::shared_ptr<CallStream> stream;
    const std::lock_guard lock(mutex_);
    gone_ = true;
    stream.swap(stream_);
  }

  Service& service_;
  const Operation& operation_;
  grpc::GenericCallbackServerContext& context_;
  grpc::ByteBuffer read_;
  bool opened_ = false;  // touched by reads only, which gRPC calls one after another

  std::mutex mutex_;
  std::shared_ptr<CallStream> stream_;
  std::deque<Waiting> waiting_;
  bool writing_ = false;
  bool gone_ = false;
  bool finished_ = false;
  std::optional<grpc::Status> end_;
  std::shared_ptr<StreamReactor> self_;
};

}  // namespace

grpc::ServerGenericBidiReactor* start_stream(Service& service, const Operation& operation,
                                             grpc::GenericCallbackServerContext& context) {
  return StreamReactor::start(std::make_shared<StreamReactor>(service, operation, context));
}

}  // namespace yurt::server
