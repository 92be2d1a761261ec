#include "base/ids.h"

#include "base/random.h"

namespace yurt {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool hyphen_at(std::size_t position) {
  return position == 8 || position == 13 || position == 18 || position == 23;
}

}  // namespace

std::string Uuid::to_string() const {
  if (is_nil()) return {};
  std::string text;
  text.reserve(36);
  for (std::uint8_t byte : bytes) {
    if (hyphen_at(text.size())) text.push_back('-');
    text.push_back(hex_digits[byte >> 4]);
    text.push_back(hex_digits[byte & 15]);
  }
  return text;
}

std::string Uuid::short_form() const { return to_string().substr(0, 8); }

std::string Uuid::to_bytes() const {
  if (is_nil()) return {};
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid uuid;
  std::size_t digit = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (hyphen_at(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    int value = hex_value(text[i]);
    if (value < 0) return std::nullopt;
    auto& byte = uuid.bytes[digit / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | value);
    ++digit;
  }
  return uuid;
}

Uuid Uuid::from_bytes(std::string_view raw) {
  Uuid uuid;
  if (raw.size() == uuid.bytes.size()) std::memcpy(uuid.bytes.data(), raw.data(), raw.size());
  return uuid;
}

Uuid Uuid::generate(Random& random) {
  Uuid uuid;
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t word = random.next();
    std::memcpy(uuid.bytes.data() + half * 8, &word, sizeof word);
  }
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0f) | 0x40);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
  return uuid;
}

}  // namespace yurt
