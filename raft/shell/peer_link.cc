#include "raft/shell/peer_link.h"

#include <grpcpp/alarm.h>
#include <grpcpp/create_channel.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "raft/raft.grpc.pb.h"
#include "raft/shell/channel.h"
#include "raft/shell/message_size.h"
#include "raft/shell/wire_message.h"

namespace yurt::raft {
namespace {

// An envelope is closed when the next message would take it above this.
constexpr std::size_t max_envelope_bytes = 1 << 20;
// While the stream is not open yet only a little is kept: enough to start an election.
constexpr std::size_t max_unopened_bytes = 1 << 20;
constexpr std::int64_t first_pause_ms = 20;
constexpr std::int64_t longest_pause_ms = 1000;
constexpr std::chrono::seconds echo_interval{1};
// A peer that owes an echo for this long has a dead connection.
constexpr std::chrono::seconds silence_limit{5};

using SteadyTime = std::chrono::steady_clock::time_point;

}  // namespace

class PeerLink::State : public std::enable_shared_from_this<State> {
 public:
  explicit State(Settings settings)
      : settings_(std::move(settings)), random_(settings_.random_seed) {}

  void set_address(const std::string& address) {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(retired_, false) && address == configured_address_) return;
    configured_address_ = address;
    if (stream_ != nullptr) {
      if (address != target_address_) cancel(*stream_);
    } else if (!pausing_) {
      connect();
    }
  }

  void learn_address(const std::string& address) {
    const std::lock_guard lock(mutex_);
    learned_address_ = address;
    retired_ = false;
    if (stream_ == nullptr && !pausing_) connect();
  }

  void retire() {
    const std::lock_guard lock(mutex_);
    retired_ = true;
  }

  void send(Message message) {
    const std::lock_guard lock(mutex_);
    if (stopped_ || stream_ == nullptr) return;
    const std::size_t bytes = size_bytes(message);
    const std::size_t limit = open_ ? settings_.max_queue_bytes : max_unopened_bytes;
    if (queued_bytes_ + bytes > limit) {
      settings_.unreachable(settings_.peer);
      return;
    }
    queued_bytes_ += bytes;
    queue_.push_back(std::move(message));
    write_next();
    notice_silence();
  }

  void stop() {
    std::unique_lock lock(mutex_);
    stopped_ = true;
    if (stream_ != nullptr) cancel(*stream_);
    if (pausing_) alarm_->Cancel();
    ended_.wait(lock, [this] { return stream_ == nullptr && !pausing_; });
    alarm_.reset();  // its callback holds this object
  }

 private:
  class Stream;

  // The rest REQUIRES mutex_ held, but for the stream's and the alarm's callbacks.
  void connect();
  void cancel(Stream& stream);
  void write_next();
  void notice_silence();
  void pause();

  void on_read(Stream& stream, bool ok, const wire::Envelope& envelope);
  void on_written(bool ok);
  void on_ended(const grpc::Status& status);
  void on_alarm();

  const Settings settings_;
  std::mutex mutex_;
  std::condition_variable ended_;
  SeededRandom random_;
  std::string configured_address_;
  std::string learned_address_;
  std::string target_address_;  // of the stream there is, or the last one
  bool use_learned_ = false;
  std::deque<Message> queue_;
  std::size_t queued_bytes_ = 0;
  wire::Envelope envelope_;   // being written
  Stream* stream_ = nullptr;  // owns itself until its OnDone
  bool open_ = false;         // the peer has greeted back
  bool writable_ = false;     // the stream may still be written to
  bool writing_ = false;
  bool stopped_ = false;
  bool retired_ = false;
  bool pausing_ = false;
  std::int64_t pause_ms_ = first_pause_ms;
  std::string last_complaint_;
  SteadyTime last_asked_{};             // for an echo
  SteadyTime unanswered_since_{};       // the oldest such question; zero: none
  std::unique_ptr<grpc::Alarm> alarm_;  // a new one for each pause: the old may still be returning
};

// The gRPC side: one attempt, deleted when gRPC is done with it.
class PeerLink::State::Stream final
    : public grpc::ClientBidiReactor<wire::Envelope, wire::Envelope> {
 public:
  Stream(std::shared_ptr<State> state, std::shared_ptr<grpc::Channel> channel)
      : state_(std::move(state)),
        channel_(std::move(channel)),
        stub_(wire::RaftPeer::NewStub(channel_)) {}

  void start(wire::Hello hello) {
    *hello_.mutable_hello() = std::move(hello);
    stub_->async()->Exchange(&context_, this);
    // Writes come from other threads too; the hold lasts until the first read fails.
    AddHold();
    StartWrite(&hello_);
    StartRead(&incoming_);
    StartCall();
  }

  void cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    state_->on_read(*this, ok, incoming_);
    if (ok)
      StartRead(&incoming_);
    else
      RemoveHold();
  }
  void OnWriteDone(bool ok) override { state_->on_written(ok); }
  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<State> state = std::move(state_);
    // Gone before the link may go on without it.
    delete this;
    state->on_ended(status);
  }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<wire::RaftPeer::Stub> stub_;
  grpc::ClientContext context_;
  wire::Envelope hello_;
  wire::Envelope incoming_;
};

void PeerLink::State::connect() {
  const std::string& address =
      (use_learned_ && !learned_address_.empty()) || configured_address_.empty()
          ? learned_address_
          : configured_address_;
  if (stopped_ || retired_ || address.empty()) return;
  target_address_ = address;
  wire::Hello hello;
  hello.set_cluster_id(settings_.cluster_id());
  hello.set_from(settings_.self);
  hello.set_to(settings_.peer);
  hello.set_address(settings_.own_address);
  open_ = false;
  writable_ = true;
  writing_ = true;  // the greeting
  unanswered_since_ = {};
  stream_ = new Stream(shared_from_this(), new_channel(target_address_));
  stream_->start(std::move(hello));
}

void PeerLink::State::cancel(Stream& stream) {
  writable_ = false;
  stream.cancel();
}

void PeerLink::State::write_next() {
  if (!open_ || !writable_ || writing_ || queue_.empty()) return;
  envelope_.Clear();
  std::size_t bytes = 0;
  while (!queue_.empty()) {
    const std::size_t next = size_bytes(queue_.front());
    if (bytes != 0 && bytes + next > max_envelope_bytes) break;
    bytes += next;
    to_wire(queue_.front(), *envelope_.add_messages());
    queue_.pop_front();
  }
  queued_bytes_ -= bytes;
  writing_ = true;
  const SteadyTime now = std::chrono::steady_clock::now();
  if (now - last_asked_ >= echo_interval) {
    envelope_.set_echo(true);
    last_asked_ = now;
    if (unanswered_since_ == SteadyTime{}) unanswered_since_ = now;
  }
  stream_->StartWrite(&envelope_);
}

void PeerLink::State::notice_silence() {
  if (!open_ || !writable_ || unanswered_since_ == SteadyTime{}) return;
  if (std::chrono::steady_clock::now() - unanswered_since_ < silence_limit) return;
  YURT_LOG(warn, "raft", "server {} does not answer any more, connecting anew", settings_.peer);
  cancel(*stream_);
}

void PeerLink::State::on_read(Stream& stream, bool ok, const wire::Envelope& envelope) {
  const std::lock_guard lock(mutex_);
  unanswered_since_ = {};
  if (!ok) {
    writable_ = false;
    return;
  }
  if (open_ || !envelope.has_hello()) return;
  const wire::Hello& hello = envelope.hello();
  if (hello.from() != settings_.peer || hello.cluster_id() != settings_.cluster_id()) {
    YURT_LOG(warn, "raft", "the server at {} is server {} of cluster {}, not server {} of ours",
             hello.address(), hello.from(), hello.cluster_id(), settings_.peer);
    cancel(stream);
    return;
  }
  open_ = true;
  pause_ms_ = first_pause_ms;
  last_complaint_.clear();
  write_next();
}

void PeerLink::State::on_written(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  if (ok) write_next();
}

void PeerLink::State::on_ended(const grpc::Status& status) {
  const std::lock_guard lock(mutex_);
  const bool lost = open_ || !queue_.empty();
  stream_ = nullptr;
  open_ = writable_ = false;
  queue_.clear();
  queued_bytes_ = 0;
  if (!stopped_) {
    // Once for each new reason; a peer that is down for hours fills no log.
    if (!status.ok() && !retired_ && status.error_message() != last_complaint_) {
      last_complaint_ = status.error_message();
      YURT_LOG(warn, "raft", "no connection to server {} at {}: {}", settings_.peer,
               target_address_, last_complaint_);
    }
    use_learned_ = !use_learned_ && !learned_address_.empty();
    pause();
    if (lost) settings_.unreachable(settings_.peer);
  }
  ended_.notify_all();
}

void PeerLink::State::pause() {
  pausing_ = true;
  const std::int64_t ms =
      pause_ms_ / 2 +
      static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(pause_ms_ / 2 + 1)));
  pause_ms_ = std::min(2 * pause_ms_, longest_pause_ms);
  alarm_ = std::make_unique<grpc::Alarm>();
  alarm_->Set(std::chrono::system_clock::now() + std::chrono::milliseconds(ms),
              [state = shared_from_this()](bool) { state->on_alarm(); });
}

void PeerLink::State::on_alarm() {
  const std::lock_guard lock(mutex_);
  pausing_ = false;
  connect();
  ended_.notify_all();
}

PeerLink::PeerLink(Settings settings) : state_(std::make_shared<State>(std::move(settings))) {}
PeerLink::~PeerLink() { stop(); }
void PeerLink::set_address(const std::string& address) { state_->set_address(address); }
void PeerLink::learn_address(const std::string& address) { state_->learn_address(address); }
void PeerLink::retire() { state_->retire(); }
void PeerLink::send(Message message) { state_->send(std::move(message)); }
void PeerLink::stop() { state_->stop(); }

}  // namespace yurt::raft
