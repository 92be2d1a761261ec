// What users of a service can count on whatever is released: enough instances serve.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/unit/server/release_fixture.h"

namespace yurt::server {
namespace {

// From the whole range, in a property's first cases too.
int draw(int from, int to) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(from, to));
}

struct Shape {
  int count, max_parallel;
  bool with_canaries;
};

test::JobBuilder random_release(const Shape& shape) {
  test::JobBuilder job = a_service(shape.count, shape.max_parallel);
  auto& update = update_of(job);
  update.set_auto_revert(draw(0, 2) == 1);
  if (shape.with_canaries) {
    update.set_canary(draw(0, 3));
    update.set_auto_promote(update.canary() > 0 && draw(0, 2) == 1);
    if (update.canary() > 0 && draw(0, 2) == 1) update.set_canary_placement("replace");
  }
  if (draw(0, 2) == 1) {
    auto* reschedule = job.group().mutable_reschedule();
    reschedule->set_unlimited(false);
    reschedule->set_attempts(draw(0, 2));
    reschedule->set_interval(3600 * nanoseconds_per_second);
  }
  return job;
}

// A step of anybody: users, agents, the leader, the scheduler, time.
void step(Releases& it, const Shape& shape) {
  switch (draw(0, 20)) {
    case 0: it.release(random_release(shape), true); break;
    case 1: it.release(random_release(shape), false); break;
    case 2: {
      const auto back = static_cast<std::uint64_t>(draw(1, 5));
      if (back <= it.version()) it.go_back_to(it.version() - back);
      break;
    }
    case 3: static_cast<void>(it.promote()); break;
    case 4: static_cast<void>(it.move("failed")); break;
    case 5: static_cast<void>(it.move("paused")); break;
    case 6: static_cast<void>(it.move("running")); break;
    case 7: it.pass(draw(0, 2) == 0 ? 40 : 700); break;
    case 8:
    case 9:
    case 10: it.watch(); break;
    case 11:
    case 12:
    case 13:
    case 14: it.schedule(); break;
    default: {
      const auto allocs = it.allocs();
      it.progress(*allocs[static_cast<std::size_t>(draw(0, static_cast<int>(allocs.size())))]);
    }
  }
}

Shape some_shape(bool with_canaries) {
  const int count = draw(1, 5);
  return {count, draw(1, 3), with_canaries};
}

// A settled first version, on `spare` nodes more than it needs.
Releases first_release(const Shape& shape) {
  Releases it(shape.count + draw(0, 3));
  it.release(a_service(shape.count, shape.max_parallel), true);
  it.settle(10);
  RC_ASSERT(it.healthy() == shape.count);
  return it;
}

// Versions that were healthy stay so; bad ones never get there. Whatever is released, promoted,
// failed, paused, reverted by hand or by itself, and in whatever order agents, leader and scheduler
// come to it.
TEST(ReleaseProperty, the_healthy_never_fall_below_count_less_max_parallel) {
  EXPECT_TRUE(rc::check([] {
    const Shape shape = some_shape(true);
    Releases it = first_release(shape);
    const int steps = draw(1, 120);
    for (int i = 0; i < steps; ++i) {
      const std::string before = it.details();
      step(it, shape);
      if (it.healthy() < shape.count - shape.max_parallel) {
        RC_FAIL(std::to_string(it.healthy()) + " of " + std::to_string(shape.count) +
                " healthy, max_parallel " + std::to_string(shape.max_parallel) +
                ";\nbefore: " + before + "\nnow: " + it.details());
      }
    }
  }));
}

// Instances may also die by themselves. That no plan can prevent, but none makes it worse.
TEST(ReleaseProperty, no_plan_of_a_rolling_release_adds_to_what_died_by_itself) {
  EXPECT_TRUE(rc::check([] {
    const Shape shape = some_shape(false);
    Releases it = first_release(shape);
    const int steps = draw(1, 120);
    for (int i = 0; i < steps; ++i) {
      if (draw(0, 8) == 0) {
        const auto allocs = it.running();
        if (allocs.empty()) continue;
        const int which = draw(0, static_cast<int>(allocs.size()));
        it.report(*allocs[static_cast<std::size_t>(which)], "failed", false);
        continue;
      }
      const int before = it.healthy();
      const std::string details = it.details();
      step(it, shape);
      const int least = std::min(before, shape.count - shape.max_parallel);
      if (it.healthy() < least) {
        RC_FAIL(std::to_string(it.healthy()) + " healthy, " + std::to_string(before) +
                " before; count " + std::to_string(shape.count) + ", max_parallel " +
                std::to_string(shape.max_parallel) + ";\nbefore: " + details +
                "\nnow: " + it.details());
      }
    }
  }));
}

// A release that is good ends well whatever came before it, given time.
TEST(ReleaseProperty, a_good_release_ends_well_whatever_came_before) {
  EXPECT_TRUE(rc::check([] {
    const Shape shape = some_shape(true);
    Releases it = first_release(shape);
    const int steps = draw(1, 60);
    for (int i = 0; i < steps; ++i) step(it, shape);
    it.release(a_service(shape.count, shape.max_parallel), true);
    it.settle(60);
    RC_ASSERT(it.status() == "successful: Deployment completed successfully");
    RC_ASSERT(it.healthy() == shape.count);
    for (const AllocRef& alloc : it.running()) RC_ASSERT(alloc->job->version() == it.version());
  }));
}

}  // namespace
}  // namespace yurt::server
