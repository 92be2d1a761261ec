// Words of a filter expression. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace yurt::server::filter {

struct Token {
  enum class Kind { word, number, text, symbol, end };
  Kind kind = Kind::end;
  std::string text;          // unquoted and unescaped; a symbol's own characters
  std::size_t position = 0;  // in the expression, from 0
};

// Symbols are == != ( ) [ ] { } . and the comma. The last token is `end`.
[[nodiscard]] Result<std::vector<Token>> tokenize(std::string_view expression);

}  // namespace yurt::server::filter
