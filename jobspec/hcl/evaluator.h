// Evaluator: walks an expression's nodes and computes its value. Inside this folder only
// (evaluate.h is the door). One evaluation, one thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "jobspec/hcl/ast.h"
#include "jobspec/hcl/context.h"
#include "jobspec/hcl/diagnostic.h"

namespace yurt::hcl {

class Evaluator {
 public:
  Evaluator(const EvalContext& context, Diagnostics& diagnostics)
      : context_(&context), diagnostics_(&diagnostics) {}

  // nullopt after an error, which is reported.
  std::optional<Value> evaluate(const Node& node);
  // Takes work off the budget; reports when there is none left.
  bool charge(std::uint64_t amount, const Range& where);
  std::nullopt_t fail(const std::string& summary, const std::string& detail, const Range& where);

 private:
  using Maybe = std::optional<Value>;

  Maybe evaluate_node(const Node& node);
  // Access (evaluator_access.cc).
  Maybe traversal(const TraversalNode& node);
  Maybe postfix(const PostfixNode& node);
  Maybe splat(const SplatNode& node);
  Maybe step(const Value& value, const Step& step);
  Maybe attribute(const Value& value, const std::string& name, const Range& where);
  Maybe index(const Value& value, const Value& key, const Range& where);
  Maybe element(const Value& value, const Value& key, const Range& where);
  Maybe undeclared(const TraversalNode& node, const std::string& name, const Value& known);
  Maybe unknown_root(const TraversalNode& node);
  // Operators (evaluator_operators.cc).
  Maybe operation(const OperationNode& node);
  Maybe logical(const OperationNode& node);
  Maybe binary(TokenKind op, const Value& left, const Node& left_node, const Value& right,
               const Node& right_node, const Range& where);
  Maybe arithmetic(TokenKind op, const Number& left, const Number& right, const Range& where);
  Maybe unary(const UnaryNode& node);
  Maybe conditional(const ConditionalNode& node);
  std::optional<bool> truth(const Value& value, const Range& where, const char* what);
  std::optional<Number> number(const Value& value, const Range& where);
  // Calls (evaluator_call.cc).
  Maybe call(const CallNode& node);
  Maybe call_function(const CallNode& node, const Function& function);
  bool collect_arguments(const CallNode& node, std::vector<Value>& values,
                         std::vector<const Node*>& places);
  bool check_count(const CallNode& node, const Function& function, std::size_t given);
  Maybe can_or_try(const CallNode& node);
  Maybe convert_call(const CallNode& node);
  // Constructors and templates (evaluator_construct.cc).
  Maybe text_template(const TemplateNode& node);
  Maybe template_join(const TemplateJoinNode& node);
  bool append_text(const Value& value, const Range& where, std::string& out);
  Maybe tuple(const TupleNode& node);
  Maybe object(const ObjectNode& node);
  std::optional<std::string> object_key(const Node& node);
  // For-expressions (evaluator_for.cc).
  struct ForResult;
  Maybe for_each(const ForNode& node);
  bool for_element(const ForNode& node, const Value& key, const Value& value, ForResult& result);
  bool for_body(const ForNode& node, ForResult& result);

  const EvalContext* context_;
  Diagnostics* diagnostics_;
  // The elements that the splats being evaluated are at, innermost last.
  std::vector<Value> splat_items_;
};

}  // namespace yurt::hcl
