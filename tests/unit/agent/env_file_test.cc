#include "agent/template/env_file.h"

#include <gtest/gtest.h>

namespace yurt::agent {
namespace {

TEST(EnvFile, reads_names_values_quotes_and_comments) {
  const auto variables = parse_env_file(
      "# comment\nA=1\n export B = two words # gone\nC='single $x'\nD=\"a\\nb "
      "\\\"q\\\"\"\n\nE=\nF=a=b");
  ASSERT_TRUE(variables.ok()) << variables.error().message;
  const std::map<std::string, std::string> expected = {{"A", "1"},         {"B", "two words"},
                                                       {"C", "single $x"}, {"D", "a\nb \"q\""},
                                                       {"E", ""},          {"F", "a=b"}};
  EXPECT_EQ(*variables, expected);
}

TEST(EnvFile, names_the_line_it_cannot_read) {
  for (const char* text : {"A=1\nnonsense\n", "A=1\n=x", "A=1\nB=\"open"}) {
    const auto variables = parse_env_file(text);
    ASSERT_FALSE(variables.ok());
    EXPECT_NE(variables.error().message.find("line 2"), std::string::npos)
        << variables.error().message;
  }
}

}  // namespace
}  // namespace yurt::agent
