// What a message counts as in limits in bytes: about its length on the wire. Pure.
#pragma once

#include <cstddef>

#include "raft/core/message.h"

namespace yurt::raft {

[[nodiscard]] std::size_t size_bytes(const Message& message);

}  // namespace yurt::raft
