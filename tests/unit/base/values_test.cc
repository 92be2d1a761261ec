// IDs, base64, globs and random numbers: the small values everything else is made of.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/base64.h"
#include "base/glob.h"
#include "base/ids.h"
#include "base/random.h"

namespace yurt {
namespace {

TEST(Uuid, survives_a_round_trip_through_text_and_bytes) {
  SeededRandom random(1);
  for (int i = 0; i < 100; ++i) {
    const Uuid uuid = Uuid::generate(random);
    EXPECT_EQ(uuid.to_string().size(), 36U);
    EXPECT_EQ(Uuid::parse(uuid.to_string()), uuid);
    EXPECT_EQ(Uuid::from_bytes(uuid.to_bytes()), uuid);
  }
}

TEST(Uuid, orders_as_its_text_does) {
  SeededRandom random(2);
  for (int i = 0; i < 100; ++i) {
    const Uuid a = Uuid::generate(random), b = Uuid::generate(random);
    EXPECT_EQ(a < b, a.to_string() < b.to_string());
  }
}

TEST(Uuid, the_nil_uuid_prints_as_nothing) {
  EXPECT_EQ(Uuid{}.to_string(), "");
  EXPECT_EQ(Uuid{}.to_bytes(), "");
  EXPECT_FALSE(Uuid::parse("zzzzzzzz-0000-0000-0000-000000000000"));
  EXPECT_FALSE(Uuid::parse("1234"));
}

TEST(Base64, survives_a_round_trip) {
  EXPECT_EQ(base64_encode("hello"), "aGVsbG8=");
  EXPECT_TRUE(rc::check("decode(encode(s)) == s", [](const std::string& bytes) {
    RC_ASSERT(*base64_decode(base64_encode(bytes)) == bytes);
  }));
}

TEST(Base64, refuses_what_is_not_base64) {
  for (const char* text : {"a", "aaa", "====", "aa=a", "aGVsbG8", "a*==", "=aaa"}) {
    EXPECT_FALSE(base64_decode(text).ok()) << text;
  }
}

TEST(Glob, matches_whole_strings) {
  EXPECT_TRUE(glob_match("dc*", "dc1"));
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("a?c*e", "abcdde"));
  EXPECT_FALSE(glob_match("dc", "dc1"));
  EXPECT_FALSE(glob_match("", "x"));
  EXPECT_TRUE(glob_match("*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaab"));
}

TEST(Random, same_seed_same_sequence) {
  SeededRandom a(7), b(7), c(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const auto value = a.next();
    EXPECT_EQ(value, b.next());
    differs |= value != c.next();
  }
  EXPECT_TRUE(differs);
}

TEST(Random, below_stays_below) {
  EXPECT_TRUE(rc::check("below(n) < n", [](std::uint64_t seed) {
    SeededRandom random(seed);
    const auto bound = *rc::gen::inRange<std::uint64_t>(1, UINT64_MAX);
    RC_ASSERT(random.below(bound) < bound);
    const double fraction = random.fraction();
    RC_ASSERT(fraction >= 0 && fraction < 1);
  }));
}

}  // namespace
}  // namespace yurt
