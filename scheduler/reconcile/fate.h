// Fate: what the state of an allocation, of its node and of its wishes means for it, before the
// group decides. The first matching rule wins; the numbers in fate.cc are those of the table in
// docs/scheduling.md. Pure.
#pragma once

#include "proto/allocation.h"
#include "scheduler/state_view.h"

namespace yurt::scheduler {

enum class Fate : std::uint8_t {
  ignore,         // over, and nothing follows from it
  untainted,      // its node is fine: what happens to it depends on the job alone
  migrate,        // somebody wants it off its node
  lost,           // its node is gone or down: stopped, and replaced
  disconnecting,  // its node has just become unreachable: unknown for now
  reconnecting,   // it was unknown and has been heard of again
};

// How a node's state concerns the allocations on it.
enum class NodeHealth : std::uint8_t { fine, disconnected, down, gone };
[[nodiscard]] NodeHealth health_of(const model::Node* node);  // null: gone

// The group's disconnect block, with its defaults. Nanoseconds.
struct DisconnectRules {
  std::int64_t lost_after = 0;            // 0: lost at once
  std::int64_t stop_on_client_after = 0;  // 0: never
  bool replace = true;
};
[[nodiscard]] DisconnectRules disconnect_rules(const model::TaskGroup& group);

[[nodiscard]] bool needs_reconnect(const Allocation& alloc);
[[nodiscard]] Fate fate_of(const Allocation& alloc, NodeHealth node, std::int64_t now_ns);

}  // namespace yurt::scheduler
