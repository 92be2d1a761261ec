// Templates, tuples and objects.
#include "jobspec/hcl/evaluator.h"

namespace yurt::hcl {

bool Evaluator::append_text(const Value& value, const Range& where, std::string& out) {
  if (value.is_null()) {
    fail("Invalid template interpolation value",
         "The expression result is null. Cannot include a null value in a string template.", where);
    return false;
  }
  auto converted = convert(value, Type::string());
  const auto* text = std::get_if<Value>(&converted);
  if (text == nullptr) {
    fail("Invalid template interpolation value",
         "Cannot include the given value in a string template: expected a string, number or bool, "
         "found a " +
             std::string(value.kind_name()) + ". To include it as JSON use jsonencode().",
         where);
    return false;
  }
  if (!charge(text->as_string().size(), where)) return false;
  out += text->as_string();
  return true;
}

std::optional<Value> Evaluator::text_template(const TemplateNode& node) {
  std::string out;
  for (const NodePtr& part : node.parts) {
    const Maybe value = evaluate(*part);
    if (!value || !append_text(*value, part->range, out)) return std::nullopt;
  }
  return Value::string(std::move(out));
}

std::optional<Value> Evaluator::template_join(const TemplateJoinNode& node) {
  const Maybe parts = evaluate(*node.tuple);
  if (!parts) return std::nullopt;
  std::string out;
  for (const Value& part : parts->elements()) {
    if (!append_text(part, node.range, out)) return std::nullopt;
  }
  return Value::string(std::move(out));
}

std::optional<Value> Evaluator::tuple(const TupleNode& node) {
  if (!charge(node.elements.size() * sizeof(Value), node.range)) return std::nullopt;
  Value::Elements elements;
  elements.reserve(node.elements.size());
  bool ok = true;
  // Goes on after an error, to report those in the other elements too.
  for (const NodePtr& element : node.elements) {
    Maybe value = evaluate(*element);
    ok = ok && value;
    if (ok) elements.push_back(std::move(*value));
  }
  return ok ? Maybe(Value::tuple(std::move(elements))) : std::nullopt;
}

std::optional<std::string> Evaluator::object_key(const Node& node) {
  const Maybe key = evaluate(node);
  if (!key) return std::nullopt;
  if (key->is_null()) {
    return fail("Invalid object key", "A null value can't be a key.", node.range);
  }
  auto converted = convert(*key, Type::string());
  if (const auto* text = std::get_if<Value>(&converted)) {
    if (!charge(text->as_string().size(), node.range)) return std::nullopt;
    return text->as_string();
  }
  return fail("Invalid object key",
              "Expected a string as the key, found a " + std::string(key->kind_name()) + ".",
              node.range);
}

std::optional<Value> Evaluator::object(const ObjectNode& node) {
  Value::Members members;
  bool ok = true;
  for (const ObjectNode::Item& item : node.items) {
    const auto key = object_key(*item.key);
    Maybe value = evaluate(*item.value);
    ok = ok && key && value;
    if (ok) members.insert_or_assign(*key, std::move(*value));
  }
  return ok ? Maybe(Value::object(std::move(members))) : std::nullopt;
}

}  // namespace yurt::hcl
