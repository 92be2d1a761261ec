#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "agent/stream/server_list.h"
#include "agent/stream/update_queue.h"
#include "tests/support/job_builder.h"

namespace yurt::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::new_alloc_id;

constexpr std::int64_t millisecond = nanoseconds_per_millisecond;

TEST(UpdateQueue, sends_each_changed_allocation_once_in_the_order_of_change) {
  UpdateQueue queue;
  const AllocId a = new_alloc_id();
  const AllocId b = new_alloc_id();
  queue.changed(b);
  queue.changed(a);
  queue.changed(b);
  const auto batch = queue.next();
  ASSERT_TRUE(batch);
  EXPECT_THAT(batch->allocs, ElementsAre(b, a));
  EXPECT_FALSE(queue.next());
  EXPECT_THAT(queue.acknowledged(batch->sequence), ElementsAre(b, a));
  EXPECT_TRUE(queue.settled());
}

TEST(UpdateQueue, an_allocation_that_changed_again_is_not_settled_by_the_older_acknowledgement) {
  UpdateQueue queue;
  const AllocId a = new_alloc_id();
  queue.changed(a);
  const auto first = queue.next();
  queue.changed(a);
  EXPECT_THAT(queue.acknowledged(first->sequence), IsEmpty());
  const auto second = queue.next();
  ASSERT_TRUE(second);
  EXPECT_THAT(queue.acknowledged(second->sequence), ElementsAre(a));
}

TEST(UpdateQueue, sends_again_what_was_in_flight_when_the_connection_broke) {
  UpdateQueue queue;
  const AllocId a = new_alloc_id();
  queue.changed(a);
  (void)queue.next();
  queue.disconnected();
  const auto again = queue.next();
  ASSERT_TRUE(again);
  EXPECT_THAT(again->allocs, ElementsAre(a));
}

TEST(UpdateQueue, holds_back_when_the_server_does_not_keep_up) {
  UpdateQueue queue;
  std::vector<std::uint64_t> sent;
  for (std::size_t i = 0; i < UpdateQueue::max_in_flight; ++i) {
    queue.changed(new_alloc_id());
    sent.push_back(queue.next()->sequence);
  }
  queue.changed(new_alloc_id());
  EXPECT_FALSE(queue.next());
  (void)queue.acknowledged(sent.front());
  EXPECT_TRUE(queue.next());
}

TEST(UpdateQueue, loses_no_change_in_any_history) {
  EXPECT_TRUE(rc::check("the last change of every allocation is acknowledged", [] {
    UpdateQueue queue;
    std::vector<AllocId> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(new_alloc_id());
    std::map<AllocId, int> version;
    std::map<AllocId, int> acknowledged;
    std::map<std::uint64_t, std::map<AllocId, int>> in_flight;
    const auto send = [&] {
      if (const auto batch = queue.next()) {
        for (const AllocId id : batch->allocs) in_flight[batch->sequence][id] = version[id];
      }
    };
    const auto acknowledge = [&] {
      if (in_flight.empty()) return;
      const auto first = *in_flight.begin();
      in_flight.erase(in_flight.begin());
      for (const AllocId id : queue.acknowledged(first.first)) {
        RC_ASSERT(first.second.at(id) == version[id]);
        acknowledged[id] = version[id];
      }
    };
    for (int step = 0; step < 100; ++step) {
      switch (*rc::gen::inRange(0, 5)) {
        case 0:
        case 1: {
          const AllocId id = *rc::gen::elementOf(ids);
          ++version[id];
          queue.changed(id);
          break;
        }
        case 2: send(); break;
        case 3: acknowledge(); break;
        default: queue.disconnected(); in_flight.clear();
      }
    }
    for (int i = 0; i < 50; ++i) {
      send();
      acknowledge();
    }
    RC_ASSERT(queue.settled());
    for (const auto& [id, latest] : version) RC_ASSERT(acknowledged[id] == latest);
  }));
}

TEST(ServerList, tries_every_server_once_before_it_waits) {
  ServerList list({"a:1", "b:1", "c:1"});
  for (const char* expected : {"a:1", "b:1", "c:1"}) {
    const auto dial = list.next(0.5);
    EXPECT_EQ(dial.address, expected);
    EXPECT_EQ(dial.wait_ns, 0);
  }
  EXPECT_GT(list.next(0.5).wait_ns, 0);
}

TEST(ServerList, waits_longer_each_round_but_never_beyond_ten_seconds) {
  ServerList list({"a:1"});
  std::int64_t before = 0;
  for (int i = 0; i < 30; ++i) {
    const auto dial = list.next(0.999);
    EXPECT_GE(dial.wait_ns, before);
    EXPECT_LE(dial.wait_ns, 10'000 * millisecond);
    before = dial.wait_ns;
  }
  EXPECT_GT(before, 9'000 * millisecond);
}

TEST(ServerList, goes_to_the_named_leader_at_once) {
  ServerList list({"a:1", "b:1"});
  (void)list.next(0);
  const auto dial = list.redirected("leader:1", 0);
  EXPECT_EQ(dial.address, "leader:1");
  EXPECT_EQ(dial.wait_ns, 0);
}

TEST(ServerList, does_not_run_in_circles_between_servers_that_name_each_other) {
  ServerList list({"a:1", "b:1"});
  (void)list.next(0);
  std::int64_t waited = 0;
  for (int i = 0; i < 10; ++i) waited += list.redirected("b:1", 0).wait_ns;
  EXPECT_GT(waited, 0);
}

TEST(ServerList, prefers_what_servers_tell_and_keeps_what_was_configured) {
  ServerList list({"old:1"});
  list.learn({"new:1", "new:2"});
  EXPECT_EQ(list.next(0).address, "new:1");
  EXPECT_EQ(list.next(0).address, "new:2");
  EXPECT_EQ(list.next(0).address, "old:1");
}

}  // namespace
}  // namespace yurt::agent
