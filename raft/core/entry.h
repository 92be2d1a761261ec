// Entry: one position of the replicated log; and the small durable records beside the log.
//
// Values; an Entry shares its payload and never copies it, so copying an Entry is cheap and a
// payload lives as long as anybody (log cache, message, disk queue, apply queue) still needs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "raft/peer.h"

namespace yurt::raft {

// Opaque bytes, immutable once proposed; null means "no bytes".
using Payload = std::shared_ptr<const std::string>;

// Stored and sent as numbers: never renumber.
enum class EntryKind : std::uint8_t {
  command = 1,        // a caller's proposal; the only kind a state machine sees
  noop = 2,           // written by a new leader so that it can commit (thesis §3.6.2, §6.4)
  configuration = 3,  // the whole membership from here on: encode(Configuration)
};

struct Entry {
  Index index = 0;
  Term term = 0;
  EntryKind kind = EntryKind::command;
  Payload payload;

  [[nodiscard]] std::string_view bytes() const {
    return payload ? std::string_view(*payload) : std::string_view();
  }
};

// What an entry counts as in every limit in bytes: its payload and its own fields.
inline constexpr std::size_t entry_overhead_bytes = 32;
[[nodiscard]] inline std::size_t size_bytes(const Entry& entry) {
  return entry_overhead_bytes + (entry.payload ? entry.payload->size() : 0);
}

// Must be durable before any answer that depends on it (Raft's Figure 2: currentTerm, votedFor).
struct HardState {
  Term term = 0;
  PeerId vote = 0;  // whom this server voted for in `term`; 0: nobody

  bool operator==(const HardState&) const = default;
};

// Where the stored log begins: entries up to and including `index` are gone, covered by the state
// machine's durable state. The first entry present is index + 1.
struct LogStart {
  Index index = 0;
  Term term = 0;  // of the entry at `index`; 0 when index is 0

  bool operator==(const LogStart&) const = default;
};

}  // namespace yurt::raft
