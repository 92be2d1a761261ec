// Function calls, can() and try().
#include "jobspec/hcl/evaluator.h"
#include "jobspec/hcl/parse.h"

namespace yurt::hcl {

std::optional<Value> Evaluator::call(const CallNode& node) {
  if (node.name == "can" || node.name == "try") return can_or_try(node);
  if (node.name == "convert") return convert_call(node);
  const FunctionTable& functions = context_->functions();
  const auto function = functions.find(node.name);
  if (function != functions.end()) return call_function(node, function->second);
  if (functions.empty()) {
    return fail("Function calls not allowed", "Only constant values can be used here.", node.range);
  }
  std::vector<std::string> names{"can", "convert", "try"};
  for (const auto& [name, unused] : functions) names.push_back(name);
  const std::string closest = closest_name(node.name, names);
  return fail("Call to unknown function",
              "There is no function named \"" + node.name + "\"." +
                  (closest.empty() ? "" : " Did you mean \"" + closest + "\"?"),
              node.name_range);
}

bool Evaluator::collect_arguments(const CallNode& node, std::vector<Value>& values,
                                  std::vector<const Node*>& places) {
  for (std::size_t i = 0; i < node.arguments.size(); ++i) {
    const Node& argument = *node.arguments[i];
    const Maybe value = evaluate(argument);
    if (!value) return false;
    if (!node.expand_last || i + 1 < node.arguments.size()) {
      values.push_back(*value);
      places.push_back(&argument);
      continue;
    }
    if (!value->is_sequence()) {
      return fail("Invalid expanding argument value",
                  "Expected a list, set or tuple before \"...\", found " +
                      std::string(value->kind_name()) + ".",
                  argument.range),
             false;
    }
    if (!charge(value->size() * sizeof(Value), argument.range)) return false;
    for (const Value& element : value->elements()) {
      values.push_back(element);
      places.push_back(&argument);
    }
  }
  return true;
}

bool Evaluator::check_count(const CallNode& node, const Function& function, std::size_t given) {
  const std::size_t wanted = function.parameters.size();
  if (given < wanted) {
    fail("Not enough function arguments",
         "Function \"" + node.name + "\" expects " + (function.variadic ? "at least " : "") +
             std::to_string(wanted) + (wanted == 1 ? " argument" : " arguments") +
             ". Missing value for \"" + function.parameters[given].name + "\".",
         node.range);
    return false;
  }
  if (given > wanted && !function.variadic) {
    const std::size_t first_extra = std::min(wanted, node.arguments.size() - 1);
    fail("Too many function arguments",
         "Function \"" + node.name + "\" expects only " + std::to_string(wanted) +
             (wanted == 1 ? " argument." : " arguments."),
         node.arguments[first_extra]->range);
    return false;
  }
  return true;
}

std::optional<Value> Evaluator::call_function(const CallNode& node, const Function& function) {
  std::vector<Value> values;
  std::vector<const Node*> places;
  if (!collect_arguments(node, values, places) || !check_count(node, function, values.size())) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Parameter& parameter =
        i < function.parameters.size() ? function.parameters[i] : *function.variadic;
    const auto invalid = [&](const std::string& why) {
      return fail("Invalid function argument",
                  "Invalid value for \"" + parameter.name + "\" parameter of " + node.name + ": " +
                      why + ".",
                  places[i]->range);
    };
    if (!charge(values[i].weight() / 32, node.range)) return std::nullopt;
    if (values[i].is_null() && !parameter.allow_null) return invalid("argument must not be null");
    auto converted = convert(values[i], parameter.type);
    if (const auto* error = std::get_if<ConversionError>(&converted)) {
      return invalid(error->message());
    }
    values[i] = std::get<Value>(std::move(converted));
  }
  if (!charge(function.extra_work, node.range)) return std::nullopt;
  CallResult result = function.body(values, context_->work_left());
  if (const auto* error = std::get_if<CallError>(&result)) {
    const bool blamed = error->argument && *error->argument < places.size();
    return fail("Error in function call",
                "Call to function \"" + node.name + "\" failed: " + error->message + ".",
                blamed ? places[*error->argument]->range : node.range);
  }
  if (!charge(std::get<Value>(result).weight(), node.range)) return std::nullopt;
  return std::get<Value>(std::move(result));
}

// convert(value, type): the second argument is a type expression and is not evaluated.
std::optional<Value> Evaluator::convert_call(const CallNode& node) {
  if (node.expand_last || node.arguments.size() != 2) {
    return fail("Wrong function arguments",
                "Function \"convert\" expects two arguments: a value and a type.", node.range);
  }
  const Maybe value = evaluate(*node.arguments[0]);
  const auto type = parse_type(Expression(node.arguments[1]), *diagnostics_);
  if (!value || !type || !charge(value->weight() / 8, node.range)) return std::nullopt;
  auto converted = convert(*value, *type);
  if (auto* result = std::get_if<Value>(&converted)) return std::move(*result);
  return fail("Invalid function argument",
              "Cannot convert to " + type->to_string() + ": " +
                  std::get<ConversionError>(converted).message() + ".",
              node.arguments[0]->range);
}

// can(e): whether e evaluates. try(a, b, …): the first that does.
std::optional<Value> Evaluator::can_or_try(const CallNode& node) {
  const bool is_can = node.name == "can";
  if (node.expand_last || node.arguments.empty() || (is_can && node.arguments.size() > 1)) {
    return fail("Wrong function arguments",
                is_can ? "Function \"can\" expects one expression."
                       : "Function \"try\" expects one or more expressions.",
                node.range);
  }
  Diagnostics attempts;
  Diagnostics* const reported = diagnostics_;
  for (const NodePtr& argument : node.arguments) {
    diagnostics_ = &attempts;
    Maybe value = evaluate(*argument);
    diagnostics_ = reported;
    // What made the budget run out is no failure of this expression alone.
    if (!context_->charge(0)) {
      diagnostics_->append(attempts);
      return std::nullopt;
    }
    if (value) return is_can ? Value::boolean(true) : std::move(*value);
  }
  if (is_can) return Value::boolean(false);
  std::string detail = "No expression given to \"try\" could be evaluated:";
  for (const Diagnostic& diagnostic : attempts.list()) detail += "\n- " + one_line(diagnostic);
  return fail("Error in function call", detail, node.range);
}

}  // namespace yurt::hcl
