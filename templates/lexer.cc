#include <cctype>
#include <cstdlib>
#include <optional>

#include "templates/token.h"

namespace yurt::templates {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_name_start(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
}
bool is_name(char c) {
  return is_name_start(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
}

void append_utf8(std::string& out, std::uint32_t rune) {
  if (rune < 0x80) {
    out += static_cast<char>(rune);
  } else if (rune < 0x800) {
    out += static_cast<char>(0xC0 | (rune >> 6));
    out += static_cast<char>(0x80 | (rune & 0x3F));
  } else if (rune < 0x10000) {
    out += static_cast<char>(0xE0 | (rune >> 12));
    out += static_cast<char>(0x80 | ((rune >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (rune & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (rune >> 18));
    out += static_cast<char>(0x80 | ((rune >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((rune >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (rune & 0x3F));
  }
}

class Lexer {
 public:
  Lexer(const std::string& name, std::string_view text, const Delimiters& delimiters)
      : name_(name), text_(text), delimiters_(delimiters) {}

  Result<std::vector<Token>> run() {
    while (at_ < text_.size()) {
      YURT_TRY(text_run());
      if (at_ >= text_.size()) break;
      YURT_TRY(action());
    }
    add(TokenKind::end, "");
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] bool looking_at(std::string_view what) const {
    return text_.substr(at_, what.size()) == what;
  }
  // " -}}": the marker that trims the text that follows.
  [[nodiscard]] bool at_trimmed_end() const {
    return at_ > 0 && is_space(text_[at_ - 1]) && text_[at_] == '-' &&
           text_.substr(at_ + 1, delimiters_.right.size()) == delimiters_.right;
  }

  void advance(std::size_t count) {
    for (std::size_t i = 0; i < count && at_ < text_.size(); ++i, ++at_) {
      if (text_[at_] == '\n') {
        ++place_.line;
        place_.column = 1;
      } else {
        ++place_.column;
      }
    }
  }

  void add(TokenKind kind, std::string text, Value value = nullptr) {
    tokens_.push_back({kind, std::move(text), std::move(value), start_, space_before_});
    space_before_ = false;
  }

  Status text_run() {
    start_ = place_;
    const std::size_t found = text_.find(delimiters_.left, at_);
    const std::size_t end = found == std::string_view::npos ? text_.size() : found;
    std::string_view run = text_.substr(at_, end - at_);
    if (trim_next_) {
      while (!run.empty() && is_space(run.front())) run.remove_prefix(1);
    }
    trim_next_ = false;
    advance(end - at_);
    if (at_ < text_.size()) {
      const std::size_t behind = at_ + delimiters_.left.size();
      if (text_.substr(behind, 1) == "-" && behind + 1 < text_.size() &&
          is_space(text_[behind + 1])) {
        while (!run.empty() && is_space(run.back())) run.remove_suffix(1);
        trimmed_begin_ = true;
      }
    }
    if (!run.empty()) add(TokenKind::text, std::string(run));
    return {};
  }

  Status action() {
    start_ = place_;
    const Place begin = place_;
    advance(delimiters_.left.size() + (trimmed_begin_ ? 1 : 0));
    trimmed_begin_ = false;
    std::size_t look = at_;
    while (look < text_.size() && is_space(text_[look])) ++look;
    if (text_.substr(look, 2) == "/*") return comment(look, begin);
    add(TokenKind::action_begin, "");
    int parens = 0;
    while (true) {
      const std::size_t before = at_;
      while (at_ < text_.size() && is_space(text_[at_])) advance(1);
      if (at_ != before) space_before_ = true;
      start_ = place_;
      if (at_ >= text_.size()) return error_at(name_, begin, "this action is not closed");
      if (at_trimmed_end()) {
        trim_next_ = true;
        advance(1 + delimiters_.right.size());
        break;
      }
      if (looking_at(delimiters_.right)) {
        advance(delimiters_.right.size());
        break;
      }
      if (text_[at_] == '(') ++parens;
      if (text_[at_] == ')' && --parens < 0) return error_at(name_, start_, "unexpected \")\"");
      YURT_TRY(inner());
    }
    if (parens > 0) return error_at(name_, begin, "a \"(\" in this action is not closed");
    space_before_ = false;
    add(TokenKind::action_end, "");
    return {};
  }

  Status comment(std::size_t from, Place begin) {
    const std::size_t close = text_.find("*/", from + 2);
    if (close == std::string_view::npos) {
      return error_at(name_, begin, "this comment is not closed");
    }
    advance(close + 2 - at_);
    const std::size_t before = at_;
    while (at_ < text_.size() && is_space(text_[at_])) advance(1);
    if (at_ < text_.size() && at_ != before && at_trimmed_end()) {
      trim_next_ = true;
      advance(1);
    }
    if (!looking_at(delimiters_.right)) {
      return error_at(name_, begin, "a comment must end with the closing delimiter");
    }
    advance(delimiters_.right.size());
    return {};
  }

  Status inner() {
    const char c = text_[at_];
    if (looking_at(":=")) return single(TokenKind::declare, 2);
    switch (c) {
      case '=': return single(TokenKind::assign, 1);
      case '|': return single(TokenKind::pipe, 1);
      case ',': return single(TokenKind::comma, 1);
      case '(': return single(TokenKind::left_paren, 1);
      case ')': return single(TokenKind::right_paren, 1);
      case '"': return quoted();
      case '`': return raw();
      case '\'': return character();
      case '$':
        advance(1);
        add(TokenKind::variable, name());
        return {};
      default: break;
    }
    const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (c == '.' && std::isdigit(static_cast<unsigned char>(next)) == 0) {
      advance(1);
      const std::string field = name();
      add(field.empty() ? TokenKind::dot : TokenKind::field, field);
      return {};
    }
    if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '+' || c == '-') {
      return number();
    }
    if (is_name_start(c)) {
      add(TokenKind::identifier, name());
      return {};
    }
    return error_at(name_, start_, std::string("unexpected character \"") + c + "\"");
  }

  Status single(TokenKind kind, std::size_t length) {
    const std::string text(text_.substr(at_, length));
    advance(length);
    add(kind, text);
    return {};
  }

  std::string name() {
    const std::size_t from = at_;
    while (at_ < text_.size() && is_name(text_[at_])) advance(1);
    return std::string(text_.substr(from, at_ - from));
  }

  // One escape behind a backslash, as Go's strings have them.
  Status escape(std::string& out) {
    const char c = text_[at_];
    advance(1);
    const auto digits = [&](int count, int base, bool as_byte) -> Status {
      std::uint32_t rune = 0;
      for (int i = 0; i < count; ++i, advance(1)) {
        const char digit = at_ < text_.size() ? text_[at_] : ' ';
        const int value = std::isdigit(static_cast<unsigned char>(digit)) != 0
                              ? digit - '0'
                              : std::tolower(static_cast<unsigned char>(digit)) - 'a' + 10;
        if (value < 0 || value >= base) return error_at(name_, place_, "bad escape in a string");
        rune = rune * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(value);
      }
      if (as_byte) {
        out += static_cast<char>(rune);
      } else {
        append_utf8(out, rune);
      }
      return {};
    };
    switch (c) {
      case 'n': out += '\n'; return {};
      case 't': out += '\t'; return {};
      case 'r': out += '\r'; return {};
      case 'a': out += '\a'; return {};
      case 'b': out += '\b'; return {};
      case 'f': out += '\f'; return {};
      case 'v': out += '\v'; return {};
      case '\\':
      case '"':
      case '\'': out += c; return {};
      case 'x': return digits(2, 16, true);
      case 'u': return digits(4, 16, false);
      case 'U': return digits(8, 16, false);
      default: return error_at(name_, place_, std::string("unknown escape \"\\") + c + "\"");
    }
  }

  Status quoted() {
    advance(1);
    std::string out;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\n') break;
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        advance(1);
        YURT_TRY(escape(out));
        continue;
      }
      out += text_[at_];
      advance(1);
    }
    if (at_ >= text_.size() || text_[at_] != '"') {
      return error_at(name_, start_, "this string is not closed");
    }
    advance(1);
    add(TokenKind::literal, "string", out);
    return {};
  }

  Status raw() {
    const std::size_t close = text_.find('`', at_ + 1);
    if (close == std::string_view::npos) {
      return error_at(name_, start_, "this string is not closed");
    }
    std::string out(text_.substr(at_ + 1, close - at_ - 1));
    advance(close + 1 - at_);
    add(TokenKind::literal, "string", std::move(out));
    return {};
  }

  Status character() {
    advance(1);
    std::string out;
    if (at_ + 1 < text_.size() && text_[at_] == '\\') {
      advance(1);
      YURT_TRY(escape(out));
    } else {
      while (at_ < text_.size() && text_[at_] != '\'' && out.size() < 4) {
        out += text_[at_];
        advance(1);
      }
    }
    if (at_ >= text_.size() || text_[at_] != '\'' || out.empty()) {
      return error_at(name_, start_, "a character constant holds one character");
    }
    advance(1);
    add(TokenKind::literal, "character", code_point(out));
    return {};
  }

  static std::int64_t code_point(const std::string& utf8) {
    const auto lead = static_cast<unsigned char>(utf8[0]);
    std::int64_t rune = lead < 0x80   ? lead
                        : lead < 0xE0 ? lead & 0x1F
                        : lead < 0xF0 ? lead & 0x0F
                                      : lead & 7;
    for (std::size_t i = 1; i < utf8.size(); ++i) rune = (rune << 6) | (utf8[i] & 0x3F);
    return rune;
  }

  Status number() {
    std::size_t end = at_;
    if (text_[end] == '+' || text_[end] == '-') ++end;
    while (end < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[end])) != 0 ||
                                  text_[end] == '.' || text_[end] == '_' ||
                                  ((text_[end] == '+' || text_[end] == '-') &&
                                   (text_[end - 1] == 'e' || text_[end - 1] == 'E')))) {
      ++end;
    }
    std::string text;
    for (const char c : text_.substr(at_, end - at_)) {
      if (c != '_') text += c;
    }
    const auto value = parse(text);
    if (!value) return error_at(name_, start_, "\"" + text + "\" is not a number");
    advance(end - at_);
    add(TokenKind::literal, text, *value);
    return {};
  }

  static std::optional<Value> parse(const std::string& text) {
    const bool negative = text[0] == '-';
    std::string digits = text[0] == '-' || text[0] == '+' ? text.substr(1) : text;
    if (digits.empty()) return std::nullopt;
    int base = 10;
    if (digits.size() > 2 && digits[0] == '0') {
      const char kind = static_cast<char>(std::tolower(static_cast<unsigned char>(digits[1])));
      if (kind == 'x' || kind == 'b' || kind == 'o') {
        base = kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
        digits = digits.substr(2);
      }
    }
    char* stop = nullptr;
    errno = 0;
    const std::string signed_digits = (negative ? "-" : "") + digits;
    const long long integer = std::strtoll(signed_digits.c_str(), &stop, base);
    if (*stop == '\0' && errno == 0) return Value(static_cast<std::int64_t>(integer));
    if (base != 10) return std::nullopt;
    const double real = std::strtod(signed_digits.c_str(), &stop);
    if (*stop != '\0') return std::nullopt;
    return Value(real);
  }

  const std::string& name_;
  std::string_view text_;
  const Delimiters& delimiters_;
  std::size_t at_ = 0;
  Place place_, start_;
  bool space_before_ = false;
  bool trim_next_ = false;      // the last action ended with a trim marker
  bool trimmed_begin_ = false;  // the next action begins with one
  std::vector<Token> tokens_;
};

}  // namespace

Error error_at(const std::string& name, Place place, const std::string& message) {
  return {ErrorCode::invalid_argument, name + ":" + std::to_string(place.line) + ":" +
                                           std::to_string(place.column) + ": " + message};
}

Result<std::vector<Token>> tokenize(const std::string& name, std::string_view text,
                                    const Delimiters& delimiters) {
  if (delimiters.left.empty() || delimiters.right.empty()) {
    return Error{ErrorCode::invalid_argument, name + ": a template needs two delimiters"};
  }
  return Lexer(name, text, delimiters).run();
}

}  // namespace yurt::templates
