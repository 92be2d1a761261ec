// References, attributes, indexes and splats.
#include "jobspec/hcl/evaluator.h"

namespace yurt::hcl {
namespace {

std::string did_you_mean(const std::string& name, const std::vector<std::string>& known) {
  const std::string closest = closest_name(name, known);
  return closest.empty() ? "" : " Did you mean \"" + closest + "\"?";
}

std::vector<std::string> keys_of(const Value& value) {
  std::vector<std::string> keys;
  for (const auto& [key, member] : value.members()) keys.push_back(key);
  return keys;
}

}  // namespace

std::optional<Value> Evaluator::traversal(const TraversalNode& node) {
  const Value* root = context_->find(node.root);
  if (root == nullptr) return unknown_root(node);
  if (!node.steps.empty()) {
    const auto* name = std::get_if<std::string>(&node.steps[0].key);
    if (name != nullptr && context_->is_unresolved(node.root, *name)) return std::nullopt;
    if (name != nullptr && root->is_mapping() && root->find(*name) == nullptr &&
        (node.root == "var" || node.root == "local")) {
      return undeclared(node, *name, *root);
    }
  }
  Maybe value = *root;
  for (const Step& next : node.steps) {
    value = step(*value, next);
    if (!value) break;
  }
  return value;
}

std::optional<Value> Evaluator::undeclared(const TraversalNode& node, const std::string& name,
                                           const Value& known) {
  const bool is_variable = node.root == "var";
  const std::string hint = did_you_mean(name, keys_of(known));
  return fail(is_variable ? "Undeclared variable" : "Undeclared local",
              "There is no " + std::string(is_variable ? "variable" : "local") + " named \"" +
                  name + "\"." + hint +
                  (!hint.empty() ? ""
                   : is_variable ? " To declare it add variable \"" + name + "\" {} to the file."
                                 : " To define it add it to locals { }."),
              node.range);
}

std::optional<Value> Evaluator::unknown_root(const TraversalNode& node) {
  if (context_->unknown_roots() == UnknownRoots::keep_as_text) {
    if (!charge(node.text.size(), node.range)) return std::nullopt;
    return Value::string("${" + node.text + "}");
  }
  const std::vector<std::string> names = context_->root_names();
  if (names.empty()) {
    return fail("Variables not allowed", "Only constant values can be used here.", node.range);
  }
  return fail("Unknown variable",
              "There is no variable named \"" + node.root + "\"." + did_you_mean(node.root, names),
              node.root_range);
}

std::optional<Value> Evaluator::postfix(const PostfixNode& node) {
  Maybe value = evaluate(*node.base);
  for (const Step& next : node.steps) {
    if (!value) break;
    value = step(*value, next);
  }
  return value;
}

std::optional<Value> Evaluator::step(const Value& value, const Step& step) {
  if (const auto* name = std::get_if<std::string>(&step.key)) {
    return attribute(value, *name, step.range);
  }
  const Maybe key = evaluate(*std::get<NodePtr>(step.key));
  return key ? index(value, *key, step.range) : std::nullopt;
}

std::optional<Value> Evaluator::attribute(const Value& value, const std::string& name,
                                          const Range& where) {
  if (value.is_null()) {
    return fail("Attempt to get attribute from null value",
                "This value is null, so it has no attribute \"" + name + "\".", where);
  }
  if (!value.is_mapping()) {
    std::string detail =
        "This value is a " + std::string(value.kind_name()) + " and has no attributes.";
    if (value.is_sequence()) {
      detail += " For one element's attribute use an index ([0]." + name +
                "), for that of all elements a splat ([*]." + name + ").";
    }
    return fail("Unsupported attribute", detail, where);
  }
  if (const Value* member = value.find(name)) return *member;
  if (value.kind() == Value::Kind::map) {
    return fail("Missing map element",
                "This map has no element with the key \"" + name + "\"." +
                    did_you_mean(name, keys_of(value)),
                where);
  }
  return fail("Unsupported attribute",
              "There is no \"" + name + "\" in this object." + did_you_mean(name, keys_of(value)),
              where);
}

std::optional<Value> Evaluator::index(const Value& value, const Value& key, const Range& where) {
  if (value.is_null()) {
    return fail("Attempt to index null value", "This value is null, so it has no elements.", where);
  }
  if (key.is_null()) {
    return fail("Invalid index", "Can't use a null value as an index.", where);
  }
  if (value.is_mapping()) {
    auto name = convert(key, Type::string());
    if (const auto* text = std::get_if<Value>(&name)) {
      return attribute(value, text->as_string(), where);
    }
    return fail("Invalid index",
                "Expected a string as the key of this " + std::string(value.kind_name()) +
                    ", found a " + key.kind_name() + ".",
                where);
  }
  if (value.kind() == Value::Kind::list || value.kind() == Value::Kind::tuple) {
    return element(value, key, where);
  }
  return fail("Invalid index",
              value.kind() == Value::Kind::set
                  ? std::string("A set's elements have no order and so no index.")
                  : "This value is a " + std::string(value.kind_name()) + " and has no elements.",
              where);
}

std::optional<Value> Evaluator::element(const Value& value, const Value& key, const Range& where) {
  auto converted = convert(key, Type::number());
  const auto* number = std::get_if<Value>(&converted);
  if (number == nullptr || !number->as_number().is_integer()) {
    return fail(
        "Invalid index",
        "Expected a whole number as the index of this " + std::string(value.kind_name()) + ".",
        where);
  }
  const auto position = number->as_number().as_int64();
  if (position && *position >= 0 && static_cast<std::uint64_t>(*position) < value.size()) {
    return value.elements()[static_cast<std::size_t>(*position)];
  }
  std::string range = "it has no elements";
  if (value.size() > 0) range = "indexes go from 0 to " + std::to_string(value.size() - 1);
  return fail("Invalid index",
              "The index " + number->as_number().to_string() + " is outside of this " +
                  value.kind_name() + ": " + range + ".",
              where);
}

std::optional<Value> Evaluator::splat(const SplatNode& node) {
  const Maybe base = evaluate(*node.base);
  if (!base) return std::nullopt;
  Value::Elements items;
  if (base->is_sequence()) {
    items = base->elements();
  } else if (!base->is_null()) {
    items = {*base};
  }
  if (!charge(items.size() * sizeof(Value), node.range)) return std::nullopt;
  for (Value& item : items) {
    splat_items_.push_back(item);
    Maybe result = evaluate(*node.each);
    splat_items_.pop_back();
    if (!result) return std::nullopt;
    item = std::move(*result);
  }
  const bool typed = base->kind() == Value::Kind::list || base->kind() == Value::Kind::set;
  return typed ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

}  // namespace yurt::hcl
