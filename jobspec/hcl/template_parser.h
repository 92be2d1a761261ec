// TemplateParser: the inside of quotes, heredocs and bare templates. Inside this folder only.
//
// First the text becomes a flat list of parts (literals, interpolations, directives), on which
// white space is trimmed (~ and <<-); then directives are matched into a tree.
#pragma once

#include <string>
#include <vector>

#include "jobspec/hcl/parser.h"

namespace yurt::hcl {

class TemplateParser {
 public:
  // The opening token, if any, is taken. `end` is the token that ends the template; it is taken.
  // `begin` is where the whole template began, for its range.
  TemplateParser(Parser& parser, TokenKind end, std::uint32_t begin)
      : parser_(parser), end_(end), begin_(begin) {}

  // Takes away the indentation that all lines share, as <<- heredocs do.
  void flush_indentation() { flush_ = true; }
  // Never null.
  NodePtr parse();

 private:
  enum class PartKind { literal, interpolation, begin_if, else_, endif, begin_for, endfor, end };
  struct Part {
    PartKind kind = PartKind::literal;
    Range range;
    std::string text;    // literal
    NodePtr expression;  // interpolation, if's condition
    std::shared_ptr<ForNode> loop;
  };

  bool read_parts();
  void read_literal(const Token& token);
  bool read_interpolation(const Token& open);
  bool read_directive(const Token& open);
  bool read_directive_content(Part& part);
  bool end_sequence(const Token& open, const char* what);
  void trim_before(const Token& open);
  void remove_shared_indentation();
  std::string unescape(const Token& token);
  std::size_t unescape_backslash(const Token& token, std::size_t at, std::string& out);

  // Parts up to the first of a kind in `until`, as one node.
  NodePtr parse_sequence(bool (*until)(PartKind));
  NodePtr parse_directive();
  NodePtr parse_if(const Part& start);
  NodePtr parse_for(const Part& start);
  NodePtr fail_directive(const char* summary, const char* detail, const Range& where);

  Parser& parser_;
  TokenKind end_;
  std::uint32_t begin_;
  bool flush_ = false;
  bool trim_next_ = false;
  std::vector<Part> parts_;
  std::size_t next_ = 0;
};

}  // namespace yurt::hcl
