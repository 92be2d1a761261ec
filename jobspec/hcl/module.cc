#include "jobspec/hcl/module.h"

#include <algorithm>

#include "jobspec/hcl/locals.h"
#include "jobspec/hcl/parse.h"
#include "jobspec/hcl/variables.h"

namespace yurt::hcl {
namespace {

// The file's own blocks, apart from those the caller's schema names.
struct Settings {
  std::vector<Block> variables, variable, locals;
};

Settings take_settings(BodyContent& content) {
  Settings settings;
  std::vector<Block> rest;
  for (Block& block : content.blocks) {
    if (block.type == "variables") {
      settings.variables.push_back(std::move(block));
    } else if (block.type == "variable") {
      settings.variable.push_back(std::move(block));
    } else if (block.type == "locals") {
      settings.locals.push_back(std::move(block));
    } else {
      rest.push_back(std::move(block));
    }
  }
  content.blocks = std::move(rest);
  return settings;
}

std::vector<Variable> resolve_variables(const Settings& settings, const ModuleOptions& options,
                                        const ContextPtr& root, Diagnostics& diagnostics) {
  Variables variables(diagnostics);
  for (const Block& block : settings.variables) variables.declare_all(block);
  for (const Block& block : settings.variable) variables.declare(block);
  variables.assign_from_environment(options.environment);
  for (const SourcePtr& file : options.variable_files) {
    variables.assign_from_file(file, options.strict);
  }
  for (const auto& [name, text] : options.variables) variables.assign(name, text, options.strict);
  variables.check(root);
  return variables.take();
}

std::vector<Attribute> collect_locals(const std::vector<Block>& blocks, Diagnostics& diagnostics) {
  std::vector<Attribute> locals;
  for (const Block& block : blocks) {
    BodyContent content = block.body->all(diagnostics);
    for (const Block& inner : content.blocks) {
      diagnostics.error("Unsupported block", "locals { } holds arguments (name = value) only.",
                        inner.type_range);
    }
    std::move(content.attributes.begin(), content.attributes.end(), std::back_inserter(locals));
  }
  return locals;
}

}  // namespace

Module load_module(const SourcePtr& source, const BodySchema& schema, const ModuleOptions& options,
                   Diagnostics& diagnostics) {
  BodySchema extended = schema;
  extended.blocks.push_back({"variables", {}});
  extended.blocks.push_back({"variable", {"name"}});
  extended.blocks.push_back({"locals", {}});

  Module module;
  module.content = parse_body(source, diagnostics)->content(extended, false, diagnostics);
  const Settings settings = take_settings(module.content);
  const auto root = EvalContext::create({}, standard_functions(options.functions),
                                        UnknownRoots::keep_as_text, options.limits);
  module.variables = resolve_variables(settings, options, root, diagnostics);
  Value::Members values;
  for (const Variable& variable : module.variables) {
    if (variable.resolved) {
      values.emplace(variable.name, variable.value);
    } else {
      root->mark_unresolved("var", variable.name);
    }
  }
  const auto with_variables = EvalContext::child(root, {{"var", Value::object(std::move(values))}});
  Value locals =
      evaluate_locals(collect_locals(settings.locals, diagnostics), with_variables, diagnostics);
  module.context = EvalContext::child(with_variables, {{"local", std::move(locals)}});
  for (Block& block : module.content.blocks) block.context = module.context;
  return module;
}

Result<std::pair<std::string, std::string>> split_variable_argument(std::string_view argument) {
  const std::size_t equal = argument.find('=');
  if (equal == 0 || equal == std::string_view::npos) {
    return Error{ErrorCode::invalid_argument,
                 "expected a variable as name=value, found \"" + std::string(argument) + "\""};
  }
  return std::pair(std::string(argument.substr(0, equal)), std::string(argument.substr(equal + 1)));
}

}  // namespace yurt::hcl
