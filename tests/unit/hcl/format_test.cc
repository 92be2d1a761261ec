#include "jobspec/hcl/format.h"

#include <gtest/gtest.h>

namespace yurt::hcl {
namespace {

std::string formatted(const std::string& text) {
  Diagnostics diagnostics;
  std::string out = format_source(make_source("f", text), diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << render(diagnostics);
  return out;
}

TEST(Format, indents_by_two_spaces_a_level) {
  EXPECT_EQ(formatted("job \"x\" {\ngroup \"g\" {\n        count=1\n  }\n}"),
            "job \"x\" {\n  group \"g\" {\n    count = 1\n  }\n}\n");
  EXPECT_EQ(formatted("a = [\n1,\n    [\n2\n],\n]\n"), "a = [\n  1,\n  [\n    2\n  ],\n]\n");
  EXPECT_EQ(formatted("a = f({\nb = 1\n})\n"), "a = f({\n  b = 1\n})\n");
  EXPECT_EQ(formatted("a = [{\nb = 1\n}, {\nc = 2\n}]\n"), "a = [{\n  b = 1\n}, {\n  c = 2\n}]\n");
}

TEST(Format, aligns_neighbouring_assignments) {
  EXPECT_EQ(formatted("a = 1\nlonger = 2\n\nb = 3\nc {\n}\n"),
            "a      = 1\nlonger = 2\n\nb = 3\nc {\n}\n");
  EXPECT_EQ(formatted("a = 1\nlonger = {\nx = 1\nyy = 2\n}\nb = 1\n"),
            "a      = 1\nlonger = {\n  x  = 1\n  yy = 2\n}\nb = 1\n");
  EXPECT_EQ(formatted("a = {\n\"k\" = 1\n\"longer\" = 2\n}\n"),
            "a = {\n  \"k\"      = 1\n  \"longer\" = 2\n}\n");
  EXPECT_EQ(formatted("\u00e9\u00e9 = 1\na = 2\n"), "\u00e9\u00e9 = 1\na  = 2\n");
}

TEST(Format, keeps_comments_and_aligns_those_at_line_ends) {
  EXPECT_EQ(formatted("# top\na = 1 # one\nlong = 22 // two\n   // own\n/* b */ c = 1\n"),
            "# top\na    = 1  # one\nlong = 22 // two\n// own\n/* b */ c = 1\n");
  EXPECT_EQ(formatted("a {   # why\n  # inside\n}\n"), "a { # why\n  # inside\n}\n");
}

TEST(Format, puts_one_space_around_operators_and_none_inside_brackets) {
  EXPECT_EQ(formatted("a = 1+2*( 3-4 )\n"), "a = 1 + 2 * (3 - 4)\n");
  EXPECT_EQ(formatted("a = x?-1: ! y\n"), "a = x ? -1 : !y\n");
  EXPECT_EQ(formatted("a = [ 1 ,2, -3 ]\n"), "a = [1, 2, -3]\n");
  EXPECT_EQ(formatted("a = {b=1,c=2}\n"), "a = { b = 1, c = 2 }\n");
  EXPECT_EQ(formatted("a = f ( x , y ... )\n"), "a = f(x, y...)\n");
  EXPECT_EQ(formatted("a = x [0] . b[ * ].c\n"), "a = x[0].b[*].c\n");
  EXPECT_EQ(formatted("a = [for k,v in[1]: v if v>1]\n"), "a = [for k, v in [1] : v if v > 1]\n");
  EXPECT_EQ(formatted("a = {}\nb {}\n"), "a = {}\nb {}\n");
}

TEST(Format, leaves_quoted_text_and_heredocs_alone) {
  EXPECT_EQ(formatted("a {\nb = \"${ x }  y\"\nc = <<EOT\n one\n   two\nEOT\nd = 1\n}\n"),
            "a {\n  b = \"${ x }  y\"\n  c = <<EOT\n one\n   two\nEOT\n  d = 1\n}\n");
}

TEST(Format, ends_the_file_with_one_line_end_and_no_space_at_line_ends) {
  EXPECT_EQ(formatted("a = 1  \n\n\n"), "a = 1\n");
  EXPECT_EQ(formatted("a = 1\r\n  \r\nb = 2\r\n"), "a = 1\n\nb = 2\n");
  EXPECT_EQ(formatted(""), "");
}

TEST(Format, leaves_json_and_files_with_mistakes_as_they_are) {
  EXPECT_EQ(formatted("{ \"a\":1 }"), "{ \"a\":1 }");
  Diagnostics diagnostics;
  EXPECT_EQ(format_source(make_source("f", "a  = [\n"), diagnostics), "a  = [\n");
  EXPECT_TRUE(diagnostics.has_errors());
}

}  // namespace
}  // namespace yurt::hcl
