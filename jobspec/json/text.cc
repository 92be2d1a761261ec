#include "jobspec/json/text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace yurt::json {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

std::uint8_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

void append_escape(std::uint32_t code_unit, std::string& out) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += digits[(code_unit >> shift) & 0xFU];
}

// False when the ASCII character stands for itself.
bool append_special(char c, std::string& out) {
  switch (c) {
    case '"': out += "\\\""; return true;
    case '\\': out += "\\\\"; return true;
    case '\n': out += "\\n"; return true;
    case '\r': out += "\\r"; return true;
    case '\t': out += "\\t"; return true;
    case '\b': out += "\\b"; return true;
    case '\f': out += "\\f"; return true;
    default: break;
  }
  if (static_cast<std::uint8_t>(c) >= 0x20) return false;
  append_escape(static_cast<std::uint8_t>(c), out);
  return true;
}

template <typename Integer>
void append_integer(Integer value, std::string& out) {
  std::array<char, 24> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), end);
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const std::uint8_t first = byte_at(text, 0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(text, i) & 0xC0U) != 0x80U) return 0;
  }
  const std::uint8_t second = byte_at(text, 1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
      (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) {
    return 0;
  }
  return length;
}

std::string valid_utf8(std::string text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t length = utf8_length(std::string_view(text).substr(i));
    if (length == 0) break;
    i += length;
  }
  if (i == text.size()) return text;
  std::string out = text.substr(0, i);
  while (i < text.size()) {
    const std::size_t length = utf8_length(std::string_view(text).substr(i));
    out += length == 0 ? replacement : std::string_view(text).substr(i, length);
    i += length == 0 ? 1 : length;
  }
  return out;
}

void append_utf8(std::uint32_t code_point, std::string& out) {
  const auto tail = [&](int shift) {
    out += static_cast<char>(0x80U | ((code_point >> shift) & 0x3FU));
  };
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0U | (code_point >> 6));
    tail(0);
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xE0U | (code_point >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0U | (code_point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

void append_string(std::string_view text, std::string& out) {
  out += '"';
  std::size_t plain_begin = 0;
  std::size_t i = 0;
  const auto flush = [&] { out += text.substr(plain_begin, i - plain_begin); };
  while (i < text.size()) {
    const char c = text[i];
    if (static_cast<std::uint8_t>(c) < 0x80) {
      if (c >= 0x20 && c != '"' && c != '\\') {
        ++i;
        continue;
      }
      flush();
      static_cast<void>(append_special(c, out));
      plain_begin = ++i;
      continue;
    }
    const std::size_t length = utf8_length(text.substr(i));
    const std::string_view character = text.substr(i, length);
    // JavaScript of old takes these two for line ends.
    const bool line_end = character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9";
    if (length == 0 || line_end) {
      flush();
      if (line_end) {
        append_escape(character == "\xE2\x80\xA8" ? 0x2028 : 0x2029, out);
      } else {
        out += replacement;
      }
      i += line_end ? length : 1;
      plain_begin = i;
      continue;
    }
    i += length;
  }
  flush();
  out += '"';
}

void append_int(std::int64_t value, std::string& out) { append_integer(value, out); }
void append_uint(std::uint64_t value, std::string& out) { append_integer(value, out); }

void append_double(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  // As Go: plain notation between 1e-6 and 1e21.
  const double magnitude = std::abs(value);
  const bool plain = magnitude == 0 || (magnitude >= 1e-6 && magnitude < 1e21);
  std::array<char, 64> buffer;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value == 0 ? 0.0 : value,
                    plain ? std::chars_format::fixed : std::chars_format::scientific)
          .ptr;
  std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  out += text;
  // As Go: 1e-7, not 1e-07.
  if (text.size() > 4 && text.substr(text.size() - 4, 3) == "e-0") out.erase(out.size() - 2, 1);
}

}  // namespace yurt::json
