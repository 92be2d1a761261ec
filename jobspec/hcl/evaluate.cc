#include "jobspec/hcl/evaluate.h"

#include "jobspec/hcl/evaluator.h"
#include "jobspec/hcl/parse.h"

namespace yurt::hcl {
namespace {

constexpr std::uint64_t step_cost = 32;
// Values nested deeper could not be walked by recursion safely.
constexpr std::uint32_t deepest_value = 2 * max_nesting;

}  // namespace

std::nullopt_t Evaluator::fail(const std::string& summary, const std::string& detail,
                               const Range& where) {
  diagnostics_->error(summary, detail, where);
  return std::nullopt;
}

bool Evaluator::charge(std::uint64_t amount, const Range& where) {
  if (context_->charge(amount)) return true;
  if (context_->report_exhaustion()) {
    diagnostics_->error("Evaluation too large",
                        "The file's expressions together make more data or take more steps than "
                        "is allowed. Look for loops within loops over long lists.",
                        where);
  }
  return false;
}

std::optional<Value> Evaluator::evaluate(const Node& node) {
  if (!charge(step_cost, node.range)) return std::nullopt;
  Maybe value = evaluate_node(node);
  if (value && value->depth() > deepest_value) {
    return fail("Value nested too deeply",
                "Lists and objects can be nested at most " + std::to_string(deepest_value) +
                    " levels deep.",
                node.range);
  }
  return value;
}

std::optional<Value> Evaluator::evaluate_node(const Node& node) {
  switch (node.kind) {
    case NodeKind::invalid: return std::nullopt;  // reported by the parser
    case NodeKind::literal: return as<LiteralNode>(node).value;
    case NodeKind::text_template: return text_template(as<TemplateNode>(node));
    case NodeKind::template_wrap: return evaluate(*as<TemplateWrapNode>(node).inner);
    case NodeKind::template_join: return template_join(as<TemplateJoinNode>(node));
    case NodeKind::traversal: return traversal(as<TraversalNode>(node));
    case NodeKind::postfix: return postfix(as<PostfixNode>(node));
    case NodeKind::splat: return splat(as<SplatNode>(node));
    case NodeKind::splat_item: return splat_items_.back();
    case NodeKind::call: return call(as<CallNode>(node));
    case NodeKind::conditional: return conditional(as<ConditionalNode>(node));
    case NodeKind::operation: return operation(as<OperationNode>(node));
    case NodeKind::unary: return unary(as<UnaryNode>(node));
    case NodeKind::parentheses: return evaluate(*as<ParenthesesNode>(node).inner);
    case NodeKind::tuple: return tuple(as<TupleNode>(node));
    case NodeKind::object: return object(as<ObjectNode>(node));
    case NodeKind::for_each: return for_each(as<ForNode>(node));
  }
  return std::nullopt;
}

std::optional<Value> evaluate(const Expression& expression, const EvalContext& context,
                              Diagnostics& diagnostics) {
  if (!expression.valid()) return std::nullopt;
  Evaluator evaluator(context, diagnostics);
  auto value = evaluator.evaluate(expression.node());
  // Whoever decodes the value walks all of it.
  if (value && !evaluator.charge(value->weight(), expression.range())) return std::nullopt;
  return value;
}

std::optional<Value> evaluate_as(const Expression& expression, const Type& type,
                                 const std::string& what, const EvalContext& context,
                                 Diagnostics& diagnostics) {
  auto value = evaluate(expression, context, diagnostics);
  if (!value) return std::nullopt;
  auto converted = convert(*value, type);
  if (const auto* error = std::get_if<ConversionError>(&converted)) {
    std::string found =
        error->path.empty() ? " Found: " + std::string(value->kind_name()) + "." : "";
    diagnostics.error(
        "Unsuitable value type",
        what + " must be " + type.friendly_name() + ": " + error->message() + "." + found,
        expression.range_of(error->path));
    return std::nullopt;
  }
  return std::get<Value>(std::move(converted));
}

}  // namespace yurt::hcl
