// Invariants of the language engine over random text and values.
#include <gtest/gtest.h>

#include "base/random.h"
#include "jobspec/hcl/ast.h"
#include "jobspec/hcl/evaluate.h"
#include "jobspec/hcl/format.h"
#include "jobspec/hcl/functions.h"
#include "jobspec/hcl/parse.h"
#include "jobspec/hcl/token.h"
#include "tests/property/hcl/generators.h"

namespace yurt::hcl {
namespace {

ContextPtr context() {
  static SeededRandom random(1);
  static const auto functions = standard_functions({&random, std::nullopt});
  return EvalContext::create({}, functions, UnknownRoots::keep_as_text, {1 << 20});
}

// Tokens and the white space between them are the text, byte for byte.
void check_tokens_cover(std::string_view text, LexMode mode) {
  std::uint32_t end = 0;
  for (const Token& token : lex(text, mode)) {
    RC_ASSERT(token.begin >= end);
    RC_ASSERT(token.end >= token.begin);
    const std::string_view gap = text.substr(end, token.begin - end);
    RC_ASSERT(gap.find_first_not_of(" \t") == std::string_view::npos ||
              (end == 0 && gap.starts_with("\xEF\xBB\xBF")));
    end = token.end;
  }
  RC_ASSERT(end == text.size());
}

TEST(LexerProperties, tokens_cover_the_source_exactly) {
  EXPECT_TRUE(rc::check([] {
    const std::string text = *any_source();
    check_tokens_cover(text, LexMode::expressions);
    check_tokens_cover(text, LexMode::bare_template);
  }));
  EXPECT_TRUE(rc::check([](const std::string& bytes) {
    check_tokens_cover(bytes, LexMode::expressions);
    check_tokens_cover(bytes, LexMode::bare_template);
  }));
}

TEST(ParserProperties, any_text_parses_or_is_reported_within_it) {
  EXPECT_TRUE(rc::check([] {
    const std::string text = *any_source();
    Diagnostics diagnostics;
    const SourcePtr source = make_source("f", text);
    const BodyPtr body = parse_body(source, diagnostics);
    static_cast<void>(read_free_form(*body, context(), diagnostics));
    for (const Diagnostic& diagnostic : diagnostics.list()) {
      RC_ASSERT(diagnostic.subject.begin <= diagnostic.subject.end);
      RC_ASSERT(diagnostic.subject.end <= text.size());
      RC_ASSERT(!render(diagnostic).empty());
    }
  }));
}

// A body as what it means: every attribute's value, every block, in order.
std::string meaning(const std::string& text) {
  Diagnostics diagnostics;
  const BodyPtr body = parse_body(make_source("f", text), diagnostics);
  const auto value = read_free_form(*body, context(), diagnostics);
  if (value) return to_json(*value);
  std::string problems;
  for (const Diagnostic& diagnostic : diagnostics.list()) {
    problems += diagnostic.summary + diagnostic.detail + "\n";
  }
  return problems;
}

std::string formatted(const std::string& text) {
  Diagnostics diagnostics;
  return format_source(make_source("f", text), diagnostics);
}

TEST(FormatProperties, formatting_again_changes_nothing_and_never_the_meaning) {
  EXPECT_TRUE(rc::check([] {
    const std::string text = *valid_body(2);
    Diagnostics diagnostics;
    static_cast<void>(parse_body(make_source("f", text), diagnostics));
    RC_LOG() << text << render(diagnostics);
    RC_ASSERT(!diagnostics.has_errors());
    const std::string once = formatted(text);
    RC_LOG() << once;
    RC_ASSERT(formatted(once) == once);
    RC_ASSERT(meaning(once) == meaning(text));
  }));
  EXPECT_TRUE(rc::check([] {
    const std::string text = *any_source();
    const std::string once = formatted(text);
    RC_ASSERT(formatted(once) == once);
  }));
}

TEST(JsonProperties, a_value_survives_json) {
  EXPECT_TRUE(rc::check([] {
    const Value value = *any_value(3);
    const auto scope = EvalContext::child(context(), {{"v", Value::string(to_json(value))}});
    Diagnostics diagnostics;
    const Expression decode = parse_expression(make_source("t", "jsondecode(v)"), diagnostics);
    const auto back = evaluate(decode, *scope, diagnostics);
    RC_LOG() << render(diagnostics) << to_json(value);
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == value);
  }));
}

TEST(YamlProperties, a_value_survives_yaml) {
  EXPECT_TRUE(rc::check([] {
    const Value value = *any_value(3);
    const auto scope = EvalContext::child(context(), {{"v", value}});
    Diagnostics diagnostics;
    const auto text = evaluate(parse_expression(make_source("t", "yamlencode(v)"), diagnostics),
                               *scope, diagnostics);
    const auto back =
        evaluate(parse_expression(make_source("t", "yamldecode(yamlencode(v))"), diagnostics),
                 *scope, diagnostics);
    RC_LOG() << render(diagnostics) << to_json(value) << "\n" << (text ? text->as_string() : "");
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == value);
  }));
}

TEST(ValueProperties, order_is_total_and_agrees_with_equality) {
  EXPECT_TRUE(rc::check([] {
    const Value a = *any_value(2), b = *any_value(2), c = *any_value(2);
    RC_ASSERT(Value::compare(a, a) == 0);
    RC_ASSERT((Value::compare(a, b) < 0) == (Value::compare(b, a) > 0));
    if (Value::compare(a, b) <= 0 && Value::compare(b, c) <= 0) {
      RC_ASSERT(Value::compare(a, c) <= 0);
    }
  }));
}

TEST(NumberProperties, integers_are_exact) {
  EXPECT_TRUE(rc::check([](std::int64_t a, std::int64_t b) {
    const Number sum = *Number(a).plus(Number(b));
    RC_ASSERT(*sum.minus(Number(b)) == Number(a));
    RC_ASSERT(*Number::parse(sum.to_string()) == sum);
    const Number product = *Number(a).times(Number(b));
    RC_ASSERT(*Number::parse(product.to_string()) == product);
    if (b != 0) {
      RC_ASSERT(*product.over(Number(b)) == Number(a));
    }
    RC_ASSERT(Number(a).compare(Number(b)) == (a < b ? -1 : (a > b ? 1 : 0)));
  }));
}

TEST(ConversionProperties, to_the_values_own_type_changes_nothing_but_the_kind_of_collection) {
  EXPECT_TRUE(rc::check([] {
    const Value value = *any_value(3);
    const auto converted = convert(value, Type::of(value));
    RC_ASSERT(std::holds_alternative<Value>(converted));
    RC_ASSERT(std::get<Value>(converted) == value);
  }));
}

}  // namespace
}  // namespace yurt::hcl
