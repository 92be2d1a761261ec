// UTF-8, characters as people count them, and case, for strings in job files.
//
// Case mapping and letter classes come from the C library's built-in C.UTF-8 locale (ASCII only
// where that is missing), independent of the process's own. Thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace yurt::hcl {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;
  bool valid = true;  // false: `bytes` bytes of what is not UTF-8
};

// REQUIRES: at < text.size()
[[nodiscard]] CodePoint decode_utf8(std::string_view text, std::size_t at);
[[nodiscard]] bool is_valid_utf8(std::string_view text);
// Appends the code point; U+FFFD for a surrogate or anything beyond U+10FFFF.
void append_utf8(char32_t code_point, std::string& out);

// The number of bytes of the character (extended grapheme cluster, UAX #29) at `at`.
// REQUIRES: at < text.size()
[[nodiscard]] std::size_t grapheme_length(std::string_view text, std::size_t at);
[[nodiscard]] std::size_t count_graphemes(std::string_view text);
// True for what belongs to the character before it whatever that is.
[[nodiscard]] bool continues_grapheme(char32_t code_point);

[[nodiscard]] bool is_space(char32_t code_point);
[[nodiscard]] bool is_letter(char32_t code_point);
[[nodiscard]] bool is_digit(char32_t code_point);
[[nodiscard]] std::string to_upper(std::string_view text);
[[nodiscard]] std::string to_lower(std::string_view text);
// The first letter of each word in upper case, as Go's strings.Title.
[[nodiscard]] std::string to_title(std::string_view text);
// Without leading / trailing white space.
[[nodiscard]] std::string_view trim_left(std::string_view text);
[[nodiscard]] std::string_view trim_right(std::string_view text);

}  // namespace yurt::hcl
