#include "jobspec/hcl/variables.h"

#include "jobspec/hcl/ast.h"
#include "jobspec/hcl/evaluate.h"
#include "jobspec/hcl/parse.h"
#include "jobspec/hcl/token.h"

namespace yurt::hcl {

Variables::Variables(Diagnostics& diagnostics)
    : diagnostics_(diagnostics),
      constants_(EvalContext::create({}, nullptr, UnknownRoots::error)) {}

Variables::Declaration* Variables::add(const std::string& name, const Range& where) {
  if (!is_identifier(name)) {
    diagnostics_.error("Invalid variable name",
                       "A variable's name starts with a letter or underscore and may contain only "
                       "letters, digits, underscores and dashes.",
                       where);
    return nullptr;
  }
  Declaration fresh;
  fresh.variable.name = name;
  fresh.variable.declaration = where;
  const auto [entry, is_new] = declarations_.emplace(name, std::move(fresh));
  if (is_new) return &entry->second;
  diagnostics_.error("Variable declared twice",
                     "The variable \"" + name + "\" was already declared at " +
                         entry->second.variable.declaration.to_string() + ".",
                     where);
  return nullptr;
}

void Variables::declare_all(const Block& block) {
  const BodyContent content = block.body->all(diagnostics_);
  for (const Attribute& attribute : content.attributes) {
    if (Declaration* declaration = add(attribute.name, attribute.name_range)) {
      read_default(*declaration, attribute);
    }
  }
  for (const Block& inner : content.blocks) {
    diagnostics_.error("Unsupported block",
                       "variables { } holds arguments (name = default) only. To declare one with a "
                       "type or validation use variable \"name\" { ... }.",
                       inner.type_range);
  }
}

void Variables::declare(const Block& block) {
  static const BodySchema schema{{{"description"}, {"default"}, {"type"}}, {{"validation", {}}}};
  const BodyContent content = block.body->content(schema, false, diagnostics_);
  Declaration* declaration = add(block.labels[0].text, block.labels[0].range);
  if (declaration == nullptr) return;
  read_type(*declaration, content);
  read_description(*declaration, content);
  if (const Attribute* attribute = content.find("default")) read_default(*declaration, *attribute);
  for (const Block& validation : content.blocks) read_validation(*declaration, validation);
}

void Variables::read_type(Declaration& declaration, const BodyContent& content) {
  const Attribute* attribute = content.find("type");
  if (attribute == nullptr) return;
  declaration.has_type = true;
  if (const auto type = parse_type(attribute->expression, diagnostics_)) {
    declaration.variable.type = *type;
  } else {
    declaration.in_error = true;
  }
}

void Variables::read_description(Declaration& declaration, const BodyContent& content) {
  const Attribute* attribute = content.find("description");
  if (attribute == nullptr) return;
  const auto text = evaluate_as(attribute->expression, Type::string(), "The description",
                                *constants_, diagnostics_);
  if (text && text->is_string()) declaration.variable.description = text->as_string();
}

void Variables::read_default(Declaration& declaration, const Attribute& attribute) {
  const auto value = evaluate(attribute.expression, *constants_, diagnostics_);
  if (!value) {
    declaration.in_error = true;
    return;
  }
  if (!declaration.has_type) declaration.variable.type = Type::of(*value);
  set(declaration, *value, attribute.expression, "its default");
}

void Variables::read_validation(Declaration& declaration, const Block& block) {
  static const BodySchema schema{{{"condition", true}, {"error_message", true}}, {}};
  const BodyContent content = block.body->content(schema, false, diagnostics_);
  const Attribute* condition = content.find("condition");
  const Attribute* message = content.find("error_message");
  if (condition == nullptr || message == nullptr) return;
  const auto text = evaluate_as(message->expression, Type::string(), "The error_message",
                                *constants_, diagnostics_);
  if (!text) return;
  declaration.validations.push_back(
      {condition->expression, text->is_string() ? text->as_string() : ""});
}

void Variables::check(const ContextPtr& context) {
  for (auto& [name, declaration] : declarations_) {
    if (declaration.in_error) continue;
    if (declaration.variable.resolved) {
      check_validations(declaration, context);
      continue;
    }
    diagnostics_.error("Variable without value",
                       "The variable \"" + name +
                           "\" has no default and was not set. Set it with "
                           "-var " +
                           name +
                           "=VALUE, in a file given with -var-file, or in the "
                           "environment variable YURT_VAR_" +
                           name + " or NOMAD_VAR_" + name + ".",
                       declaration.variable.declaration);
  }
}

void Variables::check_validations(const Declaration& declaration, const ContextPtr& context) {
  const Variable& variable = declaration.variable;
  const auto scope =
      EvalContext::child(context, {{"var", Value::object({{variable.name, variable.value}})}});
  for (const Validation& validation : declaration.validations) {
    const auto holds = evaluate_as(validation.condition, Type::boolean(),
                                   "The condition of a validation", *scope, diagnostics_);
    if (!holds) continue;
    if (holds->is_boolean() && holds->as_boolean()) continue;
    diagnostics_.error("Invalid value for variable",
                       validation.message + "\nThe value of \"" + variable.name + "\" came from " +
                           declaration.origin + ".",
                       validation.condition.range());
  }
}

std::vector<Variable> Variables::take() {
  std::vector<Variable> variables;
  for (auto& [name, declaration] : declarations_) {
    variables.push_back(std::move(declaration.variable));
  }
  return variables;
}

}  // namespace yurt::hcl
