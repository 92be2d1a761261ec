// Mailbox: everything other threads want of the consensus thread, swapped out whole at each wake.
//
// Thread-safe; one thread takes. Bounded by bytes: what comes in above the limit is refused, and
// whoever posted it tells its caller (proposals) or lets the protocol repeat it (messages).
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "raft/core/message.h"
#include "raft/shell/done.h"

namespace yurt::raft {

struct IncomingProposal {
  Payload payload;
  ProposalDone done;
};

struct Mail {
  std::vector<Message> messages;
  std::vector<IncomingProposal> proposals;
  std::vector<std::function<void()>> calls;  // to be run on the consensus thread
  std::uint64_t persisted = 0;               // newest durable Write::sequence; 0: no news
  Index applied = 0;                         // newest applied index; 0: no news
  bool closed = false;                       // nothing more will come
};

class Mailbox {
 public:
  explicit Mailbox(std::size_t max_message_bytes) : max_message_bytes_(max_message_bytes) {}

  // False, and nothing was taken over, when the mailbox is closed.
  [[nodiscard]] bool post(IncomingProposal&& proposal);
  [[nodiscard]] bool post(std::function<void()>&& call);
  // Drops the messages when too many wait already, or the mailbox is closed.
  void post(std::vector<Message> messages);
  void post_persisted(std::uint64_t sequence);
  void post_applied(Index index);

  // Waits for mail, at most `wait_ns`; then takes all there is.
  [[nodiscard]] Mail take(std::int64_t wait_ns);

  // Refuses everything from now on. What is there can still be taken.
  void close();

 private:
  void wake() { arrived_.notify_one(); }

  const std::size_t max_message_bytes_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  Mail mail_;
  std::size_t message_bytes_ = 0;
  bool any_ = false;
  bool closed_ = false;
};

}  // namespace yurt::raft
