// format formatlist
#include "jobspec/hcl/functions/format_spec.h"
#include "jobspec/hcl/functions/registry.h"

namespace yurt::hcl {
namespace {

CallResult format_once(const std::vector<FormatPart>& parts, const Value::Elements& arguments,
                       std::uint64_t limit) {
  std::string out, text, problem;
  std::size_t used = 0;
  for (const FormatPart& part : parts) {
    if (const auto* literal = std::get_if<std::string>(&part)) {
      out += *literal;
      continue;
    }
    const auto& verb = std::get<FormatVerb>(part);
    if (verb.argument >= arguments.size()) {
      return call_error("not enough arguments for \"" + verb.text + "\" at " +
                        std::to_string(verb.offset) + ": need index " +
                        std::to_string(verb.argument + 1) + " but have " +
                        std::to_string(arguments.size()) + " total");
    }
    used = std::max(used, verb.argument + 1);
    if (!format_value(verb, arguments[verb.argument], text, problem)) {
      return call_error(problem, verb.argument + 1);
    }
    out += text;
    if (out.size() > limit) return too_large();
  }
  if (used < arguments.size()) {
    return call_error(
        used == 0 ? "too many arguments; no verbs in format string"
                  : "too many arguments; only " + std::to_string(used) + " used by format string",
        used + 1);
  }
  return Value::string(std::move(out));
}

CallResult format(Arguments arguments, std::uint64_t limit) {
  std::vector<FormatPart> parts;
  std::string problem;
  if (!parse_format(arguments[0].as_string(), parts, problem)) return call_error(problem, 0);
  return format_once(parts, {arguments.begin() + 1, arguments.end()}, limit);
}

// Lists among the arguments are walked in step; everything else is the same for each result.
CallResult format_list(Arguments arguments, std::uint64_t limit) {
  std::vector<FormatPart> parts;
  std::string problem;
  if (!parse_format(arguments[0].as_string(), parts, problem)) return call_error(problem, 0);
  std::optional<std::size_t> count, first_list;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    if (!arguments[i].is_sequence()) continue;
    if (count && *count != arguments[i].size()) {
      return call_error("argument " + std::to_string(i) + " has length " +
                            std::to_string(arguments[i].size()) +
                            ", which is inconsistent with argument " + std::to_string(*first_list) +
                            " of length " + std::to_string(*count),
                        i);
    }
    if (!count) first_list = i;
    count = arguments[i].size();
  }
  Value::Elements results;
  std::uint64_t weight = 0;
  for (std::size_t row = 0; row < count.value_or(1); ++row) {
    Value::Elements values;
    for (const Value& argument : arguments.subspan(1)) {
      values.push_back(argument.is_sequence() ? argument.elements()[row] : argument);
    }
    CallResult result = format_once(parts, values, limit);
    if (auto* error = std::get_if<CallError>(&result)) {
      return call_error("error on format iteration " + std::to_string(row) + ": " + error->message,
                        error->argument);
    }
    weight += std::get<Value>(result).weight();
    if (weight > limit) return too_large();
    results.push_back(std::get<Value>(std::move(result)));
  }
  return Value::list(std::move(results));
}

}  // namespace

void add_format_functions(FunctionTable& table) {
  table["format"] = {{string_parameter("format")}, nullable_parameter("args"), format};
  table["formatlist"] = {{string_parameter("format")}, nullable_parameter("args"), format_list};
}

}  // namespace yurt::hcl
