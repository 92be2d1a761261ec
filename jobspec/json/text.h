// Strings and numbers as JSON text, in the forms Go's encoding/json writes without HTML escaping.
// Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace yurt::json {

// In quotes. Invalid UTF-8 becomes U+FFFD, byte by byte.
void append_string(std::string_view text, std::string& out);
void append_int(std::int64_t value, std::string& out);
void append_uint(std::uint64_t value, std::string& out);
// The shortest digits that read back as the same number, integral values without a fraction. JSON
// has no infinity and no NaN: null.
void append_double(double value, std::string& out);

// Bytes of the UTF-8 character at the start of `text`, or 0 when it is none (truncated, overlong, a
// surrogate, beyond U+10FFFF).
[[nodiscard]] std::size_t utf8_length(std::string_view text);
// `text` with every invalid byte replaced by U+FFFD.
[[nodiscard]] std::string valid_utf8(std::string text);
void append_utf8(std::uint32_t code_point, std::string& out);

}  // namespace yurt::json
