// Tokens of HCL's native syntax and the lexer that finds them.
//
// Tokens are in source order and don't overlap; between them lie only spaces, tabs and, at the very
// start, a byte order mark. The lexer never fails: what is no token becomes `invalid`, and the
// parser says so. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace yurt::hcl {

enum class TokenKind : std::uint8_t {
  end_of_file,
  newline,
  line_comment,   // from # or // up to the end of the line
  block_comment,  // /* … */
  identifier,
  number,
  open_brace,
  close_brace,
  open_bracket,
  close_bracket,
  open_paren,
  close_paren,
  dot,
  comma,
  colon,
  question,
  ellipsis,
  fat_arrow,
  equal,
  plus,
  minus,
  star,
  slash,
  percent,
  equal_equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  logical_and,
  logical_or,
  bang,
  open_quote,
  close_quote,
  quoted_literal,       // text inside quotes, escapes unresolved
  unterminated_string,  // empty: the line ended inside quotes
  open_heredoc,         // "<<EOT" or "<<-EOT" with the line's end
  close_heredoc,        // the closing marker with the white space before it
  text_literal,         // text in a heredoc or bare template; one token a line at most
  interpolation,        // "${" or "${~"
  control,              // "%{" or "%{~"
  sequence_end,         // "}" or "~}" of the two above
  unterminated_comment,
  unterminated_heredoc,  // empty: the file ended inside a heredoc
  invalid_utf8,
  invalid,
};

// As a message names it: "\"{\"", "an identifier", "the end of the file".
[[nodiscard]] const char* describe(TokenKind kind);

struct Token {
  TokenKind kind = TokenKind::end_of_file;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

enum class LexMode {
  expressions,    // a file or an expression
  bare_template,  // template text without quotes around it (a JSON string's content)
};

// The tokens of `text`, ended by one end_of_file. REQUIRES: text.size() fits 32 bits
[[nodiscard]] std::vector<Token> lex(std::string_view text, LexMode mode);

// True for a letter or underscore followed by letters, digits, underscores and dashes.
[[nodiscard]] bool is_identifier(std::string_view text);

}  // namespace yurt::hcl
