#include "raft/shell/mailbox.h"

#include <chrono>
#include <utility>

#include "raft/shell/message_size.h"

namespace yurt::raft {
bool Mailbox::post(IncomingProposal&& proposal) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    mail_.proposals.push_back(std::move(proposal));
    if (std::exchange(any_, true)) return true;
  }
  wake();
  return true;
}

bool Mailbox::post(std::function<void()>&& call) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    mail_.calls.push_back(std::move(call));
    any_ = true;
  }
  wake();
  return true;
}

void Mailbox::post(std::vector<Message> messages) {
  std::size_t bytes = 0;
  for (const Message& message : messages) bytes += size_bytes(message);
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || message_bytes_ + bytes > max_message_bytes_) return;
    message_bytes_ += bytes;
    for (Message& message : messages) mail_.messages.push_back(std::move(message));
    any_ = true;
  }
  wake();
}

void Mailbox::post_persisted(std::uint64_t sequence) {
  {
    const std::lock_guard lock(mutex_);
    mail_.persisted = sequence;
    any_ = true;
  }
  wake();
}

void Mailbox::post_applied(Index index) {
  {
    const std::lock_guard lock(mutex_);
    mail_.applied = index;
    any_ = true;
  }
  wake();
}

Mail Mailbox::take(std::int64_t wait_ns) {
  std::unique_lock lock(mutex_);
  if (wait_ns > 0) {
    arrived_.wait_for(lock, std::chrono::nanoseconds(wait_ns), [&] { return any_ || closed_; });
  }
  any_ = false;
  message_bytes_ = 0;
  mail_.closed = closed_;
  return std::exchange(mail_, Mail{});
}

void Mailbox::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  wake();
}

}  // namespace yurt::raft
