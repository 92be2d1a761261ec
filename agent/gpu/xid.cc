#include "agent/gpu/xid.h"

#include <algorithm>
#include <array>
#include <utility>

namespace yurt::agent {

std::string_view critical_xid(std::uint64_t code) {
  static constexpr std::array<std::pair<std::uint64_t, std::string_view>, 15> critical{{
      {46, "the GPU stopped processing"},
      {48, "uncorrectable double-bit memory error"},
      {54, "auxiliary power is not connected"},
      {62, "internal micro-controller halted"},
      {64, "a bad memory page or row could not be retired"},
      {74, "NVLink error"},
      {79, "the GPU has fallen off the bus"},
      {95, "uncontained memory error"},
      {110, "security fault"},
      {119, "the GPU's system processor does not answer"},
      {120, "error in the GPU's system processor"},
      {121, "C2C link error"},
      {123, "the power management unit does not answer"},
      {140, "unrecovered memory error"},
      {143, "the GPU could not be initialized"},
  }};
  const auto found = std::find_if(critical.begin(), critical.end(),
                                  [code](const auto& one) { return one.first == code; });
  return found == critical.end() ? std::string_view() : found->second;
}

}  // namespace yurt::agent
