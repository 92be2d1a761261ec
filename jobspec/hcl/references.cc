#include "jobspec/hcl/references.h"

#include "jobspec/hcl/ast.h"

namespace yurt::hcl {
namespace {

class Collector {
 public:
  explicit Collector(std::string_view root) : root_(root) {}

  void visit(const Node& node) {
    switch (node.kind) {
      case NodeKind::invalid:
      case NodeKind::literal:
      case NodeKind::splat_item: return;
      case NodeKind::text_template: return visit_all(as<TemplateNode>(node).parts);
      case NodeKind::template_wrap: return visit(*as<TemplateWrapNode>(node).inner);
      case NodeKind::template_join: return visit(*as<TemplateJoinNode>(node).tuple);
      case NodeKind::traversal: return visit_traversal(as<TraversalNode>(node));
      case NodeKind::postfix: return visit_postfix(as<PostfixNode>(node));
      case NodeKind::splat:
        visit(*as<SplatNode>(node).base);
        return visit(*as<SplatNode>(node).each);
      case NodeKind::call: return visit_all(as<CallNode>(node).arguments);
      case NodeKind::conditional:
        visit(*as<ConditionalNode>(node).condition);
        visit(*as<ConditionalNode>(node).when_true);
        return visit(*as<ConditionalNode>(node).when_false);
      case NodeKind::operation: return visit_all(as<OperationNode>(node).operands);
      case NodeKind::unary: return visit(*as<UnaryNode>(node).operand);
      case NodeKind::parentheses: return visit(*as<ParenthesesNode>(node).inner);
      case NodeKind::tuple: return visit_all(as<TupleNode>(node).elements);
      case NodeKind::object:
        for (const ObjectNode::Item& item : as<ObjectNode>(node).items) {
          visit(*item.key);
          visit(*item.value);
        }
        return;
      case NodeKind::for_each: return visit_for(as<ForNode>(node));
    }
  }

  References take() { return std::move(found_); }

 private:
  void visit_all(const std::vector<NodePtr>& nodes) {
    for (const NodePtr& node : nodes) visit(*node);
  }

  void visit_traversal(const TraversalNode& node) {
    for (const Step& step : node.steps) visit_key(step);
    if (node.root != root_) return;
    if (node.steps.empty()) {
      found_.whole = true;
    } else if (const auto* name = std::get_if<std::string>(&node.steps[0].key)) {
      found_.names.insert(*name);
    } else {
      visit_literal_key(*std::get<NodePtr>(node.steps[0].key));
    }
  }

  // root["x"]
  void visit_literal_key(const Node& key) {
    if (const std::string* text = as_plain_text(key)) {
      found_.names.insert(*text);
    } else {
      found_.whole = true;
    }
  }

  void visit_postfix(const PostfixNode& node) {
    visit(*node.base);
    for (const Step& step : node.steps) visit_key(step);
  }

  void visit_key(const Step& step) {
    if (const auto* key = std::get_if<NodePtr>(&step.key)) visit(**key);
  }

  void visit_for(const ForNode& node) {
    visit(*node.collection);
    if (node.key) visit(*node.key);
    visit(*node.value);
    if (node.condition) visit(*node.condition);
  }

  std::string_view root_;
  References found_;
};

}  // namespace

References references_to(std::string_view root, const Expression& expression) {
  Collector collector(root);
  if (expression.valid()) collector.visit(expression.node());
  return collector.take();
}

}  // namespace yurt::hcl
