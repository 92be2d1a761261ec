// Type expressions, conversion and its error texts, numbers.
#include "jobspec/hcl/type.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/hcl/evaluating.h"

namespace yurt::hcl {
namespace {

using testing::HasSubstr;

std::string type_of(const std::string& text) {
  Diagnostics diagnostics;
  const Expression expression = parse_expression(make_source("t", text), diagnostics);
  const auto type = expression.valid() ? parse_type(expression, diagnostics) : std::nullopt;
  return type ? type->to_string() : "error: " + diagnostics.list().front().detail;
}

// `value` converted to `type`, as JSON or the error's text.
std::string converted(const std::string& value, const std::string& type) {
  Diagnostics diagnostics;
  const auto target =
      parse_type(parse_expression(make_source("t", type), diagnostics), diagnostics);
  const auto from = evaluate(parse_expression(make_source("v", value), diagnostics),
                             *test_context(), diagnostics);
  if (!target || !from) return one_line(diagnostics.list().front());
  const auto result = convert(*from, *target);
  const auto* error = std::get_if<ConversionError>(&result);
  return error != nullptr ? error->message() : to_json(std::get<Value>(result));
}

TEST(TypeExpressions, read_as_they_are_written) {
  for (const std::string text :
       {"string", "number", "bool", "any", "list(string)", "set(number)", "map(list(bool))",
        "tuple([string, number])", "object({a=string, b=optional(number)})"}) {
    EXPECT_EQ(type_of(text), text);
  }
  EXPECT_EQ(type_of("\"list(string)\""), "list(string)");
}

TEST(TypeExpressions, say_what_was_expected) {
  EXPECT_THAT(type_of("strnig"), HasSubstr("\"strnig\" is no type. Expected string, number"));
  EXPECT_THAT(type_of("list"), HasSubstr("list(string)"));
  EXPECT_THAT(type_of("list(string, number)"), HasSubstr("one argument"));
  EXPECT_THAT(type_of("object([])"), HasSubstr("object({ name = string })"));
  EXPECT_THAT(type_of("tuple(string)"), HasSubstr("tuple([string, number])"));
  EXPECT_THAT(type_of("optional(string)"), HasSubstr("attribute of object"));
  EXPECT_THAT(type_of("string(1)"), HasSubstr("takes no arguments"));
  EXPECT_THAT(type_of("5"), HasSubstr("Expected string"));
}

TEST(Conversion, goes_between_primitives_and_text) {
  EXPECT_EQ(converted("5", "string"), "\"5\"");
  EXPECT_EQ(converted("1.50", "string"), "\"1.5\"");
  EXPECT_EQ(converted("true", "string"), "\"true\"");
  EXPECT_EQ(converted("\"0x1\"", "number"), "a number is required");
  EXPECT_EQ(converted("\"1e2\"", "number"), "100");
  EXPECT_EQ(converted("\"true\"", "bool"), "true");
  EXPECT_EQ(converted("\"0\"", "bool"), "false");
  EXPECT_EQ(converted("1", "bool"), "bool required");
  EXPECT_THAT(converted("\"True\"", "bool"), HasSubstr("lower case"));
  EXPECT_EQ(converted("null", "string"), "null");
  EXPECT_EQ(converted("[]", "string"), "string required");
}

TEST(Conversion, names_the_element_that_is_wrong) {
  EXPECT_EQ(converted("[1, \"x\"]", "list(number)"), "[1]: a number is required");
  EXPECT_EQ(converted("{a = {b = [true, []]}}", "map(object({b = list(string)}))"),
            ".a.b[1]: string required");
  EXPECT_EQ(converted("5", "list(string)"), "list of string required");
  EXPECT_EQ(converted("[1]", "map(string)"), "map of string required");
  EXPECT_EQ(converted("[1]", "tuple([string, number])"),
            "a tuple of 2 elements is required, not 1");
}

TEST(Conversion, of_collections_converts_their_elements) {
  EXPECT_EQ(converted("[1, true]", "list(string)"), "[\"1\",\"true\"]");
  EXPECT_EQ(converted("[3, 1, 3]", "set(number)"), "[1,3]");
  EXPECT_EQ(converted("{a = 1}", "map(string)"), "{\"a\":\"1\"}");
  EXPECT_EQ(converted("[1, \"a\"]", "list(any)"), "[\"1\",\"a\"]");
  EXPECT_EQ(converted("[1, []]", "list(any)"), "all list elements must have the same type");
  EXPECT_EQ(converted("[\"1\", 2]", "tuple([number, string])"), "[1,\"2\"]");
}

TEST(Conversion, to_objects_fills_in_what_is_optional_and_drops_the_rest) {
  EXPECT_EQ(converted("{a = 1, z = 2}",
                      "object({a = string, b = optional(number, 7), "
                      "c = optional(string)})"),
            R"({"a":"1","b":7,"c":null})");
  EXPECT_EQ(converted("{}", "object({a = string})"), "attribute \"a\" is required");
  EXPECT_EQ(converted("{}", "object({a = string, b = bool, c = any})"),
            "attributes \"a\", \"b\" and \"c\" are required");
}

TEST(Conversion, points_at_the_wrong_element_in_the_source) {
  Diagnostics diagnostics;
  const SourcePtr source = make_source("f", "{a = [1, \"x\"]}");
  const Expression expression = parse_expression(source, diagnostics);
  EXPECT_FALSE(evaluate_as(expression, Type::map(Type::list(Type::number())), "The ports",
                           *test_context(), diagnostics));
  EXPECT_EQ(diagnostics.list().front().subject.text(), "\"x\"");
  EXPECT_THAT(diagnostics.list().front().detail,
              HasSubstr("The ports must be map of list of number"));
}

TEST(Numbers, print_plainly) {
  EXPECT_EQ(Number::parse("1e21")->to_string(), "1000000000000000000000");
  EXPECT_EQ(Number::parse("-0.00012")->to_string(), "-0.00012");
  EXPECT_EQ(Number::parse("1.10")->to_string(), "1.1");
  EXPECT_EQ(Number::parse("-0")->to_string(), "0");
  EXPECT_EQ(Number::from_double(0.25)->to_string(), "0.25");
}

TEST(Numbers, refuse_what_is_no_number_or_too_large) {
  for (const char* text : {"", "-", "1.", ".5", "1e", "1e9999", "1e999999999999", "0x10", "1_000",
                           "inf", "nan", " 1", "1 "}) {
    EXPECT_FALSE(Number::parse(text)) << text;
  }
  EXPECT_FALSE(Number(1).over(Number(0)));
  EXPECT_FALSE(Number::parse("1e300")->times(*Number::parse("1e300")));
  EXPECT_FALSE(Number(10).power(Number(401)));
  EXPECT_FALSE(Number(0).logarithm(Number(10)));
}

TEST(Numbers, keep_integers_exact_at_the_borders) {
  const Number smallest(std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(smallest.negated().to_string(), "9223372036854775808");
  EXPECT_EQ(smallest.negated().negated(), smallest);
  EXPECT_EQ(smallest.modulo(Number(-1))->to_string(), "0");
  EXPECT_EQ(Number::parse("9223372036854775808")->as_int64(), std::nullopt);
  EXPECT_EQ(Number::parse("9223372036854775808")->minus(Number(1))->as_int64(),
            std::numeric_limits<std::int64_t>::max());
}

}  // namespace
}  // namespace yurt::hcl
