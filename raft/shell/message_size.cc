#include "raft/shell/message_size.h"

namespace yurt::raft {

std::size_t size_bytes(const Message& message) {
  constexpr std::size_t fields_bytes = 64;
  std::size_t bytes = fields_bytes;
  if (const auto* append = std::get_if<AppendRequest>(&message.body)) {
    for (const Entry& entry : append->entries) bytes += size_bytes(entry);
  }
  return bytes;
}

}  // namespace yurt::raft
