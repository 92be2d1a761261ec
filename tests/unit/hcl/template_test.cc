// Quoted templates, heredocs, directives, strip markers, escapes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/hcl/evaluating.h"

namespace yurt::hcl {
namespace {

using testing::HasSubstr;

TEST(Templates, join_values_as_text) {
  EXPECT_EQ(eval("\"a${1 + 1}b${true}\""), "\"a2btrue\"");
  EXPECT_EQ(eval("\"${\"x${\"y\"}\"}z\""), "\"xyz\"");
  EXPECT_THAT(eval("\"a${[1]}\""), HasSubstr("jsonencode"));
  EXPECT_THAT(eval("\"a${null}\""), HasSubstr("null"));
}

TEST(Templates, of_one_interpolation_keep_the_values_type) {
  EXPECT_EQ(eval("\"${[1, 2]}\""), "[1,2]");
  EXPECT_EQ(eval("\"${5}\""), "5");
}

TEST(Templates, escape_their_own_marks_by_doubling_them) {
  EXPECT_EQ(eval("\"$${a} %%{b} $$ %% $a 5%\""), "\"${a} %{b} $$ %% $a 5%\"");
  EXPECT_EQ(eval("\"$$${x}\""), "\"$${x}\"");
}

TEST(Templates, leave_braces_of_other_template_languages_alone) {
  EXPECT_EQ(eval("\"{{ key \\\"a\\\" }} {x}\""), "\"{{ key \\\"a\\\" }} {x}\"");
}

TEST(Templates, know_these_escapes_and_no_others) {
  EXPECT_EQ(eval("\"\\n\\r\\t\\\"\\\\\""), "\"\\n\\r\\t\\\"\\\\\"");
  EXPECT_THAT(eval("\"\\q\""), HasSubstr("Invalid escape sequence"));
  EXPECT_THAT(eval("\"\\u12\""), HasSubstr("Expected 4 hexadecimal digits"));
  EXPECT_THAT(eval("\"\\U0001\""), HasSubstr("Expected 8 hexadecimal digits"));
}

TEST(Templates, choose_with_if) {
  EXPECT_EQ(eval("\"a%{ if true }b%{ else }c%{ endif }d\""), "\"abd\"");
  EXPECT_EQ(eval("\"a%{ if false }b%{ else }c%{ endif }d\""), "\"acd\"");
  EXPECT_EQ(eval("\"a%{ if false }b%{ endif }d\""), "\"ad\"");
}

TEST(Templates, repeat_with_for) {
  EXPECT_EQ(eval("\"%{ for x in [1, 2] }(${x})%{ endfor }\""), "\"(1)(2)\"");
  EXPECT_EQ(eval("\"%{ for k, v in {a = 1} }${k}=${v};%{ endfor }\""), "\"a=1;\"");
  EXPECT_EQ(eval("\"%{ for x in [1, 2] }%{ if x == 2 }${x}%{ endif }%{ endfor }\""), "\"2\"");
}

TEST(Templates, trim_white_space_beside_strip_markers) {
  EXPECT_EQ(eval("\"a  ${~ 1 ~}  b\""), "\"a1b\"");
  EXPECT_EQ(eval("\"a  ${1 ~}  b\""), "\"a  1b\"");
  EXPECT_EQ(eval("\"a \\n %{~ if true ~} b %{~ endif ~} c\""), "\"abc\"");
}

TEST(Templates, report_directives_that_do_not_match) {
  EXPECT_THAT(eval("\"%{ if true }a\""), HasSubstr("endif"));
  EXPECT_THAT(eval("\"%{ for x in [] }a\""), HasSubstr("endfor"));
  EXPECT_THAT(eval("\"a%{ endif }\""), HasSubstr("Unexpected endif"));
  EXPECT_THAT(eval("\"a%{ else }\""), HasSubstr("Unexpected else"));
  EXPECT_THAT(eval("\"%{ if true }%{ else }%{ else }%{ endif }\""), HasSubstr("already has"));
  EXPECT_THAT(eval("\"%{ while true }\""), HasSubstr("Expected if, else, endif, for or endfor"));
}

TEST(Templates, report_what_does_not_belong_in_a_sequence) {
  EXPECT_THAT(eval("\"${a b}\""), HasSubstr("Extra characters in template sequence"));
  EXPECT_THAT(eval("\"${}\""), HasSubstr("Invalid expression"));
  EXPECT_THAT(eval("\"${a\""), HasSubstr("Expected \"}\" to end the interpolation"));
  EXPECT_THAT(eval("\"abc"), HasSubstr("closing quote"));
  EXPECT_THAT(eval("\"abc\ndef\""), HasSubstr("closing quote"));
}

TEST(Heredocs, keep_their_lines) {
  EXPECT_EQ(eval_attribute("a = <<EOF\n  x\n\ty\nEOF\n", "a"), "\"  x\\n\\ty\\n\"");
  EXPECT_EQ(eval_attribute("a = <<EOF\nEOF\n", "a"), "\"\"");
  EXPECT_EQ(eval_attribute("a = <<EOF\n\\n \"q\" EOF x\nEOF", "a"), "\"\\\\n \\\"q\\\" EOF x\\n\"");
  EXPECT_EQ(eval_attribute("a = <<E-1\nx\n   E-1\nb = 1\n", "a"), "\"x\\n\"");
  EXPECT_EQ(eval_attribute("a = <<EOF\r\nx\r\nEOF\r\nb = 1\r\n", "a"), "\"x\\r\\n\"");
}

TEST(Heredocs, with_a_dash_lose_the_indentation_their_lines_share) {
  EXPECT_EQ(eval_attribute("a = <<-EOF\n    x\n      y\n\n    z\n    EOF\n", "a"),
            "\"x\\n  y\\n\\nz\\n\"");
  EXPECT_EQ(eval_attribute("a = <<-EOF\n    ${1}\n      b\n  EOF\n", "a"), "\"1\\n  b\\n\"");
  EXPECT_EQ(eval_attribute("a = <<-EOF\n${1}\n  b\nEOF\n", "a"), "\"1\\n  b\\n\"");
}

TEST(Heredocs, are_templates) {
  EXPECT_EQ(eval_attribute("a = <<EOF\n%{ for x in [1, 2] ~}\n- ${x}\n%{ endfor ~}\nEOF\n", "a"),
            "\"- 1\\n- 2\\n\"");
  EXPECT_EQ(eval_attribute("a = <<EOF\n$${HOME} {{ env \"X\" }}\nEOF\n", "a"),
            "\"${HOME} {{ env \\\"X\\\" }}\\n\"");
}

TEST(Heredocs, must_end) {
  EXPECT_THAT(eval_attribute("a = <<EOF\nx\n", "a"), HasSubstr("Heredoc without end"));
}

TEST(Heredocs, may_be_arguments) {
  EXPECT_EQ(eval_attribute("a = upper(<<EOF\nx\nEOF\n)\n", "a"), "\"X\\n\"");
  EXPECT_EQ(eval_attribute("a = [<<EOF\nx\nEOF\n, 2]\n", "a"), "[\"x\\n\",2]");
}

}  // namespace
}  // namespace yurt::hcl
