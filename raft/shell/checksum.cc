#include "raft/shell/checksum.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace yurt::raft {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1) ^ ((value & 1U) != 0 ? 0x82f63b78U : 0U);
    }
    table[byte] = value;
  }
  return table;
}

std::uint32_t by_table(std::uint32_t state, const char* at, std::size_t size) {
  static constexpr std::array<std::uint32_t, 256> table = make_table();
  for (; size > 0; --size, ++at) {
    state = (state >> 8) ^ table[(state ^ static_cast<unsigned char>(*at)) & 0xffU];
  }
  return state;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::uint32_t state, const char* at,
                                                               std::size_t size) {
  std::uint64_t wide = state;
  for (; size >= sizeof(std::uint64_t); size -= sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    wide = __builtin_ia32_crc32di(wide, word);
    at += sizeof word;
  }
  state = static_cast<std::uint32_t>(wide);
  for (; size > 0; --size, ++at) {
    state = __builtin_ia32_crc32qi(state, static_cast<unsigned char>(*at));
  }
  return state;
}
#endif

}  // namespace

std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes) {
  const std::uint32_t state = ~crc;
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return ~by_instruction(state, bytes.data(), bytes.size());
#endif
  return ~by_table(state, bytes.data(), bytes.size());
}

}  // namespace yurt::raft
