// Where variables' values come from: environment, files, -var.
#include "jobspec/hcl/ast.h"
#include "jobspec/hcl/evaluate.h"
#include "jobspec/hcl/parse.h"
#include "jobspec/hcl/variables.h"

namespace yurt::hcl {
namespace {

// A type taken from a default says what kind of collection is meant and no more: the default ["a"]
// is not meant to allow only lists of one element.
bool fits_inferred(const Value& value, const Type& inferred) {
  return value.is_null() || (value.is_sequence() && inferred.kind() == Type::Kind::tuple) ||
         (value.is_mapping() && inferred.kind() == Type::Kind::object);
}

bool taken_literally(const Type& type) {
  return type.kind() == Type::Kind::string || type.kind() == Type::Kind::number ||
         type.kind() == Type::Kind::any;
}

}  // namespace

void Variables::set(Declaration& declaration, const Value& value, const Expression& expression,
                    const std::string& origin) {
  Variable& variable = declaration.variable;
  const bool loose = !declaration.has_type && fits_inferred(value, variable.type);
  auto converted =
      loose ? std::variant<Value, ConversionError>(value) : convert(value, variable.type);
  if (const auto* error = std::get_if<ConversionError>(&converted)) {
    diagnostics_.error(
        "Invalid value for variable",
        "The value of \"" + variable.name + "\" from " + origin + " is not of its type " +
            variable.type.to_string() + ": " + error->message() + ".",
        expression.valid() ? expression.range_of(error->path) : variable.declaration);
    declaration.in_error = true;
    variable.resolved = false;
    return;
  }
  variable.value = std::get<Value>(std::move(converted));
  variable.resolved = true;
  declaration.in_error = false;
  declaration.origin = origin;
}

void Variables::set_text(Declaration& declaration, const std::string& text,
                         const std::string& origin) {
  const SourcePtr source = make_source(origin, text);
  if (taken_literally(declaration.variable.type)) {
    const Range whole{source, 0, static_cast<std::uint32_t>(text.size())};
    return set(declaration, Value::string(text),
               Expression(std::make_shared<LiteralNode>(whole, Value::string(text))), origin);
  }
  const Expression expression = parse_expression(source, diagnostics_);
  const auto value = evaluate(expression, *constants_, diagnostics_);
  if (value) {
    set(declaration, *value, expression, origin);
  } else {
    declaration.in_error = true;
  }
}

void Variables::report_undeclared(const std::string& name, const std::string& origin,
                                  const Range& where) {
  std::vector<std::string> names;
  for (const auto& [known, declaration] : declarations_) names.push_back(known);
  const std::string closest = closest_name(name, names);
  diagnostics_.error("Undeclared variable",
                     "A value for \"" + name + "\" was given by " + origin +
                         ", but the job file declares no such variable." +
                         (closest.empty() ? " To declare it add variable \"" + name + "\" {}."
                                          : " Did you mean \"" + closest + "\"?"),
                     where);
}

void Variables::assign_from_environment(const std::map<std::string, std::string>& environment) {
  for (const std::string prefix : {"NOMAD_VAR_", "YURT_VAR_"}) {
    for (auto& [name, declaration] : declarations_) {
      const auto entry = environment.find(prefix + name);
      if (entry == environment.end()) continue;
      set_text(declaration, entry->second, "the environment variable " + entry->first);
    }
  }
}

void Variables::assign_from_file(const SourcePtr& file, bool strict) {
  const BodyContent content = parse_body(file, diagnostics_)->all(diagnostics_);
  for (const Block& block : content.blocks) {
    diagnostics_.error("Block in variable file",
                       "A variable file holds only arguments (name = value); variables are "
                       "declared in the job file.",
                       block.type_range);
  }
  for (const Attribute& attribute : content.attributes) {
    const auto entry = declarations_.find(attribute.name);
    if (entry == declarations_.end()) {
      if (strict) report_undeclared(attribute.name, "a variable file", attribute.name_range);
      continue;
    }
    const auto value = evaluate(attribute.expression, *constants_, diagnostics_);
    if (value) {
      set(entry->second, *value, attribute.expression, "the file " + file->name());
    } else {
      entry->second.in_error = true;
    }
  }
}

void Variables::assign(const std::string& name, const std::string& text, bool strict) {
  const auto entry = declarations_.find(name);
  if (entry != declarations_.end()) return set_text(entry->second, text, "-var " + name);
  if (!strict) return;
  const SourcePtr argument = make_source("-var", name + "=" + text);
  report_undeclared(name, "-var", {argument, 0, static_cast<std::uint32_t>(name.size())});
}

}  // namespace yurt::hcl
