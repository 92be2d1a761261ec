// The tokens of a template: text between actions, and what stands inside them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "templates/template.h"
#include "templates/value.h"

namespace yurt::templates {

enum class TokenKind {
  text,
  action_begin,
  action_end,
  identifier,  // if, range, a function's name, true
  field,       // .name (text without the dot)
  dot,         // .
  variable,    // $name or $ (text without the $)
  literal,     // a string, character or number: value
  pipe,
  declare,  // :=
  assign,   // =
  comma,
  left_paren,
  right_paren,
  end
};

struct Place {
  int line = 1;
  int column = 1;
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;
  Value value;
  Place place;
  bool space_before = false;
};

// The whole text as tokens, trim markers and comments applied; the last one is `end`.
[[nodiscard]] Result<std::vector<Token>> tokenize(const std::string& name, std::string_view text,
                                                  const Delimiters& delimiters);

// An invalid_argument error that names the place.
[[nodiscard]] Error error_at(const std::string& name, Place place, const std::string& message);

}  // namespace yurt::templates
