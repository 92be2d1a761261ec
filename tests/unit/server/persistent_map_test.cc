#include "server/state/persistent_map.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <thread>

namespace yurt::server {
namespace {

using Map = PersistentMap<int, int>;
using Model = std::map<int, int>;

Model contents(const Map& map) {
  Model out;
  map.each([&](int key, int value) {
    out.emplace(key, value);
    return true;
  });
  return out;
}

TEST(PersistentMap, behaves_as_an_ordered_map_and_its_copies_never_change) {
  EXPECT_TRUE(rc::check([] {
    Map map;
    Model model;
    std::vector<std::pair<Map, Model>> snapshots;
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
