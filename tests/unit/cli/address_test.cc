#include "cli/address.h"

#include <gtest/gtest.h>

namespace yurt::cli {
namespace {

TEST(Address, is_a_host_and_a_port_which_has_a_default) {
  const auto text = [](const std::string& from) { return parse_address(from)->text(); };
  EXPECT_EQ(text("server"), "server:4647");
  EXPECT_EQ(text("server:1"), "server:1");
  EXPECT_EQ(text("http://server"), "server:4646");
  EXPECT_EQ(text("http://server:80/ui"), "server:80");
  EXPECT_EQ(text("[::1]:99"), "[::1]:99");
  EXPECT_EQ(text("[::1]"), "[::1]:4647");
  EXPECT_TRUE(parse_address("http://server")->http);
  EXPECT_FALSE(parse_address("server")->http);
}

TEST(Address, that_is_none_is_refused_with_what_one_looks_like) {
  for (const char* wrong : {"", ":4647", "server:", "server:port", "server:99999", "https://server",
                            "ftp://server", "http://"}) {
    const auto parsed = parse_address(wrong);
    ASSERT_FALSE(parsed.ok()) << wrong;
    EXPECT_NE(parsed.error().message.find("host:port"), std::string::npos);
  }
}

}  // namespace
}  // namespace yurt::cli
