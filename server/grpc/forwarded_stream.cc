#include "server/grpc/forwarded_stream.h"

#include <deque>
#include <mutex>

#include "server/grpc/buffers.h"
#include "server/grpc/status.h"

namespace yurt::server {
namespace {

// Read ahead of the caller by this much, so that the network's delay is hidden.
constexpr std::size_t window_bytes = 256 << 10;

// Lives until gRPC is done with the call, which the caller's handle cancels when it goes.
class Reactor final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Reactor(bool caller_streams, StreamEvents events, std::shared_ptr<void> keep)
      : caller_streams_(caller_streams), events_(std::move(events)), keep_(std::move(keep)) {}

  void start(const std::shared_ptr<Reactor>& self, grpc::GenericStub& stub,
             const std::string& method, const std::string& first) {
    self_ = self;
    context_.AddMetadata(forwarded_key, "1");
    stub.PrepareBidiStreamingCall(&context_, method, grpc::StubOptions(), this);
    // Writes start outside of gRPC's callbacks: the hold keeps the call open for them.
    AddHold();
    holding_ = true;
    {
      const std::lock_guard lock(mutex_);
      outgoing_.push_back(to_buffer(Body{nullptr, first}));
      if (!caller_streams_) closing_ = true;
      write_next();
    }
    reading_ = true;
    StartRead(&incoming_);
    StartCall();
  }

  bool send(const Body& message) {
    const std::lock_guard lock(mutex_);
    if (over_ || closing_) return false;
    outgoing_.push_back(to_buffer(message));
    write_next();
    return true;
  }

  void finish_sending() {
    const std::lock_guard lock(mutex_);
    if (over_ || closing_) return;
    closing_ = true;
    write_next();
  }

  void consumed(std::size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      unconsumed_ -= std::min(bytes, unconsumed_);
      if (reading_ || over_ || unconsumed_ >= window_bytes) return;
      reading_ = true;
    }
    StartRead(&incoming_);
  }

  // No callback begins after this.
  void abandon() {
    {
      const std::lock_guard lock(events_mutex_);
      events_ = {};
    }
    context_.TryCancel();
    release_hold();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      {
        const std::lock_guard lock(mutex_);
        reading_ = false;
        over_ = true;
      }
      return release_hold();
    }
    std::string bytes = take_bytes(incoming_);
    const std::size_t size = bytes.size() + 1;
    {
      const std::lock_guard lock(mutex_);
      unconsumed_ += size;
    }
    {
      const std::lock_guard lock(events_mutex_);
      if (events_.on_message) events_.on_message(Body{nullptr, std::move(bytes)}, size);
    }
    // Not before: the next message would overtake this one on another thread.
    {
      const std::lock_guard lock(mutex_);
      reading_ = unconsumed_ < window_bytes;
      if (!reading_) return;
    }
    StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    {
      const std::lock_guard lock(mutex_);
      outgoing_.pop_front();
      writing_ = false;
      if (ok) return write_next();
      over_ = true;
    }
    release_hold();
  }

  void OnWritesDoneDone(bool) override { release_hold(); }

  void OnDone(const grpc::Status& status) override {
    {
      const std::lock_guard lock(events_mutex_);
      if (events_.on_end) events_.on_end(status.ok() ? Status() : Status(from_grpc(status)));
    }
    self_.reset();
  }

 private:
  // REQUIRES: mutex_ is held
  void write_next() {
    if (writing_ || closed_) return;
    if (!outgoing_.empty()) {
      writing_ = true;
      StartWrite(&outgoing_.front());
    } else if (closing_) {
      closed_ = true;
      StartWritesDone();
    }
  }

  void release_hold() {
    {
      const std::lock_guard lock(mutex_);
      if (!holding_) return;
      holding_ = false;
      over_ = over_ || !closed_;
    }
    RemoveHold();
  }

  const bool caller_streams_;
  grpc::ClientContext context_;
  grpc::ByteBuffer incoming_;

  std::recursive_mutex events_mutex_;
  StreamEvents events_;

  std::mutex mutex_;
  std::deque<grpc::ByteBuffer> outgoing_;
  bool writing_ = false, closing_ = false, closed_ = false;
  bool reading_ = false, over_ = false, holding_ = false;
  std::size_t unconsumed_ = 0;

  const std::shared_ptr<void> keep_;
  std::shared_ptr<Reactor> self_;
};

class ForwardedStream final : public CallStream {
 public:
  explicit ForwardedStream(std::shared_ptr<Reactor> reactor) : reactor_(std::move(reactor)) {}
  ~ForwardedStream() override { reactor_->abandon(); }

  bool send(Body message) override { return reactor_->send(message); }
  void finish_sending() override { reactor_->finish_sending(); }
  void consumed(std::size_t bytes) override { reactor_->consumed(bytes); }

 private:
  const std::shared_ptr<Reactor> reactor_;
};

}  // namespace

std::unique_ptr<CallStream> open_forwarded_stream(grpc::GenericStub& stub,
                                                  const std::string& method,
                                                  const std::string& first, bool caller_streams,
                                                  StreamEvents events, std::shared_ptr<void> keep) {
  auto reactor = std::make_shared<Reactor>(caller_streams, std::move(events), std::move(keep));
  reactor->start(reactor, stub, method, first);
  return std::make_unique<ForwardedStream>(std::move(reactor));
}

}  // namespace yurt::server
