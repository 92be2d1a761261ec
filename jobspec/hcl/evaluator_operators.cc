// Arithmetic, comparison, logic, conditionals.
#include "jobspec/hcl/evaluator.h"

namespace yurt::hcl {
namespace {

const char* symbol(TokenKind op) {
  switch (op) {
    case TokenKind::plus: return "+";
    case TokenKind::minus: return "-";
    case TokenKind::star: return "*";
    case TokenKind::slash: return "/";
    case TokenKind::percent: return "%";
    case TokenKind::logical_and: return "&&";
    case TokenKind::logical_or: return "||";
    default: return "";
  }
}

bool compares(TokenKind op, int order) {
  switch (op) {
    case TokenKind::less: return order < 0;
    case TokenKind::less_equal: return order <= 0;
    case TokenKind::greater: return order > 0;
    default: return order >= 0;
  }
}

}  // namespace

std::optional<bool> Evaluator::truth(const Value& value, const Range& where, const char* what) {
  if (value.is_null()) {
    return fail("Invalid operand", std::string(what) + " must be true or false, found null.",
                where);
  }
  auto converted = convert(value, Type::boolean());
  if (const auto* boolean = std::get_if<Value>(&converted)) return boolean->as_boolean();
  return fail("Invalid operand",
              std::string(what) +
                  " must be true or false: " + std::get<ConversionError>(converted).message() + ".",
              where);
}

std::optional<Number> Evaluator::number(const Value& value, const Range& where) {
  if (value.is_null()) {
    return fail("Invalid operand", "Expected a number, found null.", where);
  }
  auto converted = convert(value, Type::number());
  if (const auto* result = std::get_if<Value>(&converted)) return result->as_number();
  std::string detail = "Unsuitable value for operand: a number is required";
  if (value.is_string() && value.as_string().starts_with("${")) {
    detail += ", and what this refers to is known only when the task runs";
  }
  return fail("Invalid operand", detail + ".", where);
}

std::optional<Value> Evaluator::operation(const OperationNode& node) {
  if (node.operators[0] == TokenKind::logical_and || node.operators[0] == TokenKind::logical_or) {
    return logical(node);
  }
  Maybe left = evaluate(*node.operands[0]);
  for (std::size_t i = 0; left && i < node.operators.size(); ++i) {
    const Maybe right = evaluate(*node.operands[i + 1]);
    if (!right) return std::nullopt;
    left = binary(node.operators[i], *left, *node.operands[i], *right, *node.operands[i + 1],
                  node.range);
  }
  return left;
}

// Stops at the first operand that decides.
std::optional<Value> Evaluator::logical(const OperationNode& node) {
  const bool decides = node.operators[0] == TokenKind::logical_or;
  const std::string what = std::string("An operand of ") + symbol(node.operators[0]);
  for (const NodePtr& operand : node.operands) {
    const Maybe value = evaluate(*operand);
    if (!value) return std::nullopt;
    const auto boolean = truth(*value, operand->range, what.c_str());
    if (!boolean) return std::nullopt;
    if (*boolean == decides) return Value::boolean(decides);
  }
  return Value::boolean(!decides);
}

std::optional<Value> Evaluator::binary(TokenKind op, const Value& left, const Node& left_node,
                                       const Value& right, const Node& right_node,
                                       const Range& where) {
  if (op == TokenKind::equal_equal || op == TokenKind::not_equal) {
    if (!charge(std::min(left.weight(), right.weight()) / 32, where)) return std::nullopt;
    return Value::boolean((left == right) == (op == TokenKind::equal_equal));
  }
  const auto a = number(left, left_node.range);
  const auto b = a ? number(right, right_node.range) : std::nullopt;
  if (!b) return std::nullopt;
  switch (op) {
    case TokenKind::less:
    case TokenKind::less_equal:
    case TokenKind::greater:
    case TokenKind::greater_equal: return Value::boolean(compares(op, a->compare(*b)));
    default: return arithmetic(op, *a, *b, where);
  }
}

std::optional<Value> Evaluator::arithmetic(TokenKind op, const Number& left, const Number& right,
                                           const Range& where) {
  if ((op == TokenKind::slash || op == TokenKind::percent) && right.is_zero()) {
    return fail("Division by zero", "The divisor of this operation is zero.", where);
  }
  std::optional<Number> result;
  switch (op) {
    case TokenKind::plus: result = left.plus(right); break;
    case TokenKind::minus: result = left.minus(right); break;
    case TokenKind::star: result = left.times(right); break;
    case TokenKind::slash: result = left.over(right); break;
    default: result = left.modulo(right);
  }
  if (result) return Value::number(*result);
  return fail("Number out of range",
              std::string("The result of ") + symbol(op) + " is beyond 1e" +
                  std::to_string(Number::max_exponent) + ".",
              where);
}

std::optional<Value> Evaluator::unary(const UnaryNode& node) {
  const Maybe operand = evaluate(*node.operand);
  if (!operand) return std::nullopt;
  if (node.op == TokenKind::bang) {
    const auto boolean = truth(*operand, node.operand->range, "The operand of !");
    return boolean ? Maybe(Value::boolean(!*boolean)) : std::nullopt;
  }
  const auto value = number(*operand, node.operand->range);
  return value ? Maybe(Value::number(value->negated())) : std::nullopt;
}

// Both branches are evaluated, so that the result has the type common to both, but an error counts
// only in the one that is chosen.
std::optional<Value> Evaluator::conditional(const ConditionalNode& node) {
  const Maybe condition = evaluate(*node.condition);
  if (!condition) return std::nullopt;
  const auto chosen = truth(*condition, node.condition->range, "The condition");
  if (!chosen) return std::nullopt;
  Maybe result = evaluate(*chosen ? *node.when_true : *node.when_false);
  if (!result || result->is_null()) return result;
  Diagnostics ignored;
  Diagnostics* const reported = std::exchange(diagnostics_, &ignored);
  const Maybe other = evaluate(*chosen ? *node.when_false : *node.when_true);
  diagnostics_ = reported;
  if (!context_->charge(0)) diagnostics_->append(ignored);
  if (!other || other->is_null()) return result;
  if (result->is_primitive() && other->kind() == result->kind()) return result;
  if (!charge((result->weight() + other->weight()) / 32, node.range)) return std::nullopt;
  const Type common = common_type({*result, *other});
  auto converted = convert(*result, common);
  if (auto* value = std::get_if<Value>(&converted)) return std::move(*value);
  return result;
}

}  // namespace yurt::hcl
