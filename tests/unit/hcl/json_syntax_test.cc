// HCL's JSON syntax: bodies read by a schema, strings that are templates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/hcl/evaluating.h"

namespace yurt::hcl {
namespace {

using testing::HasSubstr;

const BodySchema& job_schema() {
  static const BodySchema schema{{{"region", false}, {"meta", false}, {"list", false}},
                                 {{"group", {"name"}}, {"meta", {}}, {"update", {}}}};
  return schema;
}

// The content as "attribute=value" and "block(labels){content}", in order.
std::string read(const BodyPtr& body, const BodySchema& schema, Diagnostics& diagnostics) {
  std::string out;
  const BodyContent content = read_body(*body, schema, test_context(), diagnostics);
  for (const Attribute& attribute : content.attributes) {
    const auto value = evaluate(attribute.expression, *test_context(), diagnostics);
    out += attribute.name + "=" + (value ? to_json(*value) : "?") + ";";
  }
  for (const Block& block : content.blocks) {
    out += block.type + "(";
    for (const Label& label : block.labels) out += label.text;
    const auto inside = read_free_form(*block.body, block.context, diagnostics);
    out += ")" + (inside ? to_json(*inside) : "?") + ";";
  }
  return out;
}

std::string read(const std::string& text) {
  Diagnostics diagnostics;
  const BodyPtr body = parse_body(make_source("f", text), diagnostics);
  std::string out = read(body, job_schema(), diagnostics);
  return diagnostics.has_errors() ? one_line(diagnostics.list().front()) : out;
}

TEST(JsonBodies, are_read_by_the_schema) {
  EXPECT_EQ(read(R"({"region": "eu", "group": {"a": {"n": 1}, "b": {}}, "update": {"x": true}})"),
            R"(region="eu";group(a){"n":1};group(b){};update(){"x":true};)");
}

TEST(JsonBodies, repeat_a_block_with_an_array) {
  EXPECT_EQ(read(R"({"update": [{"n": 1}, {"n": 2}]})"), R"(update(){"n":1};update(){"n":2};)");
  EXPECT_EQ(read(R"({"group": [{"a": {}}, {"a": {"n": 2}}]})"), R"(group(a){};group(a){"n":2};)");
  EXPECT_EQ(read(R"({"group": {"a": [{"n": 1}, {"n": 2}]}})"),
            R"(group(a){"n":1};group(a){"n":2};)");
}

TEST(JsonBodies, take_an_object_as_the_block_where_both_are_known) {
  EXPECT_EQ(read(R"({"meta": {"a.b": "c"}})"), R"(meta(){"a.b":"c"};)");
  EXPECT_EQ(read(R"({"meta": "${var}"})"), R"(meta={};)");
}

TEST(JsonBodies, ignore_comments_and_nulls_for_blocks) {
  EXPECT_EQ(read(R"({"//": "note", "update": null, "region": null})"), "region=null;");
}

TEST(JsonBodies, expand_dynamic_blocks) {
  EXPECT_EQ(read(R"({"dynamic": {"group": {"for_each": ["x", "y"], "labels": ["${group.value}"],
                     "content": {"n": "${group.key}"}}}})"),
            R"(group(x){"n":0};group(y){"n":1};)");
}

TEST(JsonExpressions, evaluate_strings_as_templates) {
  EXPECT_EQ(read(R"({"list": ["${1 + 1}", "a${true}", "$${x}", "${attr.cpu}", 1.5]})"),
            R"(list=[2,"atrue","${x}","${attr.cpu}",1.5];)");
  EXPECT_EQ(read(R"({"list": {"k${1}": "v\n\u00e9\ud83d\ude00"}})"),
            "list={\"k1\":\"v\\n\u00e9\U0001F600\"};");
}

TEST(JsonExpressions, point_into_strings) {
  EXPECT_THAT(read(R"({"region": "ab${1 / 0}"})"), HasSubstr("f:1:17: Division by zero"));
  // With an escape before it only the string's place is known.
  EXPECT_THAT(read(R"({"region": "\n${1 / 0}"})"), HasSubstr("f:1:12: Division by zero"));
}

TEST(JsonBodies, say_what_is_wrong_and_where) {
  EXPECT_THAT(read(R"({"regoin": 1})"), HasSubstr("Did you mean \"region\"?"));
  EXPECT_THAT(read(R"({"update": 5})"), HasSubstr("f:1:12: Incorrect JSON value type"));
  EXPECT_THAT(read(R"({"region": 1, "region": 2})"), HasSubstr("already set at f:1:2"));
  EXPECT_THAT(read("{\"region\": }"), HasSubstr("f:1:12: Invalid JSON; Expected a JSON value"));
  EXPECT_THAT(read("{\"region\": 1,\n}"), HasSubstr("f:2:1: Invalid JSON"));
  EXPECT_THAT(read("{\"a\": \"x"), HasSubstr("Expected a closing quote"));
  EXPECT_THAT(read("{\"a\": 01}"), HasSubstr("no zero before"));
  EXPECT_THAT(read("{} x"), HasSubstr("Expected the end"));
  EXPECT_THAT(read("{\"a\": tru}"), HasSubstr("Expected a JSON value"));
  EXPECT_THAT(read("{\"a\": \"\\x\"}"), HasSubstr("Expected one of"));
}

}  // namespace
}  // namespace yurt::hcl
