// CRC-32C (Castagnoli polynomial, RFC 3720 appendix B.4): the checksum of log entries and snapshot
// files. Uses the processor's instruction where there is one. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace yurt::raft {

// The checksum of what `crc` covers followed by `bytes`; start with crc = 0.
[[nodiscard]] std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes);

}  // namespace yurt::raft
