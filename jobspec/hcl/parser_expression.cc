// Operators, conditionals, and what may follow a term: .name, [index], splats.
#include <algorithm>

#include "jobspec/hcl/parse.h"
#include "jobspec/hcl/parser.h"

namespace yurt::hcl {
namespace {

// 0 for what is no binary operator; higher binds tighter.
int precedence(TokenKind kind) {
  switch (kind) {
    case TokenKind::logical_or: return 1;
    case TokenKind::logical_and: return 2;
    case TokenKind::equal_equal:
    case TokenKind::not_equal: return 3;
    case TokenKind::less:
    case TokenKind::less_equal:
    case TokenKind::greater:
    case TokenKind::greater_equal: return 4;
    case TokenKind::plus:
    case TokenKind::minus: return 5;
    case TokenKind::star:
    case TokenKind::slash:
    case TokenKind::percent: return 6;
    default: return 0;
  }
}

// Groups `operands` and `operators` (one fewer) by precedence, tightest first, so that one level
// remains: a + b * c - d becomes [a, (b * c), d] with [+, -].
void group(std::vector<NodePtr>& operands, std::vector<TokenKind>& operators, int level) {
  std::vector<NodePtr> grouped_operands;
  std::vector<TokenKind> grouped_operators;
  for (std::size_t i = 0; i < operands.size();) {
    std::size_t last = i;
    while (last < operators.size() && precedence(operators[last]) == level) ++last;
    if (last == i) {
      grouped_operands.push_back(operands[i]);
    } else {
      auto node =
          std::make_shared<OperationNode>(operands[i]->range.through(operands[last]->range));
      const auto from = static_cast<std::ptrdiff_t>(i), to = static_cast<std::ptrdiff_t>(last);
      node->operands.assign(operands.begin() + from, operands.begin() + to + 1);
      node->operators.assign(operators.begin() + from, operators.begin() + to);
      grouped_operands.push_back(std::move(node));
    }
    if (last < operators.size()) grouped_operators.push_back(operators[last]);
    i = last + 1;
  }
  operands = std::move(grouped_operands);
  operators = std::move(grouped_operators);
}

// The literal an index expression is, when it is just that.
const Value* literal_key(const Node& node) {
  const Node* inner = &node;
  if (node.kind == NodeKind::text_template) {
    const auto& parts = as<TemplateNode>(node).parts;
    if (parts.size() != 1) return nullptr;
    inner = parts[0].get();
  }
  if (inner->kind != NodeKind::literal) return nullptr;
  const Value& value = as<LiteralNode>(*inner).value;
  return value.is_string() || value.is_number() ? &value : nullptr;
}

// How many .* splats `node` is the last of; each makes the tree one higher.
std::uint32_t splats_in(const Node* node) {
  std::uint32_t count = 0;
  while (true) {
    if (node->kind == NodeKind::splat) {
      ++count;
      node = as<SplatNode>(*node).base.get();
    } else if (node->kind == NodeKind::postfix) {
      node = as<PostfixNode>(*node).base.get();
    } else {
      return count;
    }
  }
}

}  // namespace

NodePtr Parser::parse_whole_expression() {
  TokenStream::Lines hidden(stream_, false);
  NodePtr node = parse_expression();
  if (!recovering_ && stream_.kind() != TokenKind::end_of_file) {
    fail("Extra characters after expression",
         "Expected the end of the expression, found " + found() + ".");
  }
  return node;
}

Range Parser::range_from(const Node& first) const {
  return first.range.through(
      stream_.range_between(stream_.last_end(), std::max(stream_.last_end(), first.range.begin)));
}

NodePtr Parser::parse_expression() {
  Nesting nesting(*this);
  if (!nesting.ok()) return invalid();
  NodePtr condition = parse_operations();
  if (recovering_ || stream_.kind() != TokenKind::question) return condition;
  stream_.take();
  NodePtr when_true = parse_expression();
  if (recovering_) return when_true;
  if (!expect(TokenKind::colon, "Invalid conditional",
              "\":\" and the value for when the condition is false")) {
    return invalid();
  }
  NodePtr when_false = parse_expression();
  const Range range = condition->range.through(when_false->range);
  return std::make_shared<ConditionalNode>(range, std::move(condition), std::move(when_true),
                                           std::move(when_false));
}

NodePtr Parser::parse_operations() {
  std::vector<NodePtr> operands{parse_unary()};
  std::vector<TokenKind> operators;
  while (!recovering_ && precedence(stream_.kind()) > 0) {
    operators.push_back(stream_.take().kind);
    operands.push_back(parse_unary());
  }
  if (recovering_) return operands.back();
  for (int level = 6; operands.size() > 1; --level) group(operands, operators, level);
  return operands.front();
}

NodePtr Parser::parse_unary() {
  if (stream_.kind() != TokenKind::minus && stream_.kind() != TokenKind::bang) {
    return parse_postfix(parse_term());
  }
  Nesting nesting(*this);
  if (!nesting.ok()) return invalid();
  const Token op = stream_.take();
  NodePtr operand = parse_unary();
  const Range range = stream_.range_of(op).through(operand->range);
  return std::make_shared<UnaryNode>(range, op.kind, std::move(operand));
}

NodePtr Parser::with_steps(NodePtr base, std::vector<Step> steps) {
  if (steps.empty()) return base;
  const Range range = base->range.through(steps.back().range);
  if (base->kind == NodeKind::traversal) {
    const auto& root = as<TraversalNode>(*base);
    const auto is_known = [](const Step& step) {
      return std::holds_alternative<std::string>(step.key) ||
             literal_key(*std::get<NodePtr>(step.key)) != nullptr;
    };
    const auto computed = std::find_if_not(steps.begin(), steps.end(), is_known);
    if (root.steps.empty() && computed != steps.begin()) {
      std::vector<Step> known(steps.begin(), computed);
      auto traversal =
          std::make_shared<TraversalNode>(base->range.through(known.back().range), root.root);
      traversal->root_range = root.root_range;
      traversal->text = stream_.text_between(root.text_begin, known.back().text_end);
      traversal->text_begin = root.text_begin;
      traversal->steps = std::move(known);
      base = std::move(traversal);
      steps.erase(steps.begin(), computed);
      if (steps.empty()) return base;
    }
  }
  auto node = std::make_shared<PostfixNode>(range, std::move(base));
  node->steps = std::move(steps);
  return node;
}

NodePtr Parser::parse_postfix(NodePtr base) {
  std::vector<Step> steps;
  while (!recovering_) {
    if (stream_.kind() == TokenKind::dot) {
      if (!parse_dot_step(base, steps)) return invalid();
    } else if (stream_.kind() == TokenKind::open_bracket) {
      if (!parse_bracket_step(base, steps)) return invalid();
    } else {
      break;
    }
  }
  return with_steps(std::move(base), std::move(steps));
}

bool Parser::parse_dot_step(NodePtr& base, std::vector<Step>& steps) {
  const Token dot = stream_.take();
  const Token token = stream_.peek();
  switch (token.kind) {
    case TokenKind::identifier:
      stream_.take();
      steps.push_back({std::string(stream_.text_of(token)), range_from(dot.begin), token.end});
      return true;
    case TokenKind::number: stream_.take(); return add_legacy_index(token, steps);
    case TokenKind::star:
      stream_.take();
      base = parse_attribute_splat(with_steps(std::move(base), std::move(steps)));
      steps.clear();
      return !recovering_;
    default:
      fail("Invalid attribute name",
           "Expected a name, an index or * after the dot, found " + found() + ".");
      return false;
  }
}

// .0, and .0.1, which the lexer takes for a fraction.
bool Parser::add_legacy_index(const Token& number, std::vector<Step>& steps) {
  std::string_view text = stream_.text_of(number);
  std::uint32_t begin = number.begin;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view digits = text.substr(0, dot);
    const Range range =
        stream_.range_between(begin, begin + static_cast<std::uint32_t>(digits.size()));
    const bool whole = digits.find_first_not_of("0123456789") == std::string_view::npos;
    const auto index = Number::parse(digits);
    if (!whole || !index) {
      fail_at("Invalid legacy index", "Expected a whole number after the dot.", range);
      return false;
    }
    const auto end = begin + static_cast<std::uint32_t>(digits.size());
    steps.push_back({std::make_shared<LiteralNode>(range, Value::number(*index)), range, end});
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
    begin = end + 1;
  }
}

bool Parser::parse_bracket_step(NodePtr& base, std::vector<Step>& steps) {
  const Token open = stream_.take();
  TokenStream::Lines hidden(stream_, false);
  Bracket bracket(*this, TokenKind::open_bracket);
  if (stream_.kind() == TokenKind::star && stream_.kind_after() == TokenKind::close_bracket) {
    stream_.take();
    stream_.take();
    base = parse_full_splat(with_steps(std::move(base), std::move(steps)));
    steps.clear();
    return !recovering_;
  }
  NodePtr key = parse_expression();
  if (recovering_ || !expect(TokenKind::close_bracket, "Missing close bracket on index", "\"]\"")) {
    return false;
  }
  steps.push_back({std::move(key), range_from(open.begin), stream_.last_end()});
  return true;
}

NodePtr Parser::parse_full_splat(NodePtr base) {
  Nesting nesting(*this);
  if (!nesting.ok()) return invalid();
  NodePtr each = parse_postfix(std::make_shared<SplatItemNode>(range_from(*base)));
  const Range range = base->range.through(each->range);
  return std::make_shared<SplatNode>(range, std::move(base), std::move(each));
}

// base.*.a.b: only names and legacy indexes belong to each element; what follows takes the tuple.
NodePtr Parser::parse_attribute_splat(NodePtr base) {
  if (splats_in(base.get()) >= max_nesting) {
    fail("Too many splats", "At most " + std::to_string(max_nesting) + " splats can be chained.");
    return invalid();
  }
  std::vector<Step> steps;
  auto item = std::make_shared<SplatItemNode>(range_from(*base));
  while (stream_.kind() == TokenKind::dot) {
    const TokenKind after = stream_.kind_after();
    if (after != TokenKind::identifier && after != TokenKind::number) break;
    NodePtr unused = item;
    if (!parse_dot_step(unused, steps)) return invalid();
  }
  NodePtr each = with_steps(std::move(item), std::move(steps));
  const Range range = base->range.through(each->range);
  return std::make_shared<SplatNode>(range, std::move(base), std::move(each));
}

}  // namespace yurt::hcl
