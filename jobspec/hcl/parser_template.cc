// Quoted strings, heredocs and bare templates: from tokens to parts.
#include <algorithm>
#include <limits>

#include "jobspec/hcl/template_parser.h"
#include "jobspec/hcl/unicode.h"

namespace yurt::hcl {

NodePtr Parser::parse_quoted() {
  const Token open = stream_.take();
  return TemplateParser(*this, TokenKind::close_quote, open.begin).parse();
}

NodePtr Parser::parse_heredoc() {
  const Token open = stream_.take();
  TemplateParser parser(*this, TokenKind::close_heredoc, open.begin);
  if (stream_.text_of(open).starts_with("<<-")) parser.flush_indentation();
  return parser.parse();
}

NodePtr Parser::parse_whole_template() {
  return TemplateParser(*this, TokenKind::end_of_file, 0).parse();
}

bool TemplateParser::read_parts() {
  TokenStream& stream = parser_.stream_;
  TokenStream::Lines visible(stream, true);
  while (stream.kind() != end_) {
    const Token token = stream.peek();
    switch (token.kind) {
      case TokenKind::quoted_literal:
      case TokenKind::text_literal: read_literal(stream.take()); break;
      case TokenKind::interpolation:
        if (!read_interpolation(stream.take())) return false;
        break;
      case TokenKind::control:
        if (!read_directive(stream.take())) return false;
        break;
      default:
        parser_.fail_at("Unterminated template",
                        "Expected the end of the string, found " + parser_.found() + ".",
                        parser_.range_from(begin_));
        return false;
    }
  }
  parts_.push_back({PartKind::end, stream.range_of(stream.peek()), "", nullptr, nullptr});
  stream.take();
  return true;
}

void TemplateParser::read_literal(const Token& token) {
  std::string text = unescape(token);
  if (trim_next_) text = trim_left(text);
  trim_next_ = false;
  parts_.push_back(
      {PartKind::literal, parser_.stream_.range_of(token), std::move(text), nullptr, nullptr});
}

void TemplateParser::trim_before(const Token& open) {
  trim_next_ = false;
  const bool trims = open.end - open.begin == 3;
  if (trims && !parts_.empty() && parts_.back().kind == PartKind::literal) {
    parts_.back().text = trim_right(parts_.back().text);
  }
}

bool TemplateParser::end_sequence(const Token& open, const char* what) {
  TokenStream& stream = parser_.stream_;
  if (stream.kind() == TokenKind::sequence_end) {
    const Token close = stream.take();
    trim_next_ = close.end - close.begin == 2;
    return true;
  }
  if (stream.kind() == TokenKind::end_of_file) {
    parser_.fail_at("Unclosed template sequence",
                    std::string("There is no closing \"}\" for this ") + what + ".",
                    stream.range_of(open));
  } else {
    parser_.fail("Extra characters in template sequence",
                 std::string("Expected \"}\" to end the ") + what + ", found " + parser_.found() +
                     ". To write the text \"${\" or \"%{\" itself, double its first character.");
  }
  return false;
}

bool TemplateParser::read_interpolation(const Token& open) {
  TokenStream& stream = parser_.stream_;
  trim_before(open);
  TokenStream::Lines hidden(stream, false);
  Parser::Bracket bracket(parser_, TokenKind::interpolation);
  Part part;
  part.kind = PartKind::interpolation;
  part.expression = parser_.parse_expression();
  if (parser_.recovering_) return false;
  // What is left for the runtime keeps the spaces it was written with.
  const Token& close = stream.peek();
  if (part.expression->kind == NodeKind::traversal && close.kind == TokenKind::sequence_end) {
    auto spaced = std::make_shared<TraversalNode>(as<TraversalNode>(*part.expression));
    const bool trims = close.end - close.begin == 2;
    spaced->text = stream.text_between(open.end, close.begin);
    if (trims || open.end - open.begin == 3)
      spaced->text = as<TraversalNode>(*part.expression).text;
    part.expression = std::move(spaced);
  }
  if (!end_sequence(open, "interpolation")) return false;
  part.range = parser_.range_from(open.begin);
  parts_.push_back(std::move(part));
  return true;
}

bool TemplateParser::read_directive(const Token& open) {
  TokenStream& stream = parser_.stream_;
  trim_before(open);
  TokenStream::Lines hidden(stream, false);
  Parser::Bracket bracket(parser_, TokenKind::control);
  Part part;
  if (!read_directive_content(part) || !end_sequence(open, "directive")) return false;
  part.range = parser_.range_from(open.begin);
  parts_.push_back(std::move(part));
  return true;
}

bool TemplateParser::read_directive_content(Part& part) {
  TokenStream& stream = parser_.stream_;
  if (stream.at_keyword("if")) {
    stream.take();
    part.kind = PartKind::begin_if;
    part.expression = parser_.parse_expression();
    return !parser_.recovering_;
  }
  if (stream.at_keyword("for")) {
    part.kind = PartKind::begin_for;
    part.loop = std::make_shared<ForNode>(stream.range_of(stream.peek()));
    return parser_.parse_for_introduction_without_colon(*part.loop);
  }
  const std::pair<const char*, PartKind> keywords[] = {
      {"else", PartKind::else_}, {"endif", PartKind::endif}, {"endfor", PartKind::endfor}};
  for (const auto& [keyword, kind] : keywords) {
    if (!stream.at_keyword(keyword)) continue;
    stream.take();
    part.kind = kind;
    return true;
  }
  parser_.fail("Invalid template directive",
               "Expected if, else, endif, for or endfor, found " + parser_.found() +
                   ". To write the text \"%{\" itself, double the percent sign.");
  return false;
}

// One backslash escape at `at`; returns its length.
std::size_t TemplateParser::unescape_backslash(const Token& token, std::size_t at,
                                               std::string& out) {
  const std::string_view text = parser_.stream_.text_of(token);
  const char selector = at + 1 < text.size() ? text[at + 1] : '\0';
  switch (selector) {
    case 'n': out += '\n'; return 2;
    case 'r': out += '\r'; return 2;
    case 't': out += '\t'; return 2;
    case '"': out += '"'; return 2;
    case '\\': out += '\\'; return 2;
    default: break;
  }
  const std::size_t digits = selector == 'u' ? 4 : (selector == 'U' ? 8 : 0);
  char32_t code_point = 0;
  std::size_t n = 0;
  while (n < digits && at + 2 + n < text.size()) {
    const char c = text[at + 2 + n];
    const char lower = static_cast<char>(c | 0x20);
    if (!(c >= '0' && c <= '9') && !(lower >= 'a' && lower <= 'f')) break;
    code_point = code_point * 16 + static_cast<char32_t>(c <= '9' ? c - '0' : lower - 'a' + 10);
    ++n;
  }
  const auto begin = token.begin + static_cast<std::uint32_t>(at);
  if (digits > 0 && n == digits) {
    append_utf8(code_point, out);
    return 2 + digits;
  }
  const std::size_t length =
      std::min(text.size() - at, digits > 0 ? 2 + n : 1 + decode_utf8(text, at + 1).bytes);
  parser_.diagnostics_.error(
      "Invalid escape sequence",
      digits > 0
          ? "Expected " + std::to_string(digits) + " hexadecimal digits after \\" + selector + "."
          : "Expected one of \\n \\r \\t \\\" \\\\ \\uNNNN \\UNNNNNNNN. For a backslash "
            "itself write it twice.",
      parser_.stream_.range_between(begin, begin + static_cast<std::uint32_t>(length)));
  return length;
}

std::string TemplateParser::unescape(const Token& token) {
  const std::string_view text = parser_.stream_.text_of(token);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if ((c == '$' || c == '%') && text.substr(i + 1).starts_with(c == '$' ? "${" : "%{")) {
      out += text.substr(i + 1, 2);
      i += 3;
    } else if (c == '\\' && token.kind == TokenKind::quoted_literal && i + 1 < text.size()) {
      i += unescape_backslash(token, i, out);
    } else {
      const CodePoint code_point = decode_utf8(text, i);
      if (!code_point.valid) {
        const auto begin = token.begin + static_cast<std::uint32_t>(i);
        parser_.diagnostics_.error("Invalid character encoding",
                                   "Files must be UTF-8. Expected text, found a byte that is none.",
                                   parser_.stream_.range_between(begin, begin + 1));
        return out;
      }
      out += text.substr(i, code_point.bytes);
      i += code_point.bytes;
    }
  }
  return out;
}

// Lines of only white space don't count, and nor does what follows something else on its line.
void TemplateParser::remove_shared_indentation() {
  constexpr std::size_t unknown = std::numeric_limits<std::size_t>::max();
  std::size_t shared = unknown;
  std::vector<std::string*> indented;
  bool line_start = true;
  for (Part& part : parts_) {
    const bool starts_line = std::exchange(line_start, false);
    if (part.kind != PartKind::literal) {
      if (starts_line && part.kind != PartKind::end) shared = 0;
      continue;
    }
    if (starts_line) {
      const std::size_t spaces = part.text.size() - trim_left(part.text).size();
      const bool blank = spaces == part.text.size() && part.text.ends_with('\n');
      if (!blank) {
        shared = std::min(shared, count_graphemes(std::string_view(part.text).substr(0, spaces)));
        indented.push_back(&part.text);
      }
    }
    line_start = part.text.ends_with('\n');
  }
  for (std::string* text : indented) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < shared && bytes < text->size(); ++i) {
      bytes += grapheme_length(*text, bytes);
    }
    text->erase(0, bytes);
  }
}

}  // namespace yurt::hcl
