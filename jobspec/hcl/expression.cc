#include "jobspec/hcl/expression.h"

#include "base/assert.h"
#include "jobspec/hcl/ast.h"

namespace yurt::hcl {

const std::string* as_plain_text(const Node& node) {
  static const std::string empty;
  if (node.kind != NodeKind::text_template) return nullptr;
  const auto& parts = as<TemplateNode>(node).parts;
  if (parts.empty()) return &empty;
  if (parts.size() > 1 || parts[0]->kind != NodeKind::literal) return nullptr;
  const Value& value = as<LiteralNode>(*parts[0]).value;
  return value.is_string() ? &value.as_string() : nullptr;
}

namespace {

// The constructor's part that gives the element at `step`, or nullptr.
const Node* part_at(const Node& node, const PathStep& step) {
  if (node.kind == NodeKind::parentheses) return part_at(*as<ParenthesesNode>(node).inner, step);
  if (node.kind == NodeKind::tuple) {
    const auto* index = std::get_if<std::size_t>(&step);
    const auto& elements = as<TupleNode>(node).elements;
    return index != nullptr && *index < elements.size() ? elements[*index].get() : nullptr;
  }
  const auto* name = std::get_if<std::string>(&step);
  if (node.kind != NodeKind::object || name == nullptr) return nullptr;
  const Node* found = nullptr;
  for (const ObjectNode::Item& item : as<ObjectNode>(node).items) {
    const std::string* key = as_plain_text(*item.key);
    if (key == nullptr && item.key->kind == NodeKind::literal) {
      const Value& value = as<LiteralNode>(*item.key).value;
      key = value.is_string() ? &value.as_string() : nullptr;
    }
    if (key != nullptr && *key == *name) found = item.value.get();
  }
  return found;
}

}  // namespace

const Range& Expression::range() const {
  YURT_ASSERT(valid());
  return node_->range;
}

Range Expression::range_of(const Path& path) const {
  YURT_ASSERT(valid());
  const Node* node = node_.get();
  for (const PathStep& step : path) {
    const Node* part = part_at(*node, step);
    if (part == nullptr) break;
    node = part;
  }
  return node->range;
}

std::optional<std::string> Expression::as_keyword() const {
  if (!valid()) return std::nullopt;
  if (node_->kind == NodeKind::traversal && as<TraversalNode>(*node_).steps.empty()) {
    return as<TraversalNode>(*node_).root;
  }
  return std::nullopt;
}

}  // namespace yurt::hcl
