// YAML as a tree with lines, and variables in its values.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "drivers/compose/yaml/interpolate.h"
#include "drivers/compose/yaml/yaml_node.h"

namespace yurt::drivers::compose {
namespace {

YamlNode tree(std::string_view text) {
  YamlNode node;
  YamlError error;
  EXPECT_TRUE(parse_yaml(text, node, error)) << error.line << ": " << error.message;
  return node;
}

YamlError refused(std::string_view text) {
  YamlNode node;
  YamlError error;
  EXPECT_FALSE(parse_yaml(text, node, error));
  return error;
}

TEST(Yaml, values_know_their_lines_and_their_quotes) {
  const YamlNode root = tree("a: 1\nb:\n  - x\n  - \"true\"\nc:\n");
  EXPECT_EQ(root.find("a")->text, "1");
  EXPECT_TRUE(root.find("a")->plain);
  EXPECT_EQ(root.find("b")->items[1].line, 4);
  EXPECT_FALSE(root.find("b")->items[1].plain);
  EXPECT_TRUE(root.find("c")->is_null());
}

TEST(Yaml, anchors_and_merge_keys_are_resolved_and_what_stands_in_the_map_goes_before) {
  const YamlNode root = tree(
      "x-base: &base {image: a, init: true}\n"
      "x-more: &more {init: false, user: u}\n"
      "one:\n  <<: *base\n  image: b\n"
      "two:\n  <<: [*base, *more]\n");
  EXPECT_EQ(root.find("one")->find("image")->text, "b");
  EXPECT_EQ(root.find("one")->find("init")->text, "true");
  EXPECT_EQ(root.find("two")->find("init")->text, "true");
  EXPECT_EQ(root.find("two")->find("user")->text, "u");
  EXPECT_EQ(root.find("two")->find("<<"), nullptr);
}

TEST(Yaml, what_is_wrong_is_told_with_its_line) {
  EXPECT_EQ(refused("a: 1\nb: 2\na: 3\n").line, 3);
  EXPECT_EQ(refused("a: [1, 2\nb: 2\n").line, 2);
  EXPECT_EQ(refused("a: 1\n---\nb: 2\n").message, "only a single document is allowed");
  EXPECT_EQ(refused("a:\n  <<: text\n").line, 2);
  EXPECT_EQ(refused("a: &a\n  b: *a\n").message, "an alias inside of what it names");
}

TEST(Yaml, a_short_file_that_stands_for_a_huge_one_is_refused) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int j = 0; j < 9; ++j) text += ", " + last;
    text += "]\n";
  }
  EXPECT_EQ(refused(text).message, "the file would become too large");
  EXPECT_EQ(refused(std::string(100, '[')).message, "nested too deeply");
}

std::string filled(std::string_view text, const Variables& variables = {}) {
  std::vector<std::string> unset;
  const auto done = interpolate(text, &variables, unset);
  EXPECT_TRUE(done.ok()) << done.error().message;
  return done.ok() ? done->text : "";
}

std::string failure(std::string_view text, const Variables& variables = {}) {
  std::vector<std::string> unset;
  const auto done = interpolate(text, &variables, unset);
  EXPECT_FALSE(done.ok());
  return done.ok() ? "" : done.error().message;
}

TEST(Interpolation, every_form_of_the_specification) {
  const Variables set{{"A", "1"}, {"E", ""}};
  EXPECT_EQ(filled("$A ${A}x $$A $${A}", set), "1 1x $A ${A}");
  EXPECT_EQ(filled("${A:-d}${E:-d}${E-d}${N:-d}${N-d}", set), "1ddd");
  EXPECT_EQ(filled("${A:+o}${E:+o}${E+o}${N:+o}${N+o}", set), "oo");
  EXPECT_EQ(filled("${A:?m}${A?m}${E?m}", set), "11");
  EXPECT_EQ(filled("${N:-${M:-${A}}}", set), "1");
  EXPECT_EQ(filled("${N:-}", set), "");
  EXPECT_EQ(filled("${N:-a}b}", set), "ab}");
}

TEST(Interpolation, required_variables_fail_with_their_message) {
  EXPECT_EQ(failure("${N:?set it}"), "the variable N is required: set it");
  EXPECT_EQ(failure("${E:?}", {{"E", ""}}), "the variable E is required");
  EXPECT_EQ(failure("${N?}"), "the variable N is required");
}

TEST(Interpolation, malformed_ones_are_refused) {
  for (const char* text :
       {"$", "a$", "${", "${A", "${}", "${1}", "$1", "${A*b}", "${A:b}", "${A:-${B}"}) {
    EXPECT_NE(failure(text).find("invalid interpolation"), std::string::npos) << text;
  }
}

TEST(Interpolation, variables_without_a_value_become_nothing_and_are_named) {
  const Variables none;
  std::vector<std::string> unset;
  EXPECT_EQ(interpolate("a$X${Y}$X", &none, unset)->text, "a");
  EXPECT_EQ(unset, (std::vector<std::string>{"X", "Y"}));
}

TEST(Interpolation, without_known_variables_a_value_stays_open) {
  std::vector<std::string> unset;
  const auto open = interpolate("x${A:-1}", nullptr, unset);
  EXPECT_TRUE(open->open);
  EXPECT_EQ(open->text, "x${A:-1}");
  EXPECT_FALSE(interpolate("x$$y", nullptr, unset)->open);
  EXPECT_FALSE(interpolate("${A", nullptr, unset).ok());
}

RC_GTEST_PROP(Interpolation, text_without_dollar_signs_stays_as_it_is, (std::string text)) {
  std::erase(text, '$');
  const Variables none;
  std::vector<std::string> unset;
  RC_ASSERT(interpolate(text, &none, unset)->text == text);
}

RC_GTEST_PROP(Interpolation, doubled_dollar_signs_keep_any_text, (std::string text)) {
  std::string doubled;
  for (const char c : text) doubled += c == '$' ? "$$" : std::string(1, c);
  const Variables none;
  std::vector<std::string> unset;
  RC_ASSERT(interpolate(doubled, &none, unset)->text == text);
}

RC_GTEST_PROP(Interpolation, any_text_is_taken_or_refused_but_never_breaks, (std::string text)) {
  const Variables none;
  std::vector<std::string> unset;
  (void)interpolate("${" + text, &none, unset);
  YamlNode node;
  YamlError error;
  (void)parse_yaml(text, node, error);
}

}  // namespace
}  // namespace yurt::drivers::compose
