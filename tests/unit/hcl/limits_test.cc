// No input crashes, hangs or takes more than its share of memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobspec/hcl/format.h"
#include "tests/unit/hcl/evaluating.h"

namespace yurt::hcl {
namespace {

using testing::HasSubstr;

std::string repeat(const std::string& text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string first_problem(const std::string& body) {
  Diagnostics diagnostics;
  const SourcePtr source = make_source("f", body);
  static_cast<void>(parse_body(source, diagnostics)->all(diagnostics));
  static_cast<void>(format_source(source, diagnostics));
  return diagnostics.empty() ? "" : one_line(diagnostics.list().front());
}

constexpr std::size_t deep = 20'000;

// A budget that runs out soon.
ContextPtr small_context() {
  return EvalContext::create({}, test_functions(), UnknownRoots::keep_as_text, {4 << 20});
}

TEST(Limits, nesting_is_refused_beyond_a_depth_and_fine_below_it) {
  for (const std::string open : {"(", "[", "!", "-", "{a=", "[for x in ", "f(", "\"${", "a[",
                                 "true ? 1 : ", "[[*]", "a[*]"}) {
    EXPECT_NE(first_problem("a = " + repeat(open, deep)), "") << open;
  }
  EXPECT_THAT(first_problem("a = " + repeat("[", deep) + repeat("]", deep)),
              HasSubstr("Nested too deeply"));
  EXPECT_THAT(first_problem(repeat("a {\n", deep)), HasSubstr("Nested too deeply"));
  EXPECT_THAT(first_problem("a = \"" + repeat("%{ if true }", deep) + "\""),
              HasSubstr("Nested too deeply"));
  EXPECT_THAT(first_problem("{\"a\": " + repeat("[", deep)), HasSubstr("Nested too deeply"));
  EXPECT_THAT(first_problem(repeat("{\"a\":", deep)), HasSubstr("Nested too deeply"));
  EXPECT_EQ(eval(repeat("[", 90) + repeat("]", 90)), repeat("[", 90) + repeat("]", 90));
}

TEST(Limits, long_chains_are_no_nesting) {
  EXPECT_EQ(eval("0" + repeat(" + 1", 20'000)), "20000");
  EXPECT_EQ(eval("{a = 1}" + repeat(".a", 1) + repeat(" == 1 || false", 1000)), "true");
  EXPECT_EQ(eval("x" + repeat(".a", 10'000)).size(), 10'000U * 2 + 6);
  EXPECT_THAT(eval("[1]" + repeat(".*", deep)), HasSubstr("Too many splats"));
}

TEST(Limits, nested_loops_run_out_of_budget_and_say_so_once) {
  Diagnostics diagnostics;
  const Expression expression = parse_expression(
      make_source("t",
                  "[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : "
                  "try(a + b + c, 0)]]]"),
      diagnostics);
  EXPECT_FALSE(evaluate(expression, *small_context(), diagnostics));
  ASSERT_EQ(diagnostics.error_count(), 1U);
  EXPECT_EQ(diagnostics.list().front().summary, "Evaluation too large");
}

TEST(Limits, text_and_shared_values_cannot_grow_without_bound) {
  std::string context = "[for a in [[\"" + repeat("x", 100) + "\"]] : ";
  std::string text = context, shared = context;
  for (int i = 0; i < 60; ++i) {
    text += "[for a in [[\"${a[0]}${a[0]}\"]] : ";
    shared += "[for a in [[a, a, a]] : ";
  }
  EXPECT_THAT(eval(text + "a" + repeat("]", 61), small_context()),
              HasSubstr("Evaluation too large"));
  EXPECT_THAT(eval(shared + "a" + repeat("]", 61), small_context()),
              HasSubstr("Evaluation too large"));
  EXPECT_THAT(eval("indent(999999999999, \"a\\nb\")"), HasSubstr("too large"));
  EXPECT_THAT(eval("replace(join(\"\", [for i in range(1000) : \"aaaaaaaaaa\"]), \"\", "
                   "join(\"\", [for i in range(1000) : \"" +
                   repeat("b", 100) + "\"]))"),
              HasSubstr("too large"));
}

TEST(Limits, dynamic_blocks_run_out_of_budget) {
  std::string text;
  for (const char* name : {"a", "b", "c"}) {
    text += "dynamic \"" + std::string(name) + "\" {\nfor_each = range(1000)\ncontent {\n";
  }
  Diagnostics diagnostics;
  const BodyPtr body =
      parse_body(make_source("f", text + "x = 1\n" + repeat("}\n}\n", 3)), diagnostics);
  EXPECT_FALSE(read_free_form(*body, small_context(), diagnostics));
  ASSERT_TRUE(diagnostics.has_errors());
  EXPECT_THAT(diagnostics.list().front().summary,
              testing::AnyOf("Evaluation too large", "Too many blocks"));
}

TEST(Limits, many_mistakes_are_reported_in_linear_time_and_kept_up_to_a_limit) {
  Diagnostics diagnostics;
  static_cast<void>(parse_body(make_source("f", repeat("= 1\n", deep)), diagnostics));
  EXPECT_EQ(diagnostics.error_count(), deep);
  EXPECT_EQ(diagnostics.list().size(), Diagnostics::max_kept);
  EXPECT_NE(first_problem(repeat("\"\\q", deep)), "");
  EXPECT_NE(first_problem(repeat("a = <<X\n", deep)), "");
}

TEST(Limits, odd_bytes_are_reported) {
  for (const std::string& text :
       {std::string("\0", 1), std::string("a = \"\0\"", 8), std::string("\xC0\x80"),
        std::string("a = \"\xED\xA0\x80\""), std::string("\r"), std::string("a = 1\rb = 2"),
        std::string("{\"a\": \"\xff\"}"), std::string("a = <<E\n\xff\nE\n")}) {
    static_cast<void>(first_problem(text));
  }
  EXPECT_THAT(first_problem("a = <<E\n\xff\nE\n"), HasSubstr("UTF-8"));
}

}  // namespace
}  // namespace yurt::hcl
