// Type expressions: string, list(number), object({ a = string, b = optional(bool, true) })…
#include "jobspec/hcl/ast.h"
#include "jobspec/hcl/context.h"
#include "jobspec/hcl/evaluate.h"
#include "jobspec/hcl/parse.h"
#include "jobspec/hcl/parser.h"

namespace yurt::hcl {
namespace {

constexpr const char* known_types =
    "Expected string, number, bool, any, list(...), set(...), map(...), object({...}) or "
    "tuple([...]).";

std::optional<Type> fail(const Node& node, const std::string& detail, Diagnostics& diagnostics) {
  diagnostics.error("Invalid type", detail, node.range);
  return std::nullopt;
}

std::optional<Type> read_type(const Node& node, Diagnostics& diagnostics);

std::optional<Type> read_keyword(const Node& node, const std::string& name,
                                 Diagnostics& diagnostics) {
  if (name == "string") return Type::string();
  if (name == "number") return Type::number();
  if (name == "bool") return Type::boolean();
  if (name == "any") return Type::any();
  if (name == "list" || name == "set" || name == "map") {
    return fail(
        node,
        "The type \"" + name + "\" needs the type of its elements, e.g. " + name + "(string).",
        diagnostics);
  }
  if (name == "object") {
    return fail(node, "Expected the attributes' types, e.g. object({ name = string }).",
                diagnostics);
  }
  if (name == "tuple") {
    return fail(node, "Expected the elements' types, e.g. tuple([string, number]).", diagnostics);
  }
  return fail(node, "\"" + name + "\" is no type. " + known_types, diagnostics);
}

std::optional<Type> read_tuple(const Node& node, Diagnostics& diagnostics) {
  if (node.kind != NodeKind::tuple) {
    return fail(node, "Expected a list of types: tuple([string, number]).", diagnostics);
  }
  std::vector<Type> elements;
  for (const NodePtr& element : as<TupleNode>(node).elements) {
    auto type = read_type(*element, diagnostics);
    if (!type) return std::nullopt;
    elements.push_back(*type);
  }
  return Type::tuple(std::move(elements));
}

// optional(type) or optional(type, default) as a member's type.
bool read_optional(const CallNode& call, Type::ObjectMember& member, Diagnostics& diagnostics) {
  if (call.arguments.empty() || call.arguments.size() > 2 || call.expand_last) {
    static_cast<void>(
        fail(call, "Expected optional(type) or optional(type, default).", diagnostics));
    return false;
  }
  const auto type = read_type(*call.arguments[0], diagnostics);
  if (!type) return false;
  member.type = *type;
  member.optional = true;
  if (call.arguments.size() == 1) return true;
  const auto constants = EvalContext::create({}, nullptr, UnknownRoots::error);
  auto fallback =
      evaluate_as(Expression(call.arguments[1]), *type, "The default", *constants, diagnostics);
  if (fallback) member.fallback = *fallback;
  return fallback.has_value();
}

std::optional<Type> read_object(const Node& node, Diagnostics& diagnostics) {
  if (node.kind != NodeKind::object) {
    return fail(node, "Expected the attributes' types: object({ name = string }).", diagnostics);
  }
  Type::ObjectMembers members;
  for (const ObjectNode::Item& item : as<ObjectNode>(node).items) {
    const std::string* name = as_plain_text(*item.key);
    if (name == nullptr && item.key->kind == NodeKind::literal) {
      const Value& key = as<LiteralNode>(*item.key).value;
      name = key.is_string() ? &key.as_string() : nullptr;
    }
    if (name == nullptr) return fail(*item.key, "Expected an attribute's name.", diagnostics);
    Type::ObjectMember member;
    if (item.value->kind == NodeKind::call && as<CallNode>(*item.value).name == "optional") {
      if (!read_optional(as<CallNode>(*item.value), member, diagnostics)) return std::nullopt;
    } else {
      const auto type = read_type(*item.value, diagnostics);
      if (!type) return std::nullopt;
      member.type = *type;
    }
    members[*name] = std::move(member);
  }
  return Type::object(std::move(members));
}

std::optional<Type> read_call(const CallNode& call, Diagnostics& diagnostics) {
  const std::string& name = call.name;
  if (name == "optional") {
    return fail(call, "optional(...) can be used for an attribute of object({...}) only.",
                diagnostics);
  }
  if (name == "string" || name == "number" || name == "bool" || name == "any") {
    return fail(call, "The type \"" + name + "\" takes no arguments.", diagnostics);
  }
  const bool collection = name == "list" || name == "set" || name == "map";
  if (!collection && name != "object" && name != "tuple") {
    return fail(call, "\"" + name + "\" is no type. " + known_types, diagnostics);
  }
  if (call.arguments.size() != 1 || call.expand_last) {
    return fail(call, "The type \"" + name + "\" takes one argument.", diagnostics);
  }
  const Node& argument = *call.arguments[0];
  if (name == "object") return read_object(argument, diagnostics);
  if (name == "tuple") return read_tuple(argument, diagnostics);
  const auto element = read_type(argument, diagnostics);
  if (!element) return std::nullopt;
  if (name == "list") return Type::list(*element);
  return name == "set" ? Type::set(*element) : Type::map(*element);
}

std::optional<Type> read_type(const Node& node, Diagnostics& diagnostics) {
  if (node.kind == NodeKind::parentheses) {
    return read_type(*as<ParenthesesNode>(node).inner, diagnostics);
  }
  if (node.kind == NodeKind::traversal && as<TraversalNode>(node).steps.empty()) {
    return read_keyword(node, as<TraversalNode>(node).root, diagnostics);
  }
  if (node.kind == NodeKind::call) return read_call(as<CallNode>(node), diagnostics);
  if (node.kind == NodeKind::invalid) return std::nullopt;  // reported already
  return fail(node, known_types, diagnostics);
}

}  // namespace

std::optional<Type> parse_type(const Expression& expression, Diagnostics& diagnostics) {
  // In JSON syntax a type can only be written as a string.
  if (const std::string* text = as_plain_text(expression.node())) {
    TokenStream stream(*text, LexMode::expressions, expression.range().source, 0,
                       expression.range());
    return read_type(*Parser(stream, diagnostics).parse_whole_expression(), diagnostics);
  }
  return read_type(expression.node(), diagnostics);
}

}  // namespace yurt::hcl
