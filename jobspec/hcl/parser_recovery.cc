// Reporting a mistake, and finding the place to go on from.
#include <algorithm>

#include "jobspec/hcl/parse.h"
#include "jobspec/hcl/parser.h"

namespace yurt::hcl {

Parser::Nesting::Nesting(Parser& parser, TokenKind open)
    : parser_(parser), ok_(++parser.depth_ <= max_nesting) {
  if (!ok_) {
    if (open != TokenKind::end_of_file) parser.open_.push_back(open);
    parser.fail("Nested too deeply", "Blocks and expressions can be nested at most " +
                                         std::to_string(max_nesting) + " levels deep.");
    if (open != TokenKind::end_of_file) parser.open_.pop_back();
  }
}

void Parser::fail(const std::string& summary, const std::string& detail) {
  fail_at(summary, detail, stream_.range_of(stream_.peek()));
}

void Parser::fail_at(const std::string& summary, const std::string& detail, Range where) {
  if (recovering_) return;
  recovering_ = true;
  open_at_failure_ = open_;
  // Where the text is no token at all, that is the mistake, whatever was expected.
  switch (stream_.kind()) {
    case TokenKind::unterminated_string:
      return diagnostics_.error("String without closing quote",
                                "The line ended before the string did. Expected a closing \" on "
                                "the same line; for text of several lines use a heredoc "
                                "(<<EOT ... EOT), for a line break inside the string write \\n.",
                                where);
    case TokenKind::unterminated_comment:
      return diagnostics_.error("Comment without end",
                                "The file ended inside a comment. Expected a closing */.",
                                stream_.range_of(stream_.peek()));
    case TokenKind::unterminated_heredoc:
      return diagnostics_.error("Heredoc without end",
                                "The file ended inside a heredoc. Expected its marker alone on a "
                                "line of its own.",
                                where);
    case TokenKind::invalid_utf8:
      return diagnostics_.error("Invalid character encoding",
                                "Files must be UTF-8. Expected text, found a byte that is none.",
                                stream_.range_of(stream_.peek()));
    case TokenKind::invalid:
      return diagnostics_.error("Invalid character",
                                "This character is not used in the language outside of strings.",
                                stream_.range_of(stream_.peek()));
    default: diagnostics_.error(summary, detail, where);
  }
}

// Whether the next token starts an argument, which it can't inside ( or [: there the closing
// bracket is what was forgotten.
bool Parser::at_start_of_item() const {
  return stream_.kind() == TokenKind::identifier && stream_.kind_after() == TokenKind::equal;
}

// Passes a closing bracket while recovering; false when it closes the block around the item.
bool Parser::skip_closing(TokenKind close) {
  std::vector<TokenKind>& open = open_at_failure_;
  const auto matches = [&](TokenKind kind) {
    switch (kind) {
      case TokenKind::open_brace: return close == TokenKind::close_brace;
      case TokenKind::open_bracket: return close == TokenKind::close_bracket;
      case TokenKind::open_paren: return close == TokenKind::close_paren;
      default: return close == TokenKind::sequence_end;
    }
  };
  const auto opener = std::find_if(open.rbegin(), open.rend(), matches);
  if (opener != open.rend()) {
    open.erase(std::next(opener).base(), open.end());
  } else if (close == TokenKind::close_brace) {
    return false;
  }
  stream_.take();
  return true;
}

// Skips to the end of the line, or of the brackets open on it, so that the next item can be parsed.
void Parser::skip_item() {
  TokenStream::Lines visible(stream_, true);
  std::vector<TokenKind>& open = open_at_failure_;
  while (true) {
    switch (stream_.kind()) {
      case TokenKind::end_of_file: recovering_ = false; return;
      case TokenKind::newline:
        stream_.take();
        if (open.empty() || (open.back() != TokenKind::open_brace && at_start_of_item())) {
          recovering_ = false;
          return;
        }
        break;
      case TokenKind::open_brace:
      case TokenKind::open_bracket:
      case TokenKind::open_paren:
      case TokenKind::interpolation:
      case TokenKind::control: open.push_back(stream_.take().kind); break;
      case TokenKind::close_brace:
      case TokenKind::close_bracket:
      case TokenKind::close_paren:
      case TokenKind::sequence_end:
        if (!skip_closing(stream_.kind())) {
          recovering_ = false;
          return;
        }
        break;
      default: stream_.take();
    }
  }
}

}  // namespace yurt::hcl
