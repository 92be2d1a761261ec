// Xid errors: what NVIDIA's driver reports of a card, by number
// (docs.nvidia.com/deploy/xid-errors).
#pragma once

#include <cstdint>
#include <string_view>

namespace yurt::agent {

// What the number means, for those after which the card can't be trusted before it is reset or
// looked after; "" for all others: a program's own faults (13, 31, 43, 45, 68, 69, 109), what the
// driver has mended (63, 94) and what says nothing about the card.
[[nodiscard]] std::string_view critical_xid(std::uint64_t code);

}  // namespace yurt::agent
