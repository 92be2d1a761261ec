// The nodes of a parsed expression. Inside this folder only; others see Expression.
//
// Nodes are immutable and shared; a tree is never higher than max_nesting, so walking one by
// recursion is safe. An `invalid` node stands for what could not be parsed (reported already).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "jobspec/hcl/expression.h"
#include "jobspec/hcl/source.h"
#include "jobspec/hcl/token.h"
#include "jobspec/hcl/value.h"

namespace yurt::hcl {

enum class NodeKind : std::uint8_t {
  invalid,
  literal,
  text_template,
  template_wrap,
  template_join,
  traversal,
  postfix,
  splat,
  splat_item,
  call,
  conditional,
  operation,
  unary,
  parentheses,
  tuple,
  object,
  for_each,
};

struct Node {
  Node(NodeKind node_kind, Range node_range) : kind(node_kind), range(std::move(node_range)) {}
  virtual ~Node() = default;

  NodeKind kind;
  Range range;
};

// The node as what its kind says it is.
template <typename T>
const T& as(const Node& node) {
  return static_cast<const T&>(node);
}

struct InvalidNode final : Node {
  explicit InvalidNode(Range at) : Node(NodeKind::invalid, std::move(at)) {}
};

// true, 12, null, or the literal text in a template.
struct LiteralNode final : Node {
  LiteralNode(Range at, Value v) : Node(NodeKind::literal, std::move(at)), value(std::move(v)) {}
  Value value;
};

// "a ${b} c": the parts, converted to strings and joined.
struct TemplateNode final : Node {
  TemplateNode(Range at, std::vector<NodePtr> p)
      : Node(NodeKind::text_template, std::move(at)), parts(std::move(p)) {}
  std::vector<NodePtr> parts;
};

// "${b}": the value itself, whatever its type.
struct TemplateWrapNode final : Node {
  TemplateWrapNode(Range at, NodePtr e)
      : Node(NodeKind::template_wrap, std::move(at)), inner(std::move(e)) {}
  NodePtr inner;
};

// %{ for … }…%{ endfor }: the strings a for_each node gives, joined.
struct TemplateJoinNode final : Node {
  TemplateJoinNode(Range at, NodePtr e)
      : Node(NodeKind::template_join, std::move(at)), tuple(std::move(e)) {}
  NodePtr tuple;
};

// One step of a postfix chain: .name, [expression] or .3
struct Step {
  std::variant<std::string, NodePtr> key;  // a name, or an index
  Range range;
  std::uint32_t text_end = 0;  // where it ends in the parsed text
};

// A root name with steps all known from the source: var.ports["http"].
struct TraversalNode final : Node {
  TraversalNode(Range at, std::string name)
      : Node(NodeKind::traversal, std::move(at)), root(std::move(name)) {}
  std::string root;
  std::vector<Step> steps;
  std::string text;              // as written
  std::uint32_t text_begin = 0;  // where it begins in the parsed text
  Range root_range;
};

// Any other expression with steps.
struct PostfixNode final : Node {
  PostfixNode(Range at, NodePtr b) : Node(NodeKind::postfix, std::move(at)), base(std::move(b)) {}
  NodePtr base;
  std::vector<Step> steps;
};

// base[*]… or base.*…: `each` evaluated for every element, which it sees as the splat_item.
struct SplatNode final : Node {
  SplatNode(Range at, NodePtr b, NodePtr e)
      : Node(NodeKind::splat, std::move(at)), base(std::move(b)), each(std::move(e)) {}
  NodePtr base;
  NodePtr each;
};

struct SplatItemNode final : Node {
  explicit SplatItemNode(Range at) : Node(NodeKind::splat_item, std::move(at)) {}
};

struct CallNode final : Node {
  CallNode(Range at, std::string n) : Node(NodeKind::call, std::move(at)), name(std::move(n)) {}
  std::string name;
  Range name_range;
  std::vector<NodePtr> arguments;
  bool expand_last = false;  // f(a, b...)
};

struct ConditionalNode final : Node {
  ConditionalNode(Range at, NodePtr c, NodePtr t, NodePtr f)
      : Node(NodeKind::conditional, std::move(at)),
        condition(std::move(c)),
        when_true(std::move(t)),
        when_false(std::move(f)) {}
  NodePtr condition;
  NodePtr when_true;
  NodePtr when_false;
};

// a + b - c: operands joined by operators of one precedence, evaluated from the left.
struct OperationNode final : Node {
  explicit OperationNode(Range at) : Node(NodeKind::operation, std::move(at)) {}
  std::vector<NodePtr> operands;
  std::vector<TokenKind> operators;  // one fewer
};

struct UnaryNode final : Node {
  UnaryNode(Range at, TokenKind o, NodePtr e)
      : Node(NodeKind::unary, std::move(at)), op(o), operand(std::move(e)) {}
  TokenKind op;  // minus or bang
  NodePtr operand;
};

struct ParenthesesNode final : Node {
  ParenthesesNode(Range at, NodePtr e)
      : Node(NodeKind::parentheses, std::move(at)), inner(std::move(e)) {}
  NodePtr inner;
};

struct TupleNode final : Node {
  TupleNode(Range at, std::vector<NodePtr> e)
      : Node(NodeKind::tuple, std::move(at)), elements(std::move(e)) {}
  std::vector<NodePtr> elements;
};

struct ObjectNode final : Node {
  struct Item {
    NodePtr key;  // a bare identifier is a literal string
    NodePtr value;
  };
  explicit ObjectNode(Range at) : Node(NodeKind::object, std::move(at)) {}
  std::vector<Item> items;
};

// [for k, v in c : value if condition] and {for k, v in c : key => value... if condition}
struct ForNode final : Node {
  explicit ForNode(Range at) : Node(NodeKind::for_each, std::move(at)) {}
  std::string key_name;  // may be empty
  std::string value_name;
  NodePtr collection;
  NodePtr key;  // set: the result is an object
  NodePtr value;
  NodePtr condition;  // may be null
  bool group = false;
};

// The text of a quoted string without interpolations, or nullptr for anything else.
[[nodiscard]] const std::string* as_plain_text(const Node& node);

}  // namespace yurt::hcl
