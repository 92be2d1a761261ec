#include "server/agents/session.h"

#include <algorithm>

namespace yurt::server {
namespace {

ErrorCode code_named(const std::string& name) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::internal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    if (name == name_of(code)) return code;
  }
  return ErrorCode::internal;
}

}  // namespace

bool PendingSession::attach(Stream stream) {
  std::unique_lock lock(mutex_);
  if (abandoned_ || ended_ || attached_) return false;
  attached_ = true;
  stream_ = std::move(stream);
  write_next(lock);
  read_next(lock);
  return true;
}

void PendingSession::received(const model::SessionFrame& frame) {
  if (frame.has_end()) {
    const auto& last = frame.end();
    end(last.code().empty() ? Status() : Status(Error{code_named(last.code()), last.message()}));
    return;
  }
  std::unique_lock lock(mutex_);
  if (!ended_ && !abandoned_) {
    unread_bytes_ += frame.ByteSizeLong();
    const auto on_frame = events_.on_frame;
    lock.unlock();
    on_frame(frame);
    lock.lock();
  }
  // Not before: the next frame, or the end, would overtake this one on another thread.
  read_pending_ = false;
  read_next(lock);
}

void PendingSession::consumed(std::size_t bytes) {
  std::unique_lock lock(mutex_);
  unread_bytes_ -= std::min(bytes, unread_bytes_);
  read_next(lock);
}

void PendingSession::end(Status status) {
  std::unique_lock lock(mutex_);
  if (ended_) return;
  ended_ = true;
  const auto on_end = std::exchange(events_, {}).on_end;
  finish_when_idle(lock);
  lock.unlock();
  if (on_end) on_end(std::move(status));
}

void PendingSession::wrote(bool ok) {
  std::unique_lock lock(mutex_);
  writing_ = false;
  if (ok && !ended_) write_next(lock);
  finish_when_idle(lock);
}

void PendingSession::closed() {
  {
    std::lock_guard lock(mutex_);
    stream_ = {};
  }
  end(Error{ErrorCode::unavailable, "the connection to the node was lost"});
}

bool PendingSession::send(const model::SessionFrame& frame) {
  std::unique_lock lock(mutex_);
  if (ended_ || abandoned_) return false;
  queue_.push_back(frame);
  write_next(lock);
  return true;
}

void PendingSession::abandon() {
  {
    std::lock_guard lock(mutex_);
    abandoned_ = true;
    events_ = {};
  }
  end({});
}

void PendingSession::fail(Error error) { end(std::move(error)); }

void PendingSession::write_next(std::unique_lock<std::mutex>& lock) {
  if (writing_ || ended_ || queue_.empty() || !stream_.write) return;
  outgoing_ = std::move(queue_.front());
  queue_.pop_front();
  writing_ = true;
  use_stream(lock, [write = stream_.write, this] { write(&outgoing_); });
}

void PendingSession::read_next(std::unique_lock<std::mutex>& lock) {
  if (read_pending_ || ended_ || unread_bytes_ >= window_bytes || !stream_.read) return;
  read_pending_ = true;
  use_stream(lock, stream_.read);
}

void PendingSession::use_stream(std::unique_lock<std::mutex>& lock,
                                const std::function<void()>& call) {
  const auto copy = call;
  ++in_stream_;
  lock.unlock();
  copy();
  lock.lock();
  --in_stream_;
  finish_when_idle(lock);
}

void PendingSession::finish_when_idle(std::unique_lock<std::mutex>& lock) {
  if (!ended_ || writing_ || in_stream_ > 0 || !stream_.finish) return;
  const auto finish = std::exchange(stream_, {}).finish;
  lock.unlock();
  finish();
  lock.lock();
}

}  // namespace yurt::server
