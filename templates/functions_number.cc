#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "templates/functions.h"

namespace yurt::templates {
namespace {

// consul-template puts the second operand first, so that "5 | subtract 2" is 3.
Function arithmetic(const char* name, Result<std::int64_t> (*ints)(std::int64_t, std::int64_t),
                    double (*floats)(double, double)) {
  return {name, 2, 2, [=](const Arguments& arguments, Provider&) -> Result<Value> {
            const Value& b = arguments[0];
            const Value& a = arguments[1];
            if (!a.is_number() || !b.is_number()) {
              return Error{
                  ErrorCode::invalid_argument,
                  std::string("it needs two numbers, not a ") + type_name(a.is_number() ? b : a)};
            }
            if (a.is_number_integer() && b.is_number_integer()) {
              YURT_ASSIGN(const std::int64_t result,
                          ints(a.get<std::int64_t>(), b.get<std::int64_t>()));
              return Value(result);
            }
            return Value(floats(a.get<double>(), b.get<double>()));
          }};
}

Error overflow() { return {ErrorCode::invalid_argument, "the result is too large for an int"}; }

Result<std::int64_t> add(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result)) return overflow();
  return result;
}
Result<std::int64_t> subtract(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_sub_overflow(a, b, &result)) return overflow();
  return result;
}
Result<std::int64_t> multiply(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) return overflow();
  return result;
}
Result<std::int64_t> divide(std::int64_t a, std::int64_t b) {
  if (b == 0) return Error{ErrorCode::invalid_argument, "division by zero"};
  if (a == INT64_MIN && b == -1) return overflow();
  return a / b;
}
Result<std::int64_t> modulo(std::int64_t a, std::int64_t b) {
  if (b == 0) return Error{ErrorCode::invalid_argument, "division by zero"};
  return b == -1 ? 0 : a % b;
}

Result<Value> loop(const Arguments& arguments, Provider&) {
  YURT_ASSIGN(const std::int64_t first, int_argument("loop", arguments[0]));
  std::int64_t from = 0;
  std::int64_t to = first;
  if (arguments.size() == 2) {
    from = first;
    YURT_ASSIGN(to, int_argument("loop", arguments[1]));
  }
  constexpr std::int64_t most = 1'000'000;
  if (to > from && static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from) > most) {
    return Error{ErrorCode::invalid_argument, "more than a million rounds"};
  }
  std::vector<Value> numbers;
  for (std::int64_t i = from; i < to; ++i) numbers.emplace_back(i);
  return Value(numbers);
}

template <typename T>
Result<Value> parse_integer(const Arguments& arguments, Provider&) {
  YURT_ASSIGN(const std::string text, string_argument("it", arguments[0]));
  if (text.empty()) return Value(static_cast<std::int64_t>(0));
  T value = 0;
  const char* begin = text.data() + (text[0] == '+' ? 1 : 0);
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Error{ErrorCode::invalid_argument, "\"" + text + "\" is no whole number"};
  }
  return Value(value);
}

}  // namespace

std::vector<Function> number_functions() {
  return {
      arithmetic("add", add, [](double a, double b) { return a + b; }),
      arithmetic("subtract", subtract, [](double a, double b) { return a - b; }),
      arithmetic("multiply", multiply, [](double a, double b) { return a * b; }),
      arithmetic("divide", divide, [](double a, double b) { return a / b; }),
      arithmetic("modulo", modulo, [](double a, double b) { return std::fmod(a, b); }),
      arithmetic(
          "minimum",
          [](std::int64_t a, std::int64_t b) -> Result<std::int64_t> { return std::min(a, b); },
          [](double a, double b) { return std::min(a, b); }),
      arithmetic(
          "maximum",
          [](std::int64_t a, std::int64_t b) -> Result<std::int64_t> { return std::max(a, b); },
          [](double a, double b) { return std::max(a, b); }),
      {"loop", 1, 2, loop},
      {"parseInt", 1, 1, parse_integer<std::int64_t>},
      {"parseUint", 1, 1, parse_integer<std::uint64_t>},
      {"parseFloat", 1, 1,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         YURT_ASSIGN(const std::string text, string_argument("it", arguments[0]));
         if (text.empty()) return Value(0.0);
         char* end = nullptr;
         const double value = std::strtod(text.c_str(), &end);
         if (*end != '\0') {
           return Error{ErrorCode::invalid_argument, "\"" + text + "\" is no number"};
         }
         return Value(value);
       }},
      {"parseBool", 1, 1,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         YURT_ASSIGN(const std::string text, string_argument("it", arguments[0]));
         for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"}) {
           if (text == yes) return Value(true);
         }
         for (const char* no : {"", "0", "f", "F", "false", "FALSE", "False"}) {
           if (text == no) return Value(false);
         }
         return Error{ErrorCode::invalid_argument, "\"" + text + "\" is neither true nor false"};
       }},
  };
}

}  // namespace yurt::templates
