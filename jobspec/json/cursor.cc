#include "jobspec/json/cursor.h"

#include <cstdint>

#include "jobspec/json/text.h"

namespace yurt::json {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Cursor::Cursor(std::string_view text) : text_(text) {
  if (text_.starts_with("\xEF\xBB\xBF")) position_ = 3;  // a byte order mark
}

void Cursor::skip_space() {
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return;
    ++position_;
  }
}

char Cursor::peek() {
  skip_space();
  return position_ < text_.size() ? text_[position_] : '\0';
}

bool Cursor::at_end() {
  skip_space();
  return position_ == text_.size();
}

const char* Cursor::describe_next() {
  if (at_end()) return "the end of the text";
  const char c = peek();
  if (c == '{') return "an object";
  if (c == '[') return "an array";
  if (c == '"') return "a string";
  if (c == '-' || is_digit(c)) return "a number";
  const std::string_view rest = text_.substr(position_);
  if (rest.starts_with("true") || rest.starts_with("false")) return "a boolean";
  return rest.starts_with("null") ? "null" : "something that is not JSON";
}

bool Cursor::fail(std::string message) {
  if (failed()) return false;
  std::size_t line = 1, column = 1;
  for (std::size_t i = 0; i < position_ && i < text_.size(); ++i) {
    if (text_[i] == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(text_[i]) & 0xC0U) != 0x80U) {
      ++column;
    }
  }
  message_ = std::move(message);
  error_ = message_ + " (line " + std::to_string(line) + ", column " + std::to_string(column) + ")";
  return false;
}

bool Cursor::skip_if(char c) {
  if (peek() != c || at_end()) return false;
  ++position_;
  return true;
}

bool Cursor::expect(char c, const char* where) {
  if (skip_if(c)) return true;
  return fail(std::string("expected \"") + c + "\" " + where + ", found " + describe_next());
}

bool Cursor::word(std::string_view text) {
  skip_space();
  if (!text_.substr(position_).starts_with(text)) return false;
  position_ += text.size();
  return true;
}

bool Cursor::boolean(bool& out) {
  if (word("true")) return out = true;
  if (word("false")) {
    out = false;
    return true;
  }
  return fail(std::string("expected true or false, found ") + describe_next());
}

bool Cursor::null() { return word("null"); }

bool Cursor::number(std::string_view& out) {
  skip_space();
  const std::size_t begin = position_;
  std::size_t i = position_;
  const auto at = [&](std::size_t k) { return k < text_.size() ? text_[k] : '\0'; };
  const auto digits = [&] {
    const std::size_t from = i;
    while (is_digit(at(i))) ++i;
    return i > from;
  };
  if (at(i) == '-') ++i;
  if (!is_digit(at(i))) return fail(std::string("expected a number, found ") + describe_next());
  if (at(i) == '0' && is_digit(at(i + 1))) return fail("a number must not begin with 0");
  static_cast<void>(digits());
  if (at(i) == '.') {
    ++i;
    if (!digits()) return fail("a number needs digits after its point");
  }
  if (at(i) == 'e' || at(i) == 'E') {
    ++i;
    if (at(i) == '+' || at(i) == '-') ++i;
    if (!digits()) return fail("a number needs digits in its exponent");
  }
  position_ = i;
  out = text_.substr(begin, i - begin);
  return true;
}

bool Cursor::hex4(std::uint32_t& out) {
  out = 0;
  for (int i = 0; i < 4; ++i, ++position_) {
    const char c = position_ < text_.size() ? text_[position_] : '\0';
    std::uint32_t digit = 0;
    if (is_digit(c)) {
      digit = static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<std::uint32_t>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<std::uint32_t>(c - 'A') + 10;
    } else {
      return fail("\\u needs four hexadecimal digits");
    }
    out = out * 16 + digit;
  }
  return true;
}

bool Cursor::escape(std::string& out) {
  const char c = position_ < text_.size() ? text_[position_] : '\0';
  ++position_;
  switch (c) {
    case '"':
    case '\\':
    case '/': out += c; return true;
    case 'n': out += '\n'; return true;
    case 't': out += '\t'; return true;
    case 'r': out += '\r'; return true;
    case 'b': out += '\b'; return true;
    case 'f': out += '\f'; return true;
    case 'u': break;
    default: --position_; return fail("unknown escape in a string");
  }
  std::uint32_t unit = 0;
  if (!hex4(unit)) return false;
  const bool high = unit >= 0xD800 && unit < 0xDC00;
  if (high && text_.substr(position_).starts_with("\\u")) {
    const std::size_t before = position_;
    position_ += 2;
    std::uint32_t low = 0;
    if (!hex4(low)) return false;
    if (low >= 0xDC00 && low < 0xE000) {
      append_utf8(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), out);
      return true;
    }
    position_ = before;
  }
  append_utf8(unit >= 0xD800 && unit < 0xE000 ? 0xFFFD : unit, out);
  return true;
}

bool Cursor::string(std::string& out) {
  out.clear();
  if (peek() != '"') return fail(std::string("expected a string, found ") + describe_next());
  ++position_;
  while (true) {
    const std::size_t begin = position_;
    while (position_ < text_.size() && text_[position_] != '"' && text_[position_] != '\\' &&
           static_cast<unsigned char>(text_[position_]) >= 0x20) {
      ++position_;
    }
    out += text_.substr(begin, position_ - begin);
    if (position_ == text_.size()) return fail("a string is not closed");
    const char c = text_[position_];
    if (c != '"' && c != '\\') return fail("a control character in a string must be escaped");
    ++position_;
    if (c == '"') break;
    if (!escape(out)) return false;
  }
  out = valid_utf8(std::move(out));
  return true;
}

bool Cursor::skip_value(int depth) {
  const char c = peek();
  std::string text;
  std::string_view token;
  if (c == '"') return string(text);
  if (c == '-' || is_digit(c)) return number(token);
  if (c != '{' && c != '[') {
    if (word("true") || word("false") || word("null")) return true;
    return fail(std::string("expected a value, found ") + describe_next());
  }
  if (depth == 0) return fail("too deeply nested");
  const bool object = c == '{';
  const char end = object ? '}' : ']';
  ++position_;
  if (skip_if(end)) return true;
  do {
    if (object && (!string(text) || !expect(':', "after a member's name"))) return false;
    if (!skip_value(depth - 1)) return false;
  } while (skip_if(','));
  return expect(end, object ? "or \",\" after a member" : "or \",\" after an element");
}

}  // namespace yurt::json
