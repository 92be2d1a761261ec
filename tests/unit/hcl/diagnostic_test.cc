#include "jobspec/hcl/diagnostic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace yurt::hcl {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Rendering, shows_the_place_the_line_and_the_offending_text_underlined) {
  const SourcePtr source = make_source("web.nomad.hcl", "job \"a\" {\n  cuont = 3\n}\n");
  const Diagnostic diagnostic{Severity::error,
                              "Unsupported argument",
                              "An argument named \"cuont\" is not expected here.",
                              {source, 12, 17}};
  EXPECT_EQ(render(diagnostic),
            "error: Unsupported argument\n"
            "  web.nomad.hcl:2:3\n"
            "    |\n"
            "  2 |   cuont = 3\n"
            "    |   ^^^^^\n"
            "  An argument named \"cuont\" is not expected here.\n");
}

TEST(Rendering, counts_characters_and_not_bytes) {
  const SourcePtr source = make_source("f", "\u00e9\u00e9 = \u00fc!");
  const Diagnostic diagnostic{Severity::warning, "S", "", {source, 9, 10}};
  EXPECT_EQ(diagnostic.subject.to_string(), "f:1:7");
  EXPECT_EQ(render(diagnostic),
            "warning: S\n  f:1:7\n    |\n  1 | \u00e9\u00e9 = \u00fc!\n    |       ^\n");
}

TEST(Rendering, points_at_the_end_of_the_file_and_at_empty_ranges) {
  const SourcePtr source = make_source("f", "a");
  EXPECT_THAT(render(Diagnostic{Severity::error, "S", "", {source, 1, 1}}), HasSubstr("|  ^"));
  EXPECT_EQ(render(Diagnostic{Severity::error, "S", "D", {}}), "error: S\n  D\n");
}

TEST(Rendering, underlines_the_first_line_of_several) {
  const SourcePtr source = make_source("f", "a = [\n1\n]\n");
  EXPECT_THAT(render(Diagnostic{Severity::error, "S", "", {source, 4, 9}}),
              HasSubstr("1 | a = [\n    |     ^\n"));
}

TEST(Rendering, keeps_control_characters_from_the_terminal_and_long_lines_short) {
  const SourcePtr source = make_source("f", "a\x1b[31m = 1");
  EXPECT_THAT(render(Diagnostic{Severity::error, "S", "", {source, 0, 1}}), Not(HasSubstr("\x1b")));
  const SourcePtr wide = make_source("f", std::string(5000, 'x') + "!" + std::string(5000, 'y'));
  const std::string shown = render(Diagnostic{Severity::error, "S", "", {wide, 5000, 5001}});
  EXPECT_LT(shown.size(), 600U);
  EXPECT_THAT(shown, HasSubstr("x!y"));
}

TEST(Rendering, uses_colours_only_when_told) {
  const Diagnostic diagnostic{Severity::error, "S", "", {make_source("f", "a"), 0, 1}};
  EXPECT_THAT(render(diagnostic, true), HasSubstr("\x1b[1;31m"));
  EXPECT_THAT(render(diagnostic, false), Not(HasSubstr("\x1b")));
}

TEST(Rendering, sorts_by_place_within_a_file) {
  const SourcePtr source = make_source("f", "a\nb\n");
  Diagnostics diagnostics;
  diagnostics.error("Second", "", {source, 2, 3});
  diagnostics.error("First", "", {source, 0, 1});
  const std::string text = render(diagnostics);
  EXPECT_LT(text.find("First"), text.find("Second"));
}

TEST(Diagnostics, beyond_the_limit_are_counted) {
  Diagnostics diagnostics;
  for (std::size_t i = 0; i < Diagnostics::max_kept + 5; ++i) diagnostics.error("S", "", {});
  EXPECT_EQ(diagnostics.error_count(), Diagnostics::max_kept + 5);
  EXPECT_THAT(render(diagnostics), HasSubstr("5 more errors"));
}

TEST(Diagnostics, fit_one_line_for_logs) {
  const Diagnostic diagnostic{Severity::error, "S", "two\nlines", {make_source("f", "a"), 0, 1}};
  EXPECT_EQ(one_line(diagnostic), "f:1:1: S; two lines");
}

TEST(ClosestName, is_one_slip_away_or_none) {
  EXPECT_EQ(closest_name("cuont", {"count", "constraint"}), "count");
  EXPECT_EQ(closest_name("drvier", {"driver", "user"}), "driver");
  EXPECT_EQ(closest_name("xyz", {"count", "driver"}), "");
}

}  // namespace
}  // namespace yurt::hcl
