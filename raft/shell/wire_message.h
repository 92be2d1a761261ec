// The core's messages to and from raft.proto. Pure.
//
// Entries' payloads are copied once into the wire form, and moved out of it at the other end.
#pragma once

#include <optional>

#include "raft/core/message.h"
#include "raft/raft.pb.h"

namespace yurt::raft {

// Replaces `out`. InstallSnapshot has no wire form: snapshots travel beside the messages.
void to_wire(const Message& message, wire::Message& out);

// nullopt when the body is of a kind that this version does not know, or an entry is.
[[nodiscard]] std::optional<Message> from_wire(wire::Message&& message, PeerId from, PeerId to);

}  // namespace yurt::raft
