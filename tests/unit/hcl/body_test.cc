// Attributes and blocks: what parses, what is reported, and how the parser goes on after a mistake.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/hcl/evaluating.h"

namespace yurt::hcl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// "line:column summary" of every diagnostic.
std::vector<std::string> problems(const Diagnostics& diagnostics) {
  std::vector<std::string> out;
  for (const Diagnostic& diagnostic : diagnostics.list()) {
    const Position place = diagnostic.subject.start();
    out.push_back(std::to_string(place.line) + ":" + std::to_string(place.column) + " " +
                  diagnostic.summary);
  }
  return out;
}

std::vector<std::string> problems_of(const std::string& text) {
  Diagnostics diagnostics;
  static_cast<void>(parse_body(make_source("f", text), diagnostics));
  return problems(diagnostics);
}

std::vector<std::string> names(const BodyContent& content) {
  std::vector<std::string> out;
  for (const Attribute& attribute : content.attributes) out.push_back(attribute.name);
  for (const Block& block : content.blocks) {
    std::string name = block.type;
    for (const Label& label : block.labels) name += " " + label.text;
    out.push_back(name);
  }
  return out;
}

BodyContent all_of(const std::string& text) {
  Diagnostics diagnostics;
  BodyContent content = parse_body(make_source("f", text), diagnostics)->all(diagnostics);
  EXPECT_THAT(problems(diagnostics), IsEmpty());
  return content;
}

TEST(Bodies, hold_attributes_and_blocks_with_labels) {
  EXPECT_THAT(names(all_of("a = 1\njob \"x\" {\n}\nport \"a\" b {}\nlast {\n  y = 2\n}")),
              ElementsAre("a", "job x", "port a b", "last"));
  EXPECT_THAT(names(all_of("")), IsEmpty());
  EXPECT_THAT(names(all_of("\xEF\xBB\xBF# a mark\r\na = 1\r\n")), ElementsAre("a"));
}

TEST(Bodies, may_be_written_on_one_line_with_one_argument) {
  const BodyContent content = all_of("a { b = 1 }");
  Diagnostics diagnostics;
  EXPECT_THAT(names(content.blocks[0].body->all(diagnostics)), ElementsAre("b"));
  EXPECT_THAT(problems_of("a { b = 1, c = 2 }\nd = 1 2\n"),
              ElementsAre("1:10 Invalid one-line block", "2:7 Missing line end after argument"));
  EXPECT_THAT(problems_of("a { b {} }\n"), ElementsAre("1:5 Invalid one-line block"));
}

TEST(Bodies, ignore_all_three_kinds_of_comments) {
  EXPECT_THAT(names(all_of("# x\n// y\n/* z\n */ a = /* in */ 1 // end\n")), ElementsAre("a"));
  EXPECT_THAT(problems_of("a = 1\n/* x"), ElementsAre("2:1 Comment without end"));
}

TEST(Recovery, reports_every_mistake_and_keeps_what_is_right) {
  Diagnostics diagnostics;
  const BodyPtr body = parse_body(make_source("f",
                                              "a = \n"
                                              "b = [1, 2\n"
                                              "c = 3\n"
                                              "d {\n  e = )\n  f = 1\n}\n"
                                              "\"g\" = 1\n"
                                              "h = \"abc\n"
                                              "i = 5m\n"
                                              "j = 1\n"),
                                  diagnostics);
  EXPECT_THAT(
      problems(diagnostics),
      ElementsAre("1:5 Missing expression", "3:1 Missing item separator", "5:7 Invalid expression",
                  "8:1 Invalid argument name", "9:5 String without closing quote",
                  "10:6 Missing line end after argument"));
  const BodyContent content = body->all(diagnostics);
  EXPECT_THAT(names(content), testing::Contains("j"));
  EXPECT_THAT(names(content.blocks[0].body->all(diagnostics)), testing::Contains("f"));
}

TEST(Recovery, skips_the_rest_of_a_broken_list_or_object) {
  EXPECT_THAT(problems_of("a = [\n  1 2,\n  3,\n]\nb = {\n  x 1\n  y = 2\n}\nc = 1\n"),
              ElementsAre("2:5 Missing item separator", "6:5 Missing attribute value"));
}

TEST(Recovery, ends_a_block_whose_last_argument_lacks_a_bracket) {
  EXPECT_THAT(problems_of("a {\n  b = [1,\n}\nc = 1\n"), ElementsAre("3:1 Invalid expression"));
}

TEST(Bodies, say_what_is_missing) {
  EXPECT_THAT(problems_of("a {\n  b = 1\n"), ElementsAre("1:1 Block without end"));
  EXPECT_THAT(problems_of("a {\n  b {\n    c = 1\n"), ElementsAre("2:3 Block without end"));
  EXPECT_THAT(problems_of("a = 1\n}\nb = 2\n"),
              ElementsAre("2:1 Argument or block definition required"));
  EXPECT_THAT(problems_of("a b\nc = 1\n"), ElementsAre("1:4 Invalid block definition"));
  EXPECT_THAT(problems_of("a\n"), ElementsAre("1:1 Invalid argument or block"));
  EXPECT_THAT(problems_of("a \"${b}\" {}\n"), ElementsAre("1:3 Invalid label"));
  EXPECT_THAT(problems_of("a = 1\na = 2\n"), ElementsAre("2:1 Argument set twice"));
  EXPECT_THAT(problems_of("a = \"\xff\"\n"), ElementsAre("1:6 Invalid character encoding"));
  EXPECT_THAT(problems_of("a = @\n"), ElementsAre("1:5 Invalid character"));
}

TEST(Schemas, hint_at_the_name_that_was_meant) {
  Diagnostics diagnostics;
  const BodyPtr body = parse_body(
      make_source("f",
                  "cuont = 1\nport \"x\" \"y\" {}\nport {}\nservise {}\nservice = 1\nname {}\n"),
      diagnostics);
  BodySchema schema;
  schema.attributes = {{"count"}, {"name"}, {"id", true}};
  schema.blocks = {{"port", {"label"}}, {"service", {}}};
  const BodyContent content = body->content(schema, true, diagnostics);
  EXPECT_THAT(problems(diagnostics),
              testing::UnorderedElementsAre("1:1 Unsupported argument", "2:10 Extra label on block",
                                            "3:1 Missing label on block", "4:1 Unsupported block",
                                            "5:1 Unsupported argument", "6:1 Unsupported block",
                                            "7:1 Missing required argument"));
  EXPECT_THAT(render(diagnostics), HasSubstr("Did you mean \"count\"?"));
  EXPECT_THAT(render(diagnostics), HasSubstr("Did you mean \"service\"?"));
  EXPECT_THAT(render(diagnostics), HasSubstr("\"service\" is a block here"));
  EXPECT_THAT(render(diagnostics), HasSubstr("\"name\" is an argument here"));
}

TEST(FreeForm, gives_lists_of_maps_for_blocks_and_objects) {
  Diagnostics diagnostics;
  const BodyPtr body = parse_body(make_source("f",
                                              "image = \"x\"\n"
                                              "labels = { a = 1 }\n"
                                              "mount {\n  type = \"bind\"\n}\n"
                                              "mount {\n  type = \"tmpfs\"\n}\n"
                                              "logging \"a\" \"b\" {\n  c = [1]\n}\n"),
                                  diagnostics);
  const auto value = read_free_form(*body, test_context(), diagnostics);
  ASSERT_TRUE(value) << render(diagnostics);
  EXPECT_EQ(to_json(*value),
            R"({"image":"x","labels":[{"a":1}],"logging":[{"a":[{"b":[{"c":[1]}]}]}],)"
            R"("mount":[{"type":"bind"},{"type":"tmpfs"}]})");
}

TEST(FreeForm, refuses_an_argument_and_a_block_of_one_name) {
  Diagnostics diagnostics;
  const BodyPtr body = parse_body(make_source("f", "a = 1\na {}\n"), diagnostics);
  EXPECT_FALSE(read_free_form(*body, test_context(), diagnostics));
  EXPECT_THAT(problems(diagnostics), ElementsAre("2:1 Argument and block of the same name"));
}

// What `text`'s blocks evaluate to, in the free form.
std::string expanded(const std::string& text) {
  Diagnostics diagnostics;
  const BodyPtr body = parse_body(make_source("f", text), diagnostics);
  const auto value = read_free_form(*body, test_context(), diagnostics);
  return value ? to_json(*value) : one_line(diagnostics.list().front());
}

TEST(Dynamic, makes_a_block_of_every_element) {
  EXPECT_EQ(expanded("dynamic \"port\" {\n  for_each = [5, 6]\n  content {\n    to = port.value\n"
                     "    n = port.key\n  }\n}\n"),
            R"({"port":[{"n":0,"to":5},{"n":1,"to":6}]})");
  EXPECT_EQ(expanded("dynamic \"p\" {\n  for_each = { a = 1 }\n  iterator = it\n"
                     "  labels = [it.key]\n  content {\n    v = it.value\n  }\n}\n"),
            R"({"p":[{"a":[{"v":1}]}]})");
  EXPECT_EQ(expanded("dynamic \"p\" {\n  for_each = []\n  content {}\n}\n"), "{}");
}

TEST(Dynamic, nests_and_sees_the_outer_iterator) {
  EXPECT_EQ(expanded("dynamic \"a\" {\n  for_each = [1, 2]\n  content {\n    dynamic \"b\" {\n"
                     "      for_each = [10]\n      content {\n        s = a.value + b.value\n"
                     "      }\n    }\n  }\n}\n"),
            R"({"a":[{"b":[{"s":11}]},{"b":[{"s":12}]}]})");
}

TEST(Dynamic, stays_in_order_with_other_blocks) {
  EXPECT_EQ(expanded("p {\n  n = 1\n}\ndynamic \"p\" {\n  for_each = [2]\n  content {\n"
                     "    n = p.value\n  }\n}\np {\n  n = 3\n}\n"),
            R"({"p":[{"n":1},{"n":2},{"n":3}]})");
}

TEST(Dynamic, says_what_is_wrong_with_it) {
  EXPECT_THAT(expanded("dynamic \"p\" {\n  for_each = 5\n  content {}\n}\n"),
              HasSubstr("2:14: Invalid dynamic for_each value"));
  EXPECT_THAT(expanded("dynamic \"p\" {\n  for_each = []\n}\n"),
              HasSubstr("Missing content block"));
  EXPECT_THAT(expanded("dynamic \"p\" {\n  content {}\n}\n"),
              HasSubstr("\"for_each\" is required"));
  EXPECT_THAT(expanded("dynamic {\n}\n"), HasSubstr("Missing label"));
  EXPECT_THAT(
      expanded("dynamic \"p\" {\n  for_each = [1]\n  iterator = \"a b\"\n  content {}\n}\n"),
      HasSubstr("iterator name"));
  EXPECT_THAT(expanded("dynamic \"p\" {\n  for_each = [1]\n  labels = [null]\n  content {}\n}\n"),
              HasSubstr("label can't be null"));
}

TEST(Dynamic, is_checked_against_the_schema) {
  Diagnostics diagnostics;
  const BodyPtr body =
      parse_body(make_source("f",
                             "dynamic \"prot\" {\n  for_each = [1]\n  content {}\n}\n"
                             "dynamic \"port\" {\n  for_each = [1]\n  content {}\n}\n"),
                 diagnostics);
  BodySchema schema;
  schema.blocks = {{"port", {"label"}}};
  static_cast<void>(read_body(*body, schema, test_context(), diagnostics));
  EXPECT_THAT(problems(diagnostics),
              ElementsAre("1:9 Unsupported block", "5:1 Missing label on block"));
}

}  // namespace
}  // namespace yurt::hcl
