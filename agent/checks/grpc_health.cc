#include "agent/checks/grpc_health.h"

#include <cstddef>
#include <cstdint>

namespace yurt::agent::grpc_health {
namespace {

constexpr std::size_t prefix_bytes = 5;  // a flag (compressed) and a big-endian length

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 128; value >>= 7) out += static_cast<char>((value & 127) | 128);
  out += static_cast<char>(value);
}

// Takes a varint off the front; false when there is none whole.
bool take_varint(std::string_view& bytes, std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 127) << shift;
    if (byte < 128) return true;
  }
  return false;
}

}  // namespace

std::string request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    message += '\x0a';  // field 1, length-delimited
    append_varint(message, service.size());
    message += service;
  }
  std::string out(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>(message.size() >> shift & 255);
  }
  return out + message;
}

std::string status_in(std::string_view frame) {
  if (frame.size() < prefix_bytes || frame[0] != '\0') return {};
  std::size_t length = 0;
  for (std::size_t i = 1; i < prefix_bytes; ++i) {
    length = length << 8 | static_cast<unsigned char>(frame[i]);
  }
  frame.remove_prefix(prefix_bytes);
  if (frame.size() != length) return {};
  std::uint64_t status = 0;
  while (!frame.empty()) {
    std::uint64_t key = 0;
    // Field 1 is the status; nothing else is known.
    if (!take_varint(frame, key) || key != 8 || !take_varint(frame, status)) return {};
  }
  switch (status) {
    case 1: return "SERVING";
    case 2: return "NOT_SERVING";
    case 3: return "SERVICE_UNKNOWN";
    default: return "UNKNOWN";
  }
}

}  // namespace yurt::agent::grpc_health
