// abs ceil floor log max min parseint pow signum
#include "jobspec/hcl/functions/registry.h"

namespace yurt::hcl {
namespace {

template <typename Operation>
Function unary(Operation operation) {
  return {{number_parameter("num")}, {}, [operation](Arguments arguments, std::uint64_t) {
            return CallResult(Value::number(operation(arguments[0].as_number())));
          }};
}

template <typename Better>
Function extreme(Better better) {
  return {
      {}, number_parameter("numbers"), [better](Arguments arguments, std::uint64_t) -> CallResult {
        if (arguments.empty()) return call_error("must pass at least one number");
        Value best = arguments[0];
        for (const Value& candidate : arguments) {
          if (better(candidate.as_number().compare(best.as_number()))) best = candidate;
        }
        return best;
      }};
}

CallResult or_out_of_range(const std::optional<Number>& number) {
  if (!number) return call_error("the result is not a finite number or out of range");
  return Value::number(*number);
}

CallResult parse_int(Arguments arguments, std::uint64_t) {
  if (!arguments[0].is_string()) {
    return call_error(
        "first argument must be a string, not " + std::string(arguments[0].kind_name()), 0);
  }
  const auto base = whole(arguments[1]);
  if (!base || *base < 2 || *base > 62) {
    return call_error("base must be a whole number between 2 and 62 inclusive", 1);
  }
  const auto number = Number::parse_integer(arguments[0].as_string(), static_cast<int>(*base));
  if (!number) {
    return call_error("cannot parse \"" + arguments[0].as_string() + "\" as a base " +
                          std::to_string(*base) + " integer",
                      0);
  }
  return Value::number(*number);
}

}  // namespace

void add_numeric_functions(FunctionTable& table) {
  table["abs"] = unary([](const Number& n) { return n.sign() < 0 ? n.negated() : n; });
  table["ceil"] = unary([](const Number& n) { return n.ceil(); });
  table["floor"] = unary([](const Number& n) { return n.floor(); });
  table["signum"] = unary([](const Number& n) { return Number(n.sign()); });
  table["max"] = extreme([](int order) { return order > 0; });
  table["min"] = extreme([](int order) { return order < 0; });
  table["log"] = {
      {number_parameter("num"), number_parameter("base")},
      {},
      [](Arguments arguments, std::uint64_t) {
        return or_out_of_range(arguments[0].as_number().logarithm(arguments[1].as_number()));
      }};
  table["pow"] = {
      {number_parameter("num"), number_parameter("power")},
      {},
      [](Arguments arguments, std::uint64_t) {
        return or_out_of_range(arguments[0].as_number().power(arguments[1].as_number()));
      }};
  table["parseint"] = {{any_parameter("number"), number_parameter("base")}, {}, parse_int};
}

}  // namespace yurt::hcl
