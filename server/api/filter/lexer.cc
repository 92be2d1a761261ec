#include "server/api/filter/lexer.h"

#include <cctype>

namespace yurt::server::filter {
namespace {

bool starts_word(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool continues_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '/';
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

Error at(std::size_t position, const std::string& what) {
  return {ErrorCode::invalid_argument, what + " at column " + std::to_string(position + 1)};
}

// A quoted text with escapes; `position` is at the opening quote and ends after the closing one.
Result<std::string> quoted(std::string_view text, std::size_t& position) {
  const std::size_t start = position++;
  std::string out;
  while (position < text.size() && text[position] != '"') {
    char c = text[position++];
    if (c == '\\' && position < text.size()) {
      c = text[position++];
      switch (c) {
        case 'n': c = '\n'; break;
        case 't': c = '\t'; break;
        case 'r': c = '\r'; break;
        case '"':
        case '\\': break;
        default: out.push_back('\\');  // "\d" of a regular expression stays as it is
      }
    }
    out.push_back(c);
  }
  if (position == text.size()) return at(start, "the text is not closed by a \"");
  ++position;
  return out;
}

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view text) {
  std::vector<Token> out;
  std::size_t position = 0;
  while (position < text.size()) {
    const char c = text[position];
    const std::size_t start = position;
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      ++position;
    } else if (c == '"') {
      YURT_ASSIGN(std::string value, quoted(text, position));
      out.push_back({Token::Kind::text, std::move(value), start});
    } else if (c == '`') {
      const std::size_t close = text.find('`', start + 1);
      if (close == std::string_view::npos) return at(start, "the text is not closed by a `");
      out.push_back(
          {Token::Kind::text, std::string(text.substr(start + 1, close - start - 1)), start});
      position = close + 1;
    } else if (is_digit(c) || (c == '-' && start + 1 < text.size() && is_digit(text[start + 1]))) {
      ++position;
      // In "Groups.0.Name" the dots separate; in "0.5" the one dot is the number's own.
      const bool after_dot = !out.empty() && out.back().text == ".";
      while (position < text.size() &&
             (is_digit(text[position]) || (text[position] == '.' && !after_dot))) {
        ++position;
      }
      out.push_back(
          {Token::Kind::number, std::string(text.substr(start, position - start)), start});
    } else if (starts_word(c)) {
      while (position < text.size() && continues_word(text[position])) ++position;
      out.push_back({Token::Kind::word, std::string(text.substr(start, position - start)), start});
    } else if (text.substr(start, 2) == "==" || text.substr(start, 2) == "!=") {
      out.push_back({Token::Kind::symbol, std::string(text.substr(start, 2)), start});
      position += 2;
    } else if (std::string_view("()[]{}.,").find(c) != std::string_view::npos) {
      out.push_back({Token::Kind::symbol, std::string(1, c), start});
      ++position;
    } else {
      return at(start, std::string("unexpected character '") + c + "'");
    }
  }
  out.push_back({Token::Kind::end, "", text.size()});
  return out;
}

}  // namespace yurt::server::filter
