// Constraint operators, versions, targets and computed classes.
#include <gtest/gtest.h>

#include <set>

#include "scheduler/computed_class.h"
#include "scheduler/feasible/predicate.h"
#include "scheduler/feasible/version.h"
#include "tests/support/cluster/builders.h"

namespace yurt::test {
namespace {

using scheduler::computed_class;
using scheduler::Predicate;
using scheduler::VersionConstraint;

bool holds(const std::string& value, const std::string& op, const std::string& right) {
  const model::Node node = NodeBuilder().attribute("x", value).build();
  return Predicate("${attr.x}", op, right).holds_for(node);
}

TEST(Operator, equality_and_its_spellings) {
  for (const char* op : {"", "=", "==", "is"}) EXPECT_TRUE(holds("a", op, "a")) << op;
  for (const char* op : {"!=", "not"}) EXPECT_TRUE(holds("a", op, "b")) << op;
  EXPECT_FALSE(holds("a", "=", "b"));
  EXPECT_FALSE(holds("a", "!=", "a"));
}

TEST(Operator, order_compares_integers_then_floats_then_text) {
  EXPECT_TRUE(holds("9", "<", "10"));
  EXPECT_TRUE(holds("9.5", "<", "10"));
  EXPECT_TRUE(holds("1.5", ">=", "1.50"));
  EXPECT_TRUE(holds("b", ">", "a"));
  EXPECT_FALSE(holds("10a", ">", "9a")) << "text, character by character";
  EXPECT_TRUE(holds("5", "<=", "5"));
}

TEST(Operator, regexp_matches_anywhere_and_a_broken_pattern_never) {
  EXPECT_TRUE(holds("linux-6.1", "regexp", "x-[0-9]"));
  EXPECT_FALSE(holds("linux", "regexp", "^x"));
  EXPECT_FALSE(holds("linux", "regexp", "("));
}

TEST(Operator, set_contains_trims_items) {
  EXPECT_TRUE(holds("a, b ,c", "set_contains", "c,a"));
  EXPECT_TRUE(holds("a,b", "set_contains_all", "b"));
  EXPECT_FALSE(holds("a,b", "set_contains", "a,d"));
  EXPECT_TRUE(holds("a,b", "set_contains_any", "d,b"));
  EXPECT_FALSE(holds("a,b", "set_contains_any", "d"));
}

TEST(Operator, a_missing_attribute_is_unequal_to_everything_and_satisfies_nothing_else) {
  const model::Node node = NodeBuilder().build();
  const auto check = [&](const char* op, const char* right) {
    return Predicate("${attr.none}", op, right).holds_for(node);
  };
  EXPECT_TRUE(check("!=", "a"));
  EXPECT_TRUE(check("is_not_set", ""));
  EXPECT_FALSE(check("is_set", ""));
  for (const char* op : {"=", "<", ">=", "regexp", "version", "semver", "set_contains"}) {
    EXPECT_FALSE(check(op, "1")) << op;
  }
  EXPECT_FALSE(check("no-such-operator", "1"));
}

TEST(Operator, both_sides_may_be_read_from_the_node) {
  const model::Node node =
      NodeBuilder().name("n1").meta("owner", "n1").node_class("big").pool("gpu").build();
  EXPECT_TRUE(Predicate("${node.unique.name}", "=", "${meta.owner}").holds_for(node));
  EXPECT_TRUE(Predicate("${node.class}", "=", "big").holds_for(node));
  EXPECT_TRUE(Predicate("${node.pool}", "=", "gpu").holds_for(node));
  EXPECT_TRUE(Predicate("${node.datacenter}", "=", "dc1").holds_for(node));
  EXPECT_FALSE(Predicate("${node.region}", "is_set", "").holds_for(node));
}

bool version(const char* have, const char* constraint) {
  const auto parsed = VersionConstraint::parse(constraint, VersionConstraint::Mode::lenient);
  return parsed && parsed->holds_for(have);
}
bool semver(const char* have, const char* constraint) {
  const auto parsed = VersionConstraint::parse(constraint, VersionConstraint::Mode::strict);
  return parsed && parsed->holds_for(have);
}

TEST(Version, lists_of_terms_must_all_hold) {
  EXPECT_TRUE(version("1.5", ">= 1.2, < 2"));
  EXPECT_FALSE(version("2.0.0", ">= 1.2, < 2"));
  EXPECT_TRUE(version("v1.2.0", "= 1.2"));
  EXPECT_TRUE(version("1.2.3.4", "> 1.2.3"));
  EXPECT_TRUE(version("1.3", "!= 1.2"));
  EXPECT_FALSE(version("new", ">= 0"));
  EXPECT_FALSE(version("1.0", ">= one"));
}

TEST(Version, the_pessimistic_operator_allows_the_last_given_segment_to_grow) {
  EXPECT_TRUE(version("1.2.9", "~> 1.2.3"));
  EXPECT_FALSE(version("1.3.0", "~> 1.2.3"));
  EXPECT_TRUE(version("1.9", "~> 1.2"));
  EXPECT_FALSE(version("2.0", "~> 1.2"));
  EXPECT_FALSE(version("1.1", "~> 1.2"));
}

TEST(Version, prereleases_match_only_when_the_constraint_names_one) {
  EXPECT_FALSE(version("1.7.0-beta", ">= 1.6.0"));
  EXPECT_TRUE(version("1.6.0-beta2", ">= 1.6.0-beta1"));
  EXPECT_FALSE(version("1.7.0-beta", ">= 1.6.0-beta1"));
  EXPECT_TRUE(version("1.6.0", ">= 1.6.0-beta1"));
}

TEST(Semver, is_strict_and_orders_prereleases) {
  EXPECT_TRUE(semver("1.7.0-beta", ">= 1.6.0"));
  EXPECT_TRUE(semver("1.6.0-rc.1", "> 1.6.0-rc.0"));
  EXPECT_TRUE(semver("1.6.0-alpha.1", "< 1.6.0-alpha.beta"));
  EXPECT_TRUE(semver("1.6.0+build7", "= 1.6.0"));
  EXPECT_FALSE(semver("v1.6.0", ">= 1.0.0"));
  EXPECT_FALSE(semver("1.6", ">= 1.0.0"));
  EXPECT_FALSE(semver("1.6.0", "~> 1.0.0"));
}

TEST(ComputedClass, ignores_what_is_unique_to_a_node) {
  const std::string base = computed_class(NodeBuilder().build());
  EXPECT_EQ(base, computed_class(NodeBuilder()
                                     .id("11111111-2222-3333-4444-555555555555")
                                     .name("other")
                                     .attribute("unique.hostname", "h1")
                                     .meta("unique.rack", "r1")
                                     .build()));
  model::Node changed = NodeBuilder().build();
  changed.mutable_node_resources()->mutable_node_networks(0)->mutable_addresses(0)->set_address(
      "192.0.2.99");
  EXPECT_EQ(base, computed_class(changed));
}

TEST(ComputedClass, differs_with_everything_that_feasibility_can_see) {
  const std::string base = computed_class(NodeBuilder().build());
  std::vector<NodeBuilder> variants(8);
  variants[0].attribute("a", "1");
  variants[1].meta("a", "1");
  variants[2].datacenter("dc2");
  variants[3].node_class("big");
  variants[4].pool("gpu");
  (*variants[5].edit().mutable_drivers())["docker"].set_healthy(false);
  variants[6].gpus("A100", 1);
  variants[7].address("public", "198.51.100.1");
  std::set<std::string> classes{base};
  for (const NodeBuilder& variant : variants) classes.insert(computed_class(variant.build()));
  EXPECT_EQ(classes.size(), variants.size() + 1);
}

}  // namespace
}  // namespace yurt::test
