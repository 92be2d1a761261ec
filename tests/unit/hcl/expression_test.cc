// Operators, conditionals, references, indexes, splats and for-expressions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/hcl/evaluating.h"

namespace yurt::hcl {
namespace {

using testing::HasSubstr;

TEST(Literals, are_what_they_say) {
  EXPECT_EQ(eval("true"), "true");
  EXPECT_EQ(eval("null"), "null");
  EXPECT_EQ(eval("12"), "12");
  EXPECT_EQ(eval("1.50"), "1.5");
  EXPECT_EQ(eval("1e3"), "1000");
  EXPECT_EQ(eval("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(eval("12345678901234567890123"), "12345678901234567890123");
  EXPECT_EQ(eval("\"a\\tb\\u00e9\\U0001F600\""), "\"a\\tb\u00e9\U0001F600\"");
}

TEST(Operators, follow_precedence_and_associate_left) {
  EXPECT_EQ(eval("1 + 2 * 3"), "7");
  EXPECT_EQ(eval("(1 + 2) * 3"), "9");
  EXPECT_EQ(eval("10 - 2 - 3"), "5");
  EXPECT_EQ(eval("2 * 7 % 4"), "2");
  EXPECT_EQ(eval("-2 + 3"), "1");
  EXPECT_EQ(eval("1 + 1 == 2 && 3 > 2 || false"), "true");
  EXPECT_EQ(eval("true || false && false"), "true");
  EXPECT_EQ(eval("!true == false"), "true");
  EXPECT_EQ(eval("1 < 2 == true"), "true");
}

TEST(Operators, compute_decimals_without_binary_rounding) {
  EXPECT_EQ(eval("0.1 + 0.2"), "0.3");
  EXPECT_EQ(eval("0.1 + 0.2 == 0.3"), "true");
  EXPECT_EQ(eval("9223372036854775807 + 1"), "9223372036854775808");
  EXPECT_EQ(eval("-7 % 3"), "-1");
  EXPECT_EQ(eval("7 / 2"), "3.5");
}

TEST(Operators, convert_text_that_is_a_number) {
  EXPECT_EQ(eval("\"5\" * 2"), "10");
  EXPECT_THAT(eval("\"five\" * 2"), HasSubstr("a number is required"));
  EXPECT_THAT(eval("[] + 1"), HasSubstr("a number is required"));
  EXPECT_THAT(eval("null + 1"), HasSubstr("found null"));
}

TEST(Operators, refuse_to_divide_by_zero) {
  EXPECT_THAT(eval("1 / 0"), HasSubstr("Division by zero"));
  EXPECT_THAT(eval("1 % 0"), HasSubstr("Division by zero"));
}

TEST(Operators, compare_values_of_one_type_only) {
  EXPECT_EQ(eval("1 == \"1\""), "false");
  EXPECT_EQ(eval("{a = [1]} == {a = [1]}"), "true");
  EXPECT_EQ(eval("[1, 2] != [2, 1]"), "true");
  EXPECT_EQ(eval("null == null"), "true");
}

TEST(Operators, logic_stops_when_it_is_decided) {
  EXPECT_EQ(eval("true || 1 / 0 == 1"), "true");
  EXPECT_EQ(eval("false && 1 / 0 == 1"), "false");
  EXPECT_THAT(eval("true && \"yes\""), HasSubstr("must be true or false"));
}

TEST(Conditional, gives_the_chosen_branch_in_the_type_common_to_both) {
  EXPECT_EQ(eval("true ? 1 : 2"), "1");
  EXPECT_EQ(eval("false ? 1 : true ? 3 : 4"), "3");
  EXPECT_EQ(eval("true ? 1 : \"x\""), "\"1\"");
  EXPECT_EQ(eval("true ? null : 1"), "null");
  EXPECT_EQ(eval("true ? 1 : 1 / 0"), "1");
  EXPECT_THAT(eval("false ? 1 : 1 / 0"), HasSubstr("Division by zero"));
  EXPECT_THAT(eval("\"maybe\" ? 1 : 2"), HasSubstr("condition must be true or false"));
}

TEST(References, read_variables_step_by_step) {
  const auto context =
      test_context({{"a", Value::object({{"b", Value::tuple({Value::number(7)})}})}});
  EXPECT_EQ(eval("var.a.b[0]", context), "7");
  EXPECT_EQ(eval("var.a.b.0", context), "7");
  EXPECT_EQ(eval("var[\"a\"][\"b\"][\"0\"]", context), "7");
  EXPECT_EQ(eval("var.a[join(\"\", [\"b\"])][1 - 1]", context), "7");
  EXPECT_EQ(eval("[[1, 2], [3, 4]].1.0"), "3");
}

TEST(References, to_what_is_not_there_say_what_is_close) {
  const auto context = test_context({{"count", Value::number(1)}});
  EXPECT_THAT(eval("var.cuont", context), HasSubstr("Did you mean \"count\"?"));
  EXPECT_THAT(eval("[1][1]"), HasSubstr("indexes go from 0 to 0"));
  EXPECT_THAT(eval("[][0]"), HasSubstr("it has no elements"));
  EXPECT_THAT(eval("[1][0.5]"), HasSubstr("whole number"));
  EXPECT_THAT(eval("[1][-1]"), HasSubstr("outside"));
  EXPECT_THAT(eval("[{a=1}].a"), HasSubstr("[*].a"));
  EXPECT_THAT(eval("{a = null}.a.b"), HasSubstr("null"));
}

TEST(UnknownReferences, stay_as_the_text_they_are) {
  EXPECT_EQ(eval("\"${NOMAD_PORT_http}\""), "\"${NOMAD_PORT_http}\"");
  EXPECT_EQ(eval("\"a ${ attr.kernel.name } b\""), "\"a ${ attr.kernel.name } b\"");
  EXPECT_EQ(eval("\"${env[\"HOME\"]}\""), "\"${env[\\\"HOME\\\"]}\"");
  EXPECT_EQ(eval("\"${meta.a}-${node.unique.id}\""), "\"${meta.a}-${node.unique.id}\"");
  EXPECT_EQ(eval_attribute("a = <<EOF\nx ${NOMAD_IP} ${ device.attr.cuda }\nEOF\n", "a"),
            "\"x ${NOMAD_IP} ${ device.attr.cuda }\\n\"");
}

TEST(UnknownReferences, bare_become_the_interpolation_they_stand_for) {
  EXPECT_EQ(eval("attr.cpu.arch"), "\"${attr.cpu.arch}\"");
  EXPECT_EQ(eval("[node.class, 1]"), "[\"${node.class}\",1]");
}

TEST(UnknownReferences, are_text_to_functions_and_no_numbers) {
  EXPECT_EQ(eval("lower(NOMAD_DC)"), "\"${nomad_dc}\"");
  EXPECT_THAT(eval("NOMAD_CPU_LIMIT + 1"), HasSubstr("known only when the task runs"));
  EXPECT_EQ(eval("NOMAD_DC == \"dc1\""), "false");
}

TEST(UnknownReferences, are_errors_where_only_constants_may_stand) {
  const auto constants = EvalContext::create({}, nullptr, UnknownRoots::error);
  EXPECT_THAT(eval("foo", constants), HasSubstr("Only constant values"));
  EXPECT_THAT(eval("upper(\"a\")", constants), HasSubstr("Only constant values"));
}

TEST(Splat, takes_an_attribute_of_every_element) {
  const std::string list = "[{a = {b = 1}, c = [5]}, {a = {b = 2}, c = [6]}]";
  EXPECT_EQ(eval(list + "[*].a.b"), "[1,2]");
  EXPECT_EQ(eval(list + ".*.a.b"), "[1,2]");
  EXPECT_EQ(eval(list + "[*].c[0]"), "[5,6]");
  // After .* an index takes the resulting list, not each element.
  EXPECT_EQ(eval(list + ".*.c[0]"), "[5]");
  EXPECT_EQ(eval(list + "[*].c[*]"), "[[5],[6]]");
}

TEST(Splat, makes_a_list_of_anything_but_null) {
  EXPECT_EQ(eval("{a = 1}[*].a"), "[1]");
  EXPECT_EQ(eval("\"x\"[*]"), "[\"x\"]");
  EXPECT_EQ(eval("null[*]"), "[]");
}

TEST(For, makes_tuples) {
  EXPECT_EQ(eval("[for x in [1, 2, 3] : x * 2]"), "[2,4,6]");
  EXPECT_EQ(eval("[for i, x in [\"a\", \"b\"] : \"${i}${x}\"]"), "[\"0a\",\"1b\"]");
  EXPECT_EQ(eval("[for k, v in {b = 2, a = 1} : \"${k}=${v}\"]"), "[\"a=1\",\"b=2\"]");
  EXPECT_EQ(eval("[for x in [1, 2, 3] : x if x != 2]"), "[1,3]");
  EXPECT_EQ(eval("[for x in [[1], [2]] : [for y in x : y + 1]]"), "[[2],[3]]");
}

TEST(For, makes_objects_and_groups_them) {
  EXPECT_EQ(eval("{for k, v in {a = 1} : upper(k) => v}"), "{\"A\":1}");
  EXPECT_EQ(eval("{for x in [\"a\", \"b\", \"ab\"] : length(split(\"\", x)) => x...}"),
            "{\"1\":[\"a\",\"b\"],\"2\":[\"ab\"]}");
  EXPECT_THAT(eval("{for x in [1, 2] : \"k\" => x}"), HasSubstr("Duplicate object key"));
  EXPECT_EQ(eval("{for x in [] : x => x}"), "{}");
}

TEST(For, says_what_is_wrong_with_it) {
  EXPECT_THAT(eval("[for x in 5 : x]"), HasSubstr("to loop over, found a number"));
  EXPECT_THAT(eval("[for x in null : x]"), HasSubstr("null"));
  EXPECT_THAT(eval("[for x in [1] : x => x]"), HasSubstr("use { } instead of [ ]"));
  EXPECT_THAT(eval("{for x in [1] : x}"), HasSubstr("Expected \"=>\""));
  EXPECT_THAT(eval("[for x [1] : x]"), HasSubstr("Expected \"in\""));
  EXPECT_THAT(eval("[for x in [1] : x if x]"), HasSubstr("condition"));
}

TEST(Objects, take_equals_or_colon_and_bare_quoted_or_computed_keys) {
  EXPECT_EQ(eval("{a = 1, \"b c\" : 2, (\"d${1 + 1}\") = 3}"), "{\"a\":1,\"b c\":2,\"d2\":3}");
  EXPECT_EQ(eval("{\n  a = 1\n  b = 2,\n\n  c = 3 # three\n}"), "{\"a\":1,\"b\":2,\"c\":3}");
  EXPECT_EQ(eval("{1 = \"x\", for = 2}"), "{\"1\":\"x\",\"for\":2}");
  EXPECT_EQ(eval("{\"${\"k\"}\" = 1}"), "{\"k\":1}");
  EXPECT_THAT(eval("{a.b = 1}"), HasSubstr("Ambiguous key"));
  EXPECT_THAT(eval("{(null) = 1}"), HasSubstr("null value can't be a key"));
  EXPECT_THAT(eval("{a 1}"), HasSubstr("Expected \"=\""));
  EXPECT_THAT(eval("{a = 1 b = 2}"), HasSubstr("separator"));
}

TEST(Tuples, may_span_lines_and_end_in_a_comma) {
  EXPECT_EQ(eval("[\n  1, # one\n  2,\n]"), "[1,2]");
  EXPECT_EQ(eval("[]"), "[]");
  EXPECT_THAT(eval("[1 2]"), HasSubstr("Missing item separator"));
}

TEST(Calls, expand_a_last_argument) {
  EXPECT_EQ(eval("max([1, 5, 3]...)"), "5");
  EXPECT_EQ(eval("max(7, [1, 5]...)"), "7");
  EXPECT_EQ(eval("max(\n 1,\n 2,\n)"), "2");
  EXPECT_THAT(eval("max(5...)"), HasSubstr("before \"...\""));
  EXPECT_THAT(eval("max([1]..., 2)"), HasSubstr("is the last one"));
}

TEST(Calls, name_the_function_and_the_argument_that_is_wrong) {
  EXPECT_THAT(eval("uper(\"a\")"), HasSubstr("Did you mean \"upper\"?"));
  EXPECT_THAT(eval("upper()"), HasSubstr("Missing value for \"str\""));
  EXPECT_THAT(eval("upper(\"a\", \"b\")"), HasSubstr("expects only 1 argument"));
  EXPECT_THAT(eval("upper([])"), HasSubstr("Invalid value for \"str\" parameter of upper"));
  EXPECT_THAT(eval("upper(null)"), HasSubstr("must not be null"));
}

TEST(CanAndTry, turn_errors_into_values) {
  EXPECT_EQ(eval("can(var.nothing)"), "false");
  EXPECT_EQ(eval("can(1 + 1)"), "true");
  EXPECT_EQ(eval("try(var.nothing, 1 / 0, \"last\")"), "\"last\"");
  EXPECT_THAT(eval("try(var.nothing)"), HasSubstr("No expression given to \"try\""));
  EXPECT_THAT(eval("can()"), HasSubstr("expects one expression"));
}

TEST(Convert, takes_a_type_expression) {
  EXPECT_EQ(eval("convert([\"1\", 2], list(number))"), "[1,2]");
  EXPECT_EQ(eval("convert(true, string)"), "\"true\"");
  EXPECT_THAT(eval("convert(\"x\", number)"), HasSubstr("a number is required"));
  EXPECT_THAT(eval("convert(1, banana)"), HasSubstr("\"banana\" is no type"));
}

}  // namespace
}  // namespace yurt::hcl
