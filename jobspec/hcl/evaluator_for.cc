// For-expressions.
#include "jobspec/hcl/evaluator.h"

namespace yurt::hcl {

struct Evaluator::ForResult {
  Value::Elements elements;
  Value::Members members;
  std::map<std::string, Value::Elements> groups;
};

std::optional<Value> Evaluator::for_each(const ForNode& node) {
  const Maybe collection = evaluate(*node.collection);
  if (!collection) return std::nullopt;
  if (collection->is_null()) {
    return fail("Iteration over null value", "A null value can't be looped over.",
                node.collection->range);
  }
  ForResult result;
  if (collection->is_sequence()) {
    std::int64_t position = 0;
    const bool is_set = collection->kind() == Value::Kind::set;
    for (const Value& element : collection->elements()) {
      const Value key = is_set ? element : Value::number(position++);
      if (!for_element(node, key, element, result)) return std::nullopt;
    }
  } else if (collection->is_mapping()) {
    for (const auto& [name, member] : collection->members()) {
      if (!for_element(node, Value::string(name), member, result)) return std::nullopt;
    }
  } else {
    std::string detail = "Expected a list, set, tuple, map or object to loop over, found a " +
                         std::string(collection->kind_name()) + ".";
    return fail("Iteration over non-iterable value", detail, node.collection->range);
  }
  if (!node.key) return Value::tuple(std::move(result.elements));
  for (auto& [key, group] : result.groups) {
    result.members.emplace(key, Value::tuple(std::move(group)));
  }
  return Value::object(std::move(result.members));
}

bool Evaluator::for_element(const ForNode& node, const Value& key, const Value& value,
                            ForResult& result) {
  EvalContext::Variables variables;
  if (!node.key_name.empty()) variables.emplace(node.key_name, key);
  variables.insert_or_assign(node.value_name, value);
  const EvalContext scope(*context_, std::move(variables));
  const EvalContext* const outer = std::exchange(context_, &scope);
  const bool ok = for_body(node, result);
  context_ = outer;
  return ok;
}

bool Evaluator::for_body(const ForNode& node, ForResult& result) {
  if (node.condition) {
    const Maybe condition = evaluate(*node.condition);
    if (!condition) return false;
    const auto wanted = truth(*condition, node.condition->range, "The condition after \"if\"");
    if (!wanted) return false;
    if (!*wanted) return true;
  }
  std::optional<std::string> key;
  if (node.key) {
    key = object_key(*node.key);
    if (!key) return false;
  }
  Maybe value = evaluate(*node.value);
  if (!value || !charge(sizeof(Value), node.range)) return false;
  if (!node.key) {
    result.elements.push_back(std::move(*value));
  } else if (node.group) {
    result.groups[*key].push_back(std::move(*value));
  } else if (!result.members.emplace(*key, std::move(*value)).second) {
    fail("Duplicate object key",
         "Two items of this for expression have the key \"" + *key +
             "\". If that is expected, put \"...\" after the value to group items by key.",
         node.key->range);
    return false;
  }
  return true;
}

}  // namespace yurt::hcl
