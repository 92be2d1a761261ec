#include "server/state/persistent_map.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <thread>

namespace yurt::server {
namespace {

using Map = PersistentMap<int, int>;
using Reference = std::map<int, int>;

Reference contents(const Map& map) {
  Reference out;
  map.each([&](int key, int value) {
    out.emplace(key, value);
    return true;
  });
  return out;
}

TEST(PersistentMap, behaves_as_an_ordered_map_and_its_copies_never_change) {
  EXPECT_TRUE(rc::check([] {
    Map map;
    Reference model;
    std::vector<std::pair<Map, Reference>> snapshots;
    const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, 600), rc::gen::inRange(0, 10)));
    // Each step is repeated over a stretch of keys, so that trees grow several levels deep.
    for (const auto& [start, action] : steps) {
      for (int key = start; key < start + 97; ++key) {
        if (action < 5) {
          map.set(key, start);
          model[key] = start;
        } else if (action < 9) {
          RC_ASSERT(map.erase(key) == (model.erase(key) == 1));
        }
      }
      if (action == 9) snapshots.emplace_back(map, model);
      map.check();
    }
    RC_ASSERT(contents(map) == model);
    for (const auto& [copy, expected] : snapshots) RC_ASSERT(contents(copy) == expected);
  }));
}

TEST(PersistentMap, made_whole_from_sorted_entries_is_the_map_that_inserting_makes) {
  for (const std::size_t count : {0UL, 1UL, 56UL, 57UL, 3'136UL, 3'137UL, 50'000UL}) {
    Map built = Map::from_sorted(
        count, [](std::size_t i) { return static_cast<int>(2 * i); },
        [](std::size_t i) { return static_cast<int>(i); });
    Reference model;
    for (std::size_t i = 0; i < count; ++i) {
      model[static_cast<int>(2 * i)] = static_cast<int>(i);
    }
    built.check();
    EXPECT_EQ(built.size(), count);
    EXPECT_EQ(contents(built), model);
    // It goes on as any other.
    for (int key = 1; key < 2'000; key += 3) {
      built.set(key, key);
      model[key] = key;
      EXPECT_EQ(built.erase(key + 1), model.erase(key + 1) == 1);
    }
    built.check();
    EXPECT_EQ(contents(built), model);
  }
}

TEST(PersistentMap, scans_from_a_key_that_need_not_exist) {
  Map map;
  for (int i = 0; i < 10'000; i += 2) map.set(i, i);
  for (int from : {-5, 0, 1, 4999, 9998, 9999}) {
    std::vector<int> seen;
    map.scan(from, [&](int key, int) {
      seen.push_back(key);
      return seen.size() < 3;
    });
    std::vector<int> expected;
    for (int i = std::max(0, from + (from & 1)); i < 10'000 && expected.size() < 3; i += 2) {
      expected.push_back(i);
    }
    EXPECT_EQ(seen, expected) << from;
  }
  EXPECT_EQ(*map.find(4000), 4000);
  EXPECT_EQ(map.find(4001), nullptr);
}

TEST(PersistentMap, readers_of_a_copy_are_undisturbed_by_the_writer) {
  Map map;
  for (int i = 0; i < 5'000; ++i) map.set(i, 0);
  for (int round = 1; round <= 20; ++round) {
    std::thread reader([copy = map, round] {
      int sum = 0;
      copy.each([&](int, int value) {
        sum += value;
        return true;
      });
      EXPECT_EQ(sum, 5'000 * (round - 1));
    });
    for (int i = 0; i < 5'000; ++i) map.set(i, round);
    reader.join();
  }
}

}  // namespace
}  // namespace yurt::server
