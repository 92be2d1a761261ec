// Outbox: holds each message until the disk writes it depends on are durable.
//
// Every message waits for the term and vote it was written under (Raft's Figure 2: persistent state
// is updated before responding); an acknowledgement waits for the entries it acknowledges too. What
// waits is named by the sequence of a Write. Not thread-safe; copyable.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "raft/core/message.h"

namespace yurt::raft {

class Outbox {
 public:
  struct Waiting {
    Message message;
    std::uint64_t after;
  };

  // `after`: the write that must be durable first; 0 or one that is: none.
  void send(Message message, std::uint64_t after, std::uint64_t persisted) {
    (after <= persisted ? ready_ : held_).push_back({std::move(message), after});
  }

  void release(std::uint64_t persisted) {
    auto kept = held_.begin();
    for (auto& held : held_) {
      if (held.after <= persisted) {
        ready_.push_back(std::move(held));
      } else {
        *kept++ = std::move(held);
      }
    }
    held_.erase(kept, held_.end());
  }

  // The server moved on to a higher term: what it had to say before is void.
  void drop_held() { held_.clear(); }

  [[nodiscard]] std::vector<Message> take() {
    std::vector<Message> messages;
    messages.reserve(ready_.size());
    for (auto& ready : ready_) messages.push_back(std::move(ready.message));
    ready_.clear();
    return messages;
  }

  [[nodiscard]] const std::vector<Waiting>& held() const { return held_; }

 private:
  std::vector<Waiting> ready_;
  std::vector<Waiting> held_;
};

}  // namespace yurt::raft
