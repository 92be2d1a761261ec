#include "base/size.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace yurt {
namespace {

using ::testing::HasSubstr;

TEST(Size, is_read_in_decimal_and_binary_units) {
  EXPECT_EQ(parse_size("18GiB").value(), 18LL << 30);
  EXPECT_EQ(parse_size("500 MiB").value(), 500LL << 20);
  EXPECT_EQ(parse_size("24GB").value(), 24'000'000'000);
  EXPECT_EQ(parse_size("1.5TiB").value(), 3LL << 39);
  EXPECT_EQ(parse_size("7kB").value(), 7'000);
  EXPECT_EQ(parse_size("0B").value(), 0);
}

TEST(Size, in_mib_is_rounded_up) {
  EXPECT_EQ(parse_size_mib("24GB").value(), 22889);
  EXPECT_EQ(parse_size_mib("1B").value(), 1);
  EXPECT_EQ(parse_size_mib("2MiB").value(), 2);
}

TEST(Size, that_cannot_be_read_says_what_was_expected) {
  EXPECT_THAT(parse_size("18").error().message, HasSubstr("the unit is missing"));
  EXPECT_THAT(parse_size("18 parsecs").error().message, HasSubstr("no unit \"parsecs\""));
  EXPECT_THAT(parse_size("-1GiB").error().message, HasSubstr("negative"));
  EXPECT_THAT(parse_size("GiB").error().message, HasSubstr("expected for instance \"18GiB\""));
  EXPECT_THAT(parse_size("").error().message, HasSubstr("does not start with a number"));
  EXPECT_THAT(parse_size("9999999999TiB").error().message, HasSubstr("more than any device"));
}

}  // namespace
}  // namespace yurt
