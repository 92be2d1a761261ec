#include "jobspec/hcl/format_lines.h"

#include <algorithm>

namespace yurt::hcl {
namespace {

bool is_opening(TokenKind kind) {
  return kind == TokenKind::open_brace || kind == TokenKind::open_bracket ||
         kind == TokenKind::open_paren;
}

bool is_closing(TokenKind kind) {
  return kind == TokenKind::close_brace || kind == TokenKind::close_bracket ||
         kind == TokenKind::close_paren;
}

bool is_comment(TokenKind kind) {
  return kind == TokenKind::line_comment || kind == TokenKind::block_comment;
}

// +1 and -1 for what begins and ends quoted text.
int quote_change(TokenKind kind) {
  if (kind == TokenKind::open_quote || kind == TokenKind::open_heredoc) return 1;
  return kind == TokenKind::close_quote || kind == TokenKind::close_heredoc ? -1 : 0;
}

// Words after which a value comes, in for-expressions.
bool is_keyword(const Atom& atom) {
  return atom.kind == TokenKind::identifier &&
         (atom.text == "in" || atom.text == "if" || atom.text == "for");
}

// Whether a value has ended with this atom, so that "-" after it subtracts and "[" indexes.
bool ends_value(const Atom& atom) {
  switch (atom.kind) {
    case TokenKind::identifier: return !is_keyword(atom);
    case TokenKind::number:
    case TokenKind::open_quote:
    case TokenKind::open_heredoc:
    case TokenKind::close_bracket:
    case TokenKind::close_paren:
    case TokenKind::close_brace: return true;
    default: return false;
  }
}

bool is_sign(const std::vector<Atom>& atoms, std::size_t index) {
  const TokenKind kind = atoms[index].kind;
  if (kind == TokenKind::bang) return true;
  if (kind != TokenKind::minus) return false;
  return index == 0 || (!ends_value(atoms[index - 1]) && !is_comment(atoms[index - 1].kind));
}

// The star of .* or [*], which is part of what it follows.
bool is_splat_star(const std::vector<Atom>& atoms, std::size_t index) {
  if (atoms[index].kind != TokenKind::star || index == 0) return false;
  const TokenKind before = atoms[index - 1].kind;
  return before == TokenKind::dot || before == TokenKind::open_bracket;
}

// How many bracket levels are open; brackets opened on one line are one level together.
class Levels {
 public:
  [[nodiscard]] std::size_t count() const { return groups_.size(); }
  void open(std::size_t brackets) { groups_.push_back(brackets); }
  // As close(), but a level only partly closed is taken away too; returns what was left of it.
  std::size_t close_at_line_start(std::size_t brackets) {
    close(brackets);
    if (brackets == 0 || groups_.empty() || !partly_closed_) return 0;
    const std::size_t left = groups_.back();
    groups_.pop_back();
    return left;
  }
  void close(std::size_t brackets) {
    while (brackets > 0 && !groups_.empty()) {
      const std::size_t taken = std::min(brackets, groups_.back());
      brackets -= taken;
      groups_.back() -= taken;
      partly_closed_ = groups_.back() > 0;
      if (!partly_closed_) groups_.pop_back();
    }
  }

 private:
  bool partly_closed_ = false;
  std::vector<std::size_t> groups_;
};

void set_indentation(FormatLine& line, Levels& levels) {
  std::size_t leading = 0;
  while (leading < line.atoms.size() && is_closing(line.atoms[leading].kind)) ++leading;
  auto net = static_cast<std::ptrdiff_t>(levels.close_at_line_start(leading));
  line.indent = levels.count();
  for (std::size_t i = leading; i < line.atoms.size(); ++i) {
    if (is_opening(line.atoms[i].kind)) ++net;
    if (is_closing(line.atoms[i].kind)) --net;
  }
  line.opens_bracket = net > 0;
  if (net > 0) levels.open(static_cast<std::size_t>(net));
  if (net < 0) levels.close(static_cast<std::size_t>(-net));
}

}  // namespace

bool FormatLine::ends_in_comment() const {
  return atoms.size() > 1 && is_comment(atoms.back().kind) &&
         atoms.back().text.find('\n') == std::string_view::npos;
}

std::vector<FormatLine> split_lines(std::string_view text) {
  const std::vector<Token> tokens = lex(text, LexMode::expressions);
  std::vector<FormatLine> lines(1);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const Token& first = tokens[i];
    if (first.kind == TokenKind::end_of_file) break;
    if (first.kind == TokenKind::newline) {
      lines.emplace_back();
      continue;
    }
    int depth = quote_change(first.kind);
    while (depth > 0) depth += quote_change(tokens[++i].kind);
    lines.back().atoms.push_back(
        {first.kind, text.substr(first.begin, tokens[i].end - first.begin)});
  }
  Levels levels;
  for (FormatLine& line : lines) set_indentation(line, levels);
  return lines;
}

bool space_before(const std::vector<Atom>& atoms, std::size_t index) {
  const Atom &left = atoms[index - 1], &right = atoms[index];
  if (is_comment(left.kind) || is_comment(right.kind)) return true;
  // "1 .0" is not 1.0.
  if (right.kind == TokenKind::dot) {
    return left.kind == TokenKind::number && (index < 2 || atoms[index - 2].kind != TokenKind::dot);
  }
  if (left.kind == TokenKind::dot) return false;
  if (is_splat_star(atoms, index) || right.kind == TokenKind::comma ||
      right.kind == TokenKind::ellipsis || right.kind == TokenKind::close_paren ||
      right.kind == TokenKind::close_bracket || left.kind == TokenKind::open_paren ||
      left.kind == TokenKind::open_bracket || is_sign(atoms, index - 1)) {
    return false;
  }
  if (left.kind == TokenKind::open_brace) return right.kind != TokenKind::close_brace;
  if (right.kind == TokenKind::open_paren) {
    return left.kind != TokenKind::identifier || is_keyword(left);
  }
  if (right.kind == TokenKind::open_bracket)
    return !ends_value(left) && !is_splat_star(atoms, index - 1);
  return true;
}

std::size_t find_assignment(const FormatLine& line) {
  int depth = 0;
  for (std::size_t i = 0; i < line.atoms.size(); ++i) {
    const TokenKind kind = line.atoms[i].kind;
    if (is_opening(kind)) ++depth;
    if (is_closing(kind)) --depth;
    if (depth < 0) return 0;
    if (kind == TokenKind::equal && depth == 0) return i;
  }
  return 0;
}

}  // namespace yurt::hcl
