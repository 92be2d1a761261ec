// Variables, where their values come from, and locals.
#include "jobspec/hcl/module.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/hcl/evaluating.h"

namespace yurt::hcl {
namespace {

using testing::HasSubstr;

struct Loading {
  ModuleOptions options;
  Diagnostics diagnostics;
  Module module;

  Loading() {
    options.functions.random = &test_random();
    options.limits.work = 16 << 20;
  }
  Loading& env(const std::string& name, const std::string& value) {
    options.environment[name] = value;
    return *this;
  }
  Loading& file(const std::string& text) {
    options.variable_files.push_back(make_source("vars.hcl", text));
    return *this;
  }
  Loading& var(const std::string& name, const std::string& value) {
    options.variables.emplace_back(name, value);
    return *this;
  }
  Loading& lenient() {
    options.strict = false;
    return *this;
  }
  // The value of the job's attribute `out`, or the first error's detail.
  std::string out(const std::string& text) {
    BodySchema schema;
    schema.blocks = {{"job", {"id"}}};
    module =
        load_module(make_source("job.hcl", text + "\njob \"j\" {\n  out = " + wanted + "\n}\n"),
                    schema, options, diagnostics);
    std::optional<Value> value;
    if (!module.content.blocks.empty()) {
      const Block& job = module.content.blocks[0];
      const BodyContent content = job.body->all(diagnostics);
      value = evaluate(content.find("out")->expression, *job.context, diagnostics);
    }
    if (diagnostics.has_errors()) return one_line(diagnostics.list().front());
    return value ? to_json(*value) : "no value";
  }
  std::string wanted = "var.x";
};

const std::string declared = "variable \"x\" {\n  default = \"d\"\n}\n";

TEST(Variables, take_the_value_that_comes_last_in_order_of_precedence) {
  EXPECT_EQ(Loading().out(declared), "\"d\"");
  EXPECT_EQ(Loading().env("NOMAD_VAR_x", "e").out(declared), "\"e\"");
  EXPECT_EQ(Loading().env("NOMAD_VAR_x", "e").env("YURT_VAR_x", "y").out(declared), "\"y\"");
  EXPECT_EQ(Loading().env("YURT_VAR_x", "e").file("x = \"f\"").out(declared), "\"f\"");
  EXPECT_EQ(Loading().file("x = \"f\"").file("x = \"g\"").out(declared), "\"g\"");
  EXPECT_EQ(Loading().file("{\"x\": \"j\"}").out(declared), "\"j\"");
  EXPECT_EQ(Loading().file("x = \"f\"").var("x", "v").var("x", "w").out(declared), "\"w\"");
}

TEST(Variables, may_be_declared_in_the_legacy_map_form) {
  EXPECT_EQ(Loading().out("variables {\n  x = 5\n  y = [1]\n}"), "5");
  EXPECT_EQ(Loading().var("x", "6").out("variables {\n  x = 5\n}"), "6");
}

TEST(Variables, take_text_literally_for_strings_numbers_and_untyped_ones) {
  EXPECT_EQ(Loading().var("x", "a\"b").out("variable \"x\" {}"), "\"a\\\"b\"");
  EXPECT_EQ(Loading().var("x", "[1]").out("variable \"x\" {\n  type = string\n}"), "\"[1]\"");
  EXPECT_EQ(Loading().var("x", "12").out("variable \"x\" {\n  type = number\n}"), "12");
  EXPECT_EQ(Loading().var("x", "[1]").out("variable \"x\" {\n  type = any\n}"), "\"[1]\"");
}

TEST(Variables, parse_text_as_an_expression_for_every_other_type) {
  EXPECT_EQ(Loading().var("x", "true").out("variable \"x\" {\n  type = bool\n}"), "true");
  EXPECT_EQ(
      Loading().env("NOMAD_VAR_x", "[\"a\", 1]").out("variable \"x\" {\n  type = list(string)\n}"),
      "[\"a\",\"1\"]");
  EXPECT_EQ(Loading().var("x", "{a = 1}").out("variable \"x\" {\n  default = {}\n}"), "{\"a\":1}");
  EXPECT_EQ(Loading().var("x", "[\"a\", \"b\"]").out("variable \"x\" {\n  default = [\"c\"]\n}"),
            "[\"a\",\"b\"]");
  EXPECT_THAT(Loading().var("x", "[\"a]").out("variable \"x\" {\n  type = list(string)\n}"),
              HasSubstr("-var x:1:2: String without closing quote"));
  EXPECT_THAT(Loading().var("x", "[y]").out("variable \"x\" {\n  type = list(string)\n}"),
              HasSubstr("Only constant values"));
}

TEST(Variables, must_fit_their_type) {
  EXPECT_THAT(Loading().var("x", "five").out("variable \"x\" {\n  type = number\n}"),
              HasSubstr("The value of \"x\" from -var x is not of its type number: a number is "
                        "required"));
  EXPECT_THAT(Loading().out("variable \"x\" {\n  type = list(number)\n  default = [1, \"a\"]\n}"),
              HasSubstr("job.hcl:3:17: Invalid value for variable"));
  EXPECT_THAT(Loading().file("x = 1").out("variable \"x\" {\n  type = list(string)\n}"),
              HasSubstr("vars.hcl:1:5"));
}

TEST(Variables, without_a_value_say_how_to_set_them) {
  const std::string error = Loading().out("variable \"x\" {}");
  EXPECT_THAT(error, HasSubstr("The variable \"x\" has no default and was not set"));
  EXPECT_THAT(error, HasSubstr("-var x=VALUE"));
  EXPECT_THAT(error, HasSubstr("YURT_VAR_x"));
  EXPECT_THAT(error, HasSubstr("-var-file"));
}

TEST(Variables, without_a_value_cause_no_further_errors) {
  Loading loading;
  loading.wanted = "\"${var.x}-${upper(var.x)}\"";
  static_cast<void>(loading.out("variable \"x\" {}\nlocals {\n  y = var.x\n}"));
  EXPECT_EQ(loading.diagnostics.error_count(), 1U) << render(loading.diagnostics);
}

TEST(Variables, that_are_not_declared_are_refused_when_strict) {
  EXPECT_THAT(Loading().var("y", "1").out(declared), HasSubstr("no such variable"));
  EXPECT_THAT(Loading().file("y = 1").out(declared),
              HasSubstr("vars.hcl:1:1: Undeclared variable"));
  EXPECT_EQ(Loading().env("NOMAD_VAR_y", "1").out(declared), "\"d\"");
  EXPECT_EQ(Loading().lenient().var("y", "1").file("z = 1").out(declared), "\"d\"");
}

TEST(Variables, validate_their_values) {
  const std::string checked =
      "variable \"x\" {\n  type = number\n  validation {\n    condition = var.x > 3 && var.x < 9\n"
      "    error_message = \"Between 4 and 8, please.\"\n  }\n}";
  EXPECT_EQ(Loading().var("x", "5").out(checked), "5");
  EXPECT_THAT(Loading().var("x", "2").out(checked), HasSubstr("Between 4 and 8, please."));
  EXPECT_THAT(Loading().var("x", "2").out(checked), HasSubstr("came from -var x"));
}

TEST(Variables, are_declared_once_with_a_constant_default) {
  EXPECT_THAT(Loading().out(declared + declared), HasSubstr("Variable declared twice"));
  EXPECT_THAT(Loading().out("variable \"x\" {\n  default = upper(\"a\")\n}"),
              HasSubstr("Only constant values"));
  EXPECT_THAT(Loading().out("variable \"x\" {\n  defualt = 1\n}"), HasSubstr("\"default\"?"));
  EXPECT_THAT(Loading().out("variable \"a b\" {}\nvariable \"x\" {\n  default = 1\n}"),
              HasSubstr("Invalid variable name"));
}

TEST(Variables, are_listed_with_their_types_and_descriptions) {
  Loading loading;
  static_cast<void>(loading.out("variable \"x\" {\n  description = \"D\"\n  default = 1\n}"));
  ASSERT_EQ(loading.module.variables.size(), 1U);
  EXPECT_EQ(loading.module.variables[0].description, "D");
  EXPECT_EQ(loading.module.variables[0].type, Type::number());
}

TEST(Locals, refer_to_each_other_in_any_order) {
  Loading loading;
  loading.wanted = "local.c";
  EXPECT_EQ(loading.out("locals {\n  c = \"${local.b}!\"\n}\nlocals {\n  b = upper(local.a)\n"
                        "  a = var.x\n}\n" +
                        declared),
            "\"D!\"");
}

TEST(Locals, in_a_circle_are_an_error_that_names_it) {
  EXPECT_THAT(
      Loading().out(declared + "locals {\n  a = local.b\n  b = [local.c]\n  c = local.a\n}"),
      HasSubstr("local.a -> local.b -> local.c -> local.a"));
  EXPECT_THAT(Loading().out(declared + "locals {\n  a = local.a\n}"),
              HasSubstr("local.a -> local.a"));
}

TEST(Locals, may_form_a_long_chain) {
  std::string text = declared + "locals {\n  a0 = 1\n";
  for (int i = 1; i < 2000; ++i) {
    text += "  a" + std::to_string(i) + " = local.a" + std::to_string(i - 1) + " + 1\n";
  }
  Loading loading;
  loading.wanted = "local.a1999";
  EXPECT_EQ(loading.out(text + "}\n"), "2000");
}

TEST(Locals, are_set_once) {
  EXPECT_THAT(Loading().out(declared + "locals {\n  a = 1\n}\nlocals {\n  a = 2\n}"),
              HasSubstr("Local set twice"));
  EXPECT_THAT(Loading().out(declared + "locals {\n  a = local.b\n}"),
              HasSubstr("There is no local named \"b\""));
}

TEST(Modules, hold_nothing_but_what_the_caller_names) {
  EXPECT_THAT(Loading().out(declared + "output \"x\" {}"), HasSubstr("Blocks of type \"output\""));
  EXPECT_THAT(Loading().out(declared + "y = 1"), HasSubstr("argument named \"y\""));
}

TEST(Modules, may_be_written_in_json) {
  Loading loading;
  BodySchema schema;
  schema.blocks = {{"job", {"id"}}};
  loading.var("n", "[2]");
  const std::string text = R"json({"variable": {"n": {"type": "list(number)"}},
    "locals": {"m": "${var.n[0] + 1}"}, "job": {"j": {"out": "${local.m}"}}})json";
  loading.module =
      load_module(make_source("job.json", text), schema, loading.options, loading.diagnostics);
  ASSERT_FALSE(loading.diagnostics.has_errors()) << render(loading.diagnostics);
  const Block& job = loading.module.content.blocks.at(0);
  const auto value = read_free_form(*job.body, job.context, loading.diagnostics);
  ASSERT_TRUE(value);
  EXPECT_EQ(to_json(*value), R"({"out":3})");
}

TEST(VariableArguments, are_split_at_the_first_equals_sign) {
  const auto pair = split_variable_argument("a=b=c");
  ASSERT_TRUE(pair.ok());
  EXPECT_EQ(pair->first, "a");
  EXPECT_EQ(pair->second, "b=c");
  EXPECT_FALSE(split_variable_argument("a").ok());
  EXPECT_FALSE(split_variable_argument("=a").ok());
}

}  // namespace
}  // namespace yurt::hcl
