// The lines of a file as the formatter sees them. Inside this folder only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "jobspec/hcl/token.h"

namespace yurt::hcl {

// A token, or a whole quoted string or heredoc, which is kept as it is.
struct Atom {
  TokenKind kind = TokenKind::invalid;
  std::string_view text;
};

struct FormatLine {
  std::vector<Atom> atoms;
  std::size_t indent = 0;
  bool opens_bracket = false;  // more brackets are open after it than before

  [[nodiscard]] bool ends_in_comment() const;
};

[[nodiscard]] std::vector<FormatLine> split_lines(std::string_view text);

// Whether a space belongs between the atoms at `index - 1` and `index`. REQUIRES: 0 < index
[[nodiscard]] bool space_before(const std::vector<Atom>& atoms, std::size_t index);

// The index of the "=" that makes the line an attribute or object item; 0 when there is none.
[[nodiscard]] std::size_t find_assignment(const FormatLine& line);

}  // namespace yurt::hcl
