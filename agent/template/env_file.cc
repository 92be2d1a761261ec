#include "agent/template/env_file.h"

#include <cctype>

namespace yurt::agent {
namespace {

std::string_view trimmed_line(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.remove_suffix(1);
  }
  return text;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    switch (c) {
      case 'n': out += '\n'; break;
      case 't': out += '\t'; break;
      case 'r': out += '\r'; break;
      case '"':
      case '\\':
      case '$': out += c; break;
      default: out += '\\', out += c;
    }
  }
  return out;
}

// The text behind the '=': quotes taken off; a quoted value may span lines. Moves `text` behind it.
Result<std::string> value(std::string_view& text, int line) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  if (!text.empty() && (text.front() == '"' || text.front() == '\'')) {
    const char quote = text.front();
    std::size_t close = 1;
    while (close < text.size() && text[close] != quote) {
      close += quote == '"' && text[close] == '\\' ? 2 : 1;
    }
    if (close >= text.size()) {
      return Error{ErrorCode::invalid_argument,
                   "line " + std::to_string(line) + ": the quoted value is not closed"};
    }
    const std::string_view inner = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view rest = trimmed_line(text.substr(0, end));
    if (!rest.empty() && rest.front() != '#') {
      return Error{ErrorCode::invalid_argument,
                   "line " + std::to_string(line) + ": unexpected text behind the quoted value"};
    }
    text.remove_prefix(end);
    return quote == '"' ? unescaped(inner) : std::string(inner);
  }
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view plain = text.substr(0, end);
  if (const std::size_t comment = plain.find(" #"); comment != std::string_view::npos) {
    plain = plain.substr(0, comment);
  }
  text.remove_prefix(end);
  return std::string(trimmed_line(plain));
}

}  // namespace

Result<std::map<std::string, std::string>> parse_env_file(std::string_view text) {
  std::map<std::string, std::string> variables;
  int line = 0;
  while (!text.empty()) {
    ++line;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view whole = trimmed_line(text.substr(0, end));
    if (whole.empty() || whole.front() == '#') {
      text.remove_prefix(std::min(end + 1, text.size()));
      continue;
    }
    const std::size_t equals = text.substr(0, end).find('=');
    if (equals == std::string_view::npos) {
      return Error{ErrorCode::invalid_argument,
                   "line " + std::to_string(line) + ": expected NAME=value"};
    }
    std::string_view name = trimmed_line(text.substr(0, equals));
    if (name.substr(0, 7) == "export ") name = trimmed_line(name.substr(7));
    if (name.empty()) {
      return Error{ErrorCode::invalid_argument,
                   "line " + std::to_string(line) + ": the name is missing before '='"};
    }
    const std::string_view before = text;
    text.remove_prefix(equals + 1);
    YURT_ASSIGN(std::string read, value(text, line));
    for (const char c : before.substr(0, before.size() - text.size())) line += c == '\n' ? 1 : 0;
    variables[std::string(name)] = std::move(read);
    if (!text.empty()) text.remove_prefix(1);
  }
  return variables;
}

}  // namespace yurt::agent
