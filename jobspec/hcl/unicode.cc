#include "jobspec/hcl/unicode.h"

#include <locale.h>
#include <wctype.h>

namespace yurt::hcl {
namespace {

locale_t c_utf8() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

char32_t upper(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 0x20 : c;
  return c_utf8() ? static_cast<char32_t>(towupper_l(static_cast<wint_t>(c), c_utf8())) : c;
}

char32_t lower(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 0x20 : c;
  return c_utf8() ? static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), c_utf8())) : c;
}

template <typename Map>
std::string map_code_points(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    if (c.valid) {
      append_utf8(map(c.value), out);
    } else {
      out.append(text.substr(i, c.bytes));
    }
    i += c.bytes;
  }
  return out;
}

// Hangul syllable parts (UAX #29 table 2c).
enum class Hangul { none, leading, vowel, trailing, lv, lvt };

Hangul hangul(char32_t c) {
  if (c >= 0x1100 && c <= 0x115F) return Hangul::leading;
  if (c >= 0x1160 && c <= 0x11A7) return Hangul::vowel;
  if (c >= 0x11A8 && c <= 0x11FF) return Hangul::trailing;
  if (c >= 0xAC00 && c <= 0xD7A3) return (c - 0xAC00) % 28 == 0 ? Hangul::lv : Hangul::lvt;
  return Hangul::none;
}

bool joins_hangul(char32_t a, char32_t b) {
  const Hangul left = hangul(a), right = hangul(b);
  if (left == Hangul::leading) {
    return right == Hangul::leading || right == Hangul::vowel || right == Hangul::lv ||
           right == Hangul::lvt;
  }
  if (left == Hangul::lv || left == Hangul::vowel) {
    return right == Hangul::vowel || right == Hangul::trailing;
  }
  return (left == Hangul::lvt || left == Hangul::trailing) && right == Hangul::trailing;
}

bool is_pictograph(char32_t c) {
  return c == 0xA9 || c == 0xAE || c == 0x203C || c == 0x2049 || c == 0x2122 || c == 0x2139 ||
         (c >= 0x2194 && c <= 0x21AA) || (c >= 0x2300 && c <= 0x23FF) || c == 0x24C2 ||
         (c >= 0x25AA && c <= 0x25FE) || (c >= 0x2600 && c <= 0x27BF) || c == 0x2934 ||
         c == 0x2935 || (c >= 0x2B05 && c <= 0x2B55) || c == 0x3030 || c == 0x303D || c == 0x3297 ||
         c == 0x3299 || (c >= 0x1F000 && c <= 0x1F1E5) || (c >= 0x1F200 && c <= 0x1F3FA) ||
         (c >= 0x1F400 && c <= 0x1FAFF);
}

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028; }
bool is_regional_indicator(char32_t c) { return c >= 0x1F1E6 && c <= 0x1F1FF; }
constexpr char32_t zero_width_joiner = 0x200D;

}  // namespace

CodePoint decode_utf8(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return {first, 1, true};
  std::size_t length = 0;
  char32_t value = 0, smallest = 0;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2, value = first & 0x1FU, smallest = 0x80;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3, value = first & 0x0FU, smallest = 0x800;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4, value = first & 0x07U, smallest = 0x10000;
  } else {
    return {0xFFFD, 1, false};
  }
  if (at + length > text.size()) return {0xFFFD, 1, false};
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80U) return {0xFFFD, 1, false};
    value = (value << 6U) | (byte(at + i) & 0x3FU);
  }
  if (value < smallest || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
    return {0xFFFD, 1, false};
  }
  return {value, length, true};
}

bool is_valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    if (!c.valid) return false;
    i += c.bytes;
  }
  return true;
}

void append_utf8(char32_t c, std::string& out) {
  if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) c = 0xFFFD;
  const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6U));
    put(0x80 | (c & 0x3FU));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12U));
    put(0x80 | ((c >> 6U) & 0x3FU));
    put(0x80 | (c & 0x3FU));
  } else {
    put(0xF0 | (c >> 18U));
    put(0x80 | ((c >> 12U) & 0x3FU));
    put(0x80 | ((c >> 6U) & 0x3FU));
    put(0x80 | (c & 0x3FU));
  }
}

std::size_t grapheme_length(std::string_view text, std::size_t at) {
  CodePoint c = decode_utf8(text, at);
  std::size_t end = at + c.bytes;
  if (c.value == '\r' && end < text.size() && text[end] == '\n') return 2;
  if (is_control(c.value)) return c.bytes;
  bool after_pictograph = is_pictograph(c.value);
  bool odd_indicator = is_regional_indicator(c.value);
  char32_t last = c.value;
  while (end < text.size()) {
    c = decode_utf8(text, end);
    const bool joined = after_pictograph && last == zero_width_joiner && is_pictograph(c.value);
    const bool flag =
        odd_indicator && is_regional_indicator(last) && is_regional_indicator(c.value);
    if (!continues_grapheme(c.value) && !joined && !flag && !joins_hangul(last, c.value)) break;
    if (flag) odd_indicator = false;
    last = c.value;
    end += c.bytes;
  }
  return end - at;
}

std::size_t count_graphemes(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); i += grapheme_length(text, i)) ++count;
  return count;
}

bool is_space(char32_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_letter(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return c_utf8() && iswalpha_l(static_cast<wint_t>(c), c_utf8()) != 0;
}

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }

std::string to_upper(std::string_view text) { return map_code_points(text, upper); }
std::string to_lower(std::string_view text) { return map_code_points(text, lower); }

std::string to_title(std::string_view text) {
  bool word_start = true;
  return map_code_points(text, [&](char32_t c) {
    const char32_t mapped = word_start ? upper(c) : c;
    // Go's rule: ASCII letters, digits and underscore continue a word, other ASCII ends it; beyond
    // ASCII letters continue it and only white space ends it.
    if (c < 0x80) {
      word_start = !(is_letter(c) || is_digit(c) || c == '_');
    } else {
      word_start = !is_letter(c) && is_space(c);
    }
    return mapped;
  });
}

std::string_view trim_left(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const CodePoint c = decode_utf8(text, i);
    if (!is_space(c.value)) break;
    i += c.bytes;
  }
  return text.substr(i);
}

std::string_view trim_right(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0) {
    std::size_t begin = end - 1;
    while (begin > 0 && end - begin < 4 &&
           (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U) {
      --begin;
    }
    const CodePoint c = decode_utf8(text, begin);
    if (!is_space(c.value) || begin + c.bytes != end) break;
    end = begin;
  }
  return text.substr(0, end);
}

}  // namespace yurt::hcl
