#include "base/assert.h"
#include "jobspec/hcl/token.h"
#include "jobspec/hcl/unicode.h"

namespace yurt::hcl {
namespace {

bool starts_identifier(char32_t c) { return c == '_' || is_letter(c); }
bool continues_identifier(char32_t c) {
  return starts_identifier(c) || is_digit(c) || c == '-' || (c >= 0x80 && continues_grapheme(c));
}

// The lexer is a stack of modes: "a ${ f("b") }" goes expressions, quoted, expressions, quoted.
struct Mode {
  enum class Kind { expressions, quoted, heredoc, bare };
  Kind kind;
  std::uint32_t open_braces = 0;  // expressions: those not closed yet
  std::string_view marker;        // heredoc
  bool at_line_start = false;     // heredoc: nothing of the current line consumed yet
  std::uint32_t line = 0;         // quoted: the line it began on
};

class Lexer {
 public:
  Lexer(std::string_view text, LexMode mode) : text_(text) {
    modes_.push_back({mode == LexMode::expressions ? Mode::Kind::expressions : Mode::Kind::bare,
                      0,
                      {},
                      false,
                      0});
  }

  std::vector<Token> run() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    while (at_ < text_.size()) {
      switch (modes_.back().kind) {
        case Mode::Kind::expressions: lex_expression_token(); break;
        case Mode::Kind::quoted: lex_quoted(); break;
        case Mode::Kind::heredoc: lex_heredoc(); break;
        case Mode::Kind::bare: lex_template_text(); break;
      }
    }
    close_open_modes();
    emit(TokenKind::end_of_file, 0);
    return std::move(tokens_);
  }

 private:
  // The byte `ahead` of the current one, 0 beyond the end.
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void emit(TokenKind kind, std::size_t length) {
    const auto begin = static_cast<std::uint32_t>(at_);
    at_ += length;
    tokens_.push_back({kind, begin, static_cast<std::uint32_t>(at_)});
  }

  void close_open_modes() {
    for (; modes_.size() > 1; modes_.pop_back()) {
      if (modes_.back().kind == Mode::Kind::quoted) emit(TokenKind::unterminated_string, 0);
      if (modes_.back().kind == Mode::Kind::heredoc) emit(TokenKind::unterminated_heredoc, 0);
    }
  }

  bool inside_sequence() const { return modes_.size() > 1; }

  void lex_expression_token() {
    const char c = peek();
    if (c == ' ' || c == '\t') {
      ++at_;
    } else if (c == '\n' || (c == '\r' && peek(1) == '\n')) {
      ++line_;
      emit(TokenKind::newline, c == '\n' ? 1 : 2);
    } else if (c == '#' || (c == '/' && peek(1) == '/')) {
      lex_line_comment();
    } else if (c == '/' && peek(1) == '*') {
      lex_block_comment();
    } else if (is_digit(static_cast<unsigned char>(c))) {
      lex_number();
    } else if (c == '"') {
      emit(TokenKind::open_quote, 1);
      modes_.push_back({Mode::Kind::quoted, 0, {}, false, line_});
    } else if (c == '<' && peek(1) == '<' && lex_heredoc_opening()) {
      return;
    } else if (!lex_brace() && !lex_operator()) {
      lex_word();
    }
  }

  void lex_line_comment() {
    std::size_t end = text_.find('\n', at_);
    if (end == std::string_view::npos) end = text_.size();
    if (end > at_ && text_[end - 1] == '\r') --end;
    emit(TokenKind::line_comment, end - at_);
  }

  void lex_block_comment() {
    const std::size_t close = text_.find("*/", at_ + 2);
    const bool closed = close != std::string_view::npos;
    const std::size_t length = closed ? close + 2 - at_ : text_.size() - at_;
    for (const char c : text_.substr(at_, length)) line_ += c == '\n' ? 1 : 0;
    emit(closed ? TokenKind::block_comment : TokenKind::unterminated_comment, length);
  }

  void lex_number() {
    std::size_t n = 0;
    const auto digits = [&] {
      while (is_digit(static_cast<unsigned char>(peek(n)))) ++n;
    };
    digits();
    if (peek(n) == '.' && is_digit(static_cast<unsigned char>(peek(n + 1)))) {
      ++n;
      digits();
    }
    if (peek(n) == 'e' || peek(n) == 'E') {
      const std::size_t sign = peek(n + 1) == '+' || peek(n + 1) == '-' ? 1 : 0;
      if (is_digit(static_cast<unsigned char>(peek(n + 1 + sign)))) {
        n += 1 + sign;
        digits();
      }
    }
    emit(TokenKind::number, n);
  }

  bool lex_brace() {
    std::uint32_t& open = modes_.back().open_braces;
    if (peek() == '{') {
      ++open;
      emit(TokenKind::open_brace, 1);
      return true;
    }
    const std::size_t length = peek() == '}' ? 1 : (peek() == '~' && peek(1) == '}' ? 2 : 0);
    if (length == 0) return false;
    if (inside_sequence() && open == 0) {
      emit(TokenKind::sequence_end, length);
      modes_.pop_back();
      return true;
    }
    if (length == 2) return false;
    if (open > 0) --open;
    emit(TokenKind::close_brace, 1);
    return true;
  }

  bool lex_operator() {
    struct Operator {
      std::string_view text;
      TokenKind kind;
    };
    // Longer ones first.
    static constexpr Operator operators[] = {
        {"...", TokenKind::ellipsis},
        {"==", TokenKind::equal_equal},
        {"!=", TokenKind::not_equal},
        {"<=", TokenKind::less_equal},
        {">=", TokenKind::greater_equal},
        {"&&", TokenKind::logical_and},
        {"||", TokenKind::logical_or},
        {"=>", TokenKind::fat_arrow},
        {"[", TokenKind::open_bracket},
        {"]", TokenKind::close_bracket},
        {"(", TokenKind::open_paren},
        {")", TokenKind::close_paren},
        {".", TokenKind::dot},
        {",", TokenKind::comma},
        {":", TokenKind::colon},
        {"?", TokenKind::question},
        {"=", TokenKind::equal},
        {"+", TokenKind::plus},
        {"-", TokenKind::minus},
        {"*", TokenKind::star},
        {"/", TokenKind::slash},
        {"%", TokenKind::percent},
        {"<", TokenKind::less},
        {">", TokenKind::greater},
        {"!", TokenKind::bang},
    };
    for (const Operator& candidate : operators) {
      if (text_.substr(at_).starts_with(candidate.text)) {
        emit(candidate.kind, candidate.text.size());
        return true;
      }
    }
    return false;
  }

  void lex_word() {
    const CodePoint first = decode_utf8(text_, at_);
    if (!first.valid) return emit(TokenKind::invalid_utf8, first.bytes);
    if (!starts_identifier(first.value)) return emit(TokenKind::invalid, first.bytes);
    emit(TokenKind::identifier, identifier_length(at_));
  }

  std::size_t identifier_length(std::size_t begin) const {
    std::size_t end = begin;
    while (end < text_.size()) {
      const CodePoint c = decode_utf8(text_, end);
      const bool fits = end == begin ? starts_identifier(c.value) : continues_identifier(c.value);
      if (!c.valid || !fits) break;
      end += c.bytes;
    }
    return end - begin;
  }

  bool lex_heredoc_opening() {
    std::size_t n = peek(2) == '-' ? 3 : 2;
    const std::size_t name = at_ + n;
    const std::size_t length = identifier_length(name);
    if (length == 0) return false;
    n += length;
    if (peek(n) == '\r') ++n;
    if (peek(n) != '\n') return false;
    emit(TokenKind::open_heredoc, n + 1);
    ++line_;
    modes_.push_back({Mode::Kind::heredoc, 0, text_.substr(name, length), true, 0});
    return true;
  }

  // Takes "${" or "%{" (with "~") if the text has one here.
  bool lex_sequence_opening() {
    if ((peek() != '$' && peek() != '%') || peek(1) != '{') return false;
    emit(peek() == '$' ? TokenKind::interpolation : TokenKind::control, peek(2) == '~' ? 3 : 2);
    modes_.push_back({Mode::Kind::expressions, 0, {}, false, 0});
    return true;
  }

  // The bytes of template text from `n` ahead on that belong together: an escaped "$${" or "%%{",
  // or one byte.
  std::size_t text_step(std::size_t n) const {
    const char c = peek(n);
    const bool escaped = (c == '$' || c == '%') && peek(n + 1) == c && peek(n + 2) == '{';
    return escaped ? 3 : 1;
  }

  bool opens_sequence(std::size_t n) const {
    return (peek(n) == '$' || peek(n) == '%') && peek(n + 1) == '{';
  }

  void lex_quoted() {
    if (peek() == '"') {
      emit(TokenKind::close_quote, 1);
      modes_.pop_back();
      return;
    }
    if (lex_sequence_opening()) return;
    std::size_t n = 0;
    while (at_ + n < text_.size() && peek(n) != '"' && peek(n) != '\n' && !opens_sequence(n)) {
      n += peek(n) == '\\' && peek(n + 1) != '\n' && at_ + n + 1 < text_.size() ? 2 : text_step(n);
    }
    // A line ending's \r is not the string's.
    if (n > 0 && peek(n) == '\n' && peek(n - 1) == '\r') --n;
    if (n > 0) emit(TokenKind::quoted_literal, n);
    if (peek() == '\n' || (peek() == '\r' && peek(1) == '\n')) end_quotes_at_line_end();
  }

  // A quote was not closed: goes on with the next line as if all quotes opened on this one were.
  void end_quotes_at_line_end() {
    emit(TokenKind::unterminated_string, 0);
    std::size_t keep = modes_.size() - 1;
    for (std::size_t i = keep; i-- > 0;) {
      if (modes_[i].kind == Mode::Kind::quoted && modes_[i].line == line_) keep = i;
    }
    modes_.resize(keep);
  }

  void lex_heredoc() {
    if (modes_.back().at_line_start && lex_heredoc_closing()) return;
    modes_.back().at_line_start = false;
    if (lex_sequence_opening()) return;
    lex_line_of_text();
  }

  bool lex_heredoc_closing() {
    const std::string_view marker = modes_.back().marker;
    std::size_t n = 0;
    while (peek(n) == ' ' || peek(n) == '\t') ++n;
    if (!text_.substr(at_ + n).starts_with(marker)) return false;
    const std::size_t length = n + marker.size();
    std::size_t rest = length;
    while (peek(rest) == ' ' || peek(rest) == '\t' || peek(rest) == '\r') ++rest;
    if (at_ + rest < text_.size() && peek(rest) != '\n') return false;
    emit(TokenKind::close_heredoc, length);
    // White space after the marker belongs to it, or it would be an invalid "\r".
    tokens_.back().end += static_cast<std::uint32_t>(trailing_space(rest - length));
    modes_.pop_back();
    return true;
  }

  std::size_t trailing_space(std::size_t available) {
    if (available > 0 && peek(available - 1) == '\r') --available;
    at_ += available;
    return available;
  }

  void lex_template_text() {
    if (lex_sequence_opening()) return;
    lex_line_of_text();
  }

  void lex_line_of_text() {
    std::size_t n = 0;
    while (at_ + n < text_.size() && !opens_sequence(n)) {
      if (peek(n) == '\n') {
        ++n;
        ++line_;
        modes_.back().at_line_start = true;
        break;
      }
      n += text_step(n);
    }
    emit(TokenKind::text_literal, n);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 0;
  std::vector<Mode> modes_;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> lex(std::string_view text, LexMode mode) {
  YURT_ASSERT(text.size() < UINT32_MAX);
  return Lexer(text, mode).run();
}

bool is_identifier(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const CodePoint c = decode_utf8(text, i);
    if (!c.valid || !(i == 0 ? starts_identifier(c.value) : continues_identifier(c.value))) {
      return false;
    }
    i += c.bytes;
  }
  return !text.empty();
}

const char* describe(TokenKind kind) {
  switch (kind) {
    case TokenKind::end_of_file: return "the end of the file";
    case TokenKind::newline: return "the end of the line";
    case TokenKind::line_comment:
    case TokenKind::block_comment: return "a comment";
    case TokenKind::identifier: return "an identifier";
    case TokenKind::number: return "a number";
    case TokenKind::open_brace: return "\"{\"";
    case TokenKind::close_brace: return "\"}\"";
    case TokenKind::open_bracket: return "\"[\"";
    case TokenKind::close_bracket: return "\"]\"";
    case TokenKind::open_paren: return "\"(\"";
    case TokenKind::close_paren: return "\")\"";
    case TokenKind::dot: return "\".\"";
    case TokenKind::comma: return "\",\"";
    case TokenKind::colon: return "\":\"";
    case TokenKind::question: return "\"?\"";
    case TokenKind::ellipsis: return "\"...\"";
    case TokenKind::fat_arrow: return "\"=>\"";
    case TokenKind::equal: return "\"=\"";
    case TokenKind::plus: return "\"+\"";
    case TokenKind::minus: return "\"-\"";
    case TokenKind::star: return "\"*\"";
    case TokenKind::slash: return "\"/\"";
    case TokenKind::percent: return "\"%\"";
    case TokenKind::equal_equal: return "\"==\"";
    case TokenKind::not_equal: return "\"!=\"";
    case TokenKind::less: return "\"<\"";
    case TokenKind::less_equal: return "\"<=\"";
    case TokenKind::greater: return "\">\"";
    case TokenKind::greater_equal: return "\">=\"";
    case TokenKind::logical_and: return "\"&&\"";
    case TokenKind::logical_or: return "\"||\"";
    case TokenKind::bang: return "\"!\"";
    case TokenKind::open_quote:
    case TokenKind::close_quote:
    case TokenKind::quoted_literal: return "a quoted string";
    case TokenKind::unterminated_string: return "a string without its closing quote";
    case TokenKind::open_heredoc:
    case TokenKind::close_heredoc: return "a heredoc";
    case TokenKind::text_literal: return "text";
    case TokenKind::interpolation: return "\"${\"";
    case TokenKind::control: return "\"%{\"";
    case TokenKind::sequence_end: return "the \"}\" of a template sequence";
    case TokenKind::unterminated_comment: return "a comment without its closing \"*/\"";
    case TokenKind::unterminated_heredoc: return "the end of the file inside a heredoc";
    case TokenKind::invalid_utf8: return "bytes that are not UTF-8";
    case TokenKind::invalid: return "an invalid character";
  }
  return "";
}

}  // namespace yurt::hcl
