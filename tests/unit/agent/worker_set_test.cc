#include "agent/runner/worker_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "proto/agent_stream.pb.h"
#include "proto/job.pb.h"

namespace yurt::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t one_second = nanoseconds_per_second;
using Phase = TaskMachine::Phase;

TaskSpec workers_spec(std::size_t count, bool serial = true, bool check = true) {
  TaskSpec spec;
  spec.name = "predict";
  spec.restart = {.attempts = 2, .interval_ns = 3600 * one_second, .delay_ns = 5 * one_second};
  spec.restart_on_success = true;
  spec.workers = WorkerRules{.count = count, .serial = serial, .ready_by_check = check};
  return spec;
}

// Plays the world for a set: preparations and starts succeed at once.
class SetWorld {
 public:
  explicit SetWorld(TaskSpec spec) : set(std::move(spec)) {}

  void begin() {
    TaskEffects out;
    set.begin(now, out);
    perform(out);
  }
  void exit(std::size_t worker, int code) {
    drivers::ExitResult result;
    result.exit_code = code;
    result.finished_at_ns = now.wall_ns;
    result.peak_memory_bytes = 100;
    stopping.erase(worker);
    TaskEffects out;
    set.exited(worker, now, 0, result, out);
    perform(out);
  }
  void ready(std::size_t worker) {
    TaskEffects out;
    set.became_ready(worker, now, out);
    perform(out);
  }
  void kill() {
    TaskEffects out;
    set.kill(now, KillOrder{}, out);
    perform(out);
  }
  void restart(std::optional<std::size_t> worker) {
    TaskEffects out;
    EXPECT_TRUE(set.restart(worker, now, "asked", out));
    perform(out);
  }
  void advance(std::int64_t ns) {
    now.steady_ns += ns;
    now.wall_ns += ns;
    TaskEffects out;
    set.on_time(now, out);
    perform(out);
  }
  void resume() {
    TaskEffects out;
    set.resume(now, out);
    perform(out);
  }
  void perform(const TaskEffects& effects) {
    for (const TaskEffect& effect : effects) {
      TaskEffects out;
      switch (effect.action) {
        case TaskAction::prepare:
          if (!prepares) break;
          set.prepared(effect.worker, now, 0, std::nullopt, out);
          break;
        case TaskAction::start:
          starts.push_back(effect.worker);
          set.started(effect.worker, now, now.wall_ns, out);
          break;
        case TaskAction::stop: stopping.insert(effect.worker); break;
        default: break;
      }
      perform(out);
    }
  }
  std::vector<std::size_t> running() const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < set.size(); ++i) {
      if (set.copy(i).phase() == Phase::running) found.push_back(i);
    }
    return found;
  }

  Instant now{1'700'000'000 * one_second, 50 * one_second};
  WorkerSet set;
  std::vector<std::size_t> starts;
  std::set<std::size_t> stopping;
  bool prepares = true;
};

TEST(WorkerSet, SerialWorkersStartInOrderEachOnceTheOneBeforeIsReady) {
  SetWorld world(workers_spec(3));
  world.begin();
  EXPECT_THAT(world.starts, ElementsAre(0));
  EXPECT_EQ(world.set.phase(), Phase::starting) << "not all of it runs yet";
  world.ready(0);
  EXPECT_THAT(world.starts, ElementsAre(0, 1));
  world.advance(60 * one_second);
  EXPECT_THAT(world.starts, ElementsAre(0, 1)) << "time alone makes none ready that is checked";
  world.ready(1);
  world.ready(2);
  EXPECT_THAT(world.starts, ElementsAre(0, 1, 2));
  EXPECT_EQ(world.set.phase(), Phase::running);
  EXPECT_TRUE(world.set.all_started());
}

TEST(WorkerSet, WithoutACheckRunningForAMomentIsReady) {
  SetWorld world(workers_spec(2, true, false));
  world.begin();
  EXPECT_THAT(world.starts, ElementsAre(0));
  ASSERT_TRUE(world.set.wake_steady_ns());
  world.advance(worker_settle_ns);
  EXPECT_THAT(world.starts, ElementsAre(0, 1));
  world.advance(worker_settle_ns);
  EXPECT_EQ(world.set.phase(), Phase::running);
  EXPECT_FALSE(world.set.wake_steady_ns());
}

TEST(WorkerSet, ParallelWorkersStartTogether) {
  SetWorld world(workers_spec(4, false));
  world.begin();
  EXPECT_THAT(world.starts, ElementsAre(0, 1, 2, 3));
}

TEST(WorkerSet, AWorkerThatDiesIsRestartedAloneAndCountsAlone) {
  SetWorld world(workers_spec(3, false, false));
  world.begin();
  world.advance(worker_settle_ns);
  world.exit(1, 137);
  EXPECT_THAT(world.running(), ElementsAre(0, 2));
  EXPECT_THAT(world.stopping, IsEmpty());
  EXPECT_EQ(world.set.state().state(), "running");
  EXPECT_EQ(world.set.phase(), Phase::backing_off);
  world.advance(10 * one_second);
  world.advance(worker_settle_ns);
  EXPECT_THAT(world.running(), ElementsAre(0, 1, 2));
  EXPECT_THAT(world.starts, ElementsAre(0, 1, 2, 1));
  const auto& state = world.set.state();
  EXPECT_EQ(state.restarts(), 1U);
  EXPECT_EQ(state.workers(0).restarts(), 0U);
  EXPECT_EQ(state.workers(1).restarts(), 1U);
  EXPECT_TRUE(state.workers(1).ready());
}

TEST(WorkerSet, ARestartedSerialWorkerWaitsWhileAnotherLoads) {
  SetWorld world(workers_spec(2));
  world.begin();
  world.ready(0);
  world.exit(0, 1);  // while worker 1 loads
  world.advance(10 * one_second);
  EXPECT_THAT(world.starts, ElementsAre(0, 1));
  world.ready(1);
  EXPECT_THAT(world.starts, ElementsAre(0, 1, 0));
}

TEST(WorkerSet, ARestartOfTheWholeTaskLoadsOneWorkerAtATime) {
  SetWorld world(workers_spec(3));
  world.begin();
  for (std::size_t i = 0; i < 3; ++i) world.ready(i);
  world.starts.clear();
  world.restart(std::nullopt);
  EXPECT_THAT(world.stopping, ElementsAre(0, 1, 2));
  for (std::size_t i = 0; i < 3; ++i) world.exit(i, 143);
  EXPECT_THAT(world.starts, ElementsAre(0));
  world.ready(0);
  world.ready(1);
  EXPECT_THAT(world.starts, ElementsAre(0, 1, 2));
}

TEST(WorkerSet, OneWorkerCanBeRestarted) {
  SetWorld world(workers_spec(2, false, false));
  world.begin();
  world.restart(1);
  EXPECT_THAT(world.stopping, ElementsAre(1));
  world.exit(1, 143);
  EXPECT_THAT(world.starts, ElementsAre(0, 1, 1));
}

TEST(WorkerSet, AKillReachesAllAtOnceAlsoThoseThatHaveNotStarted) {
  SetWorld world(workers_spec(3));
  world.begin();
  world.ready(0);
  world.kill();
  EXPECT_THAT(world.stopping, ElementsAre(0, 1));
  EXPECT_FALSE(world.set.dead());
  world.exit(1, 143);
  world.exit(0, 143);
  EXPECT_TRUE(world.set.dead());
  EXPECT_FALSE(world.set.failed());
  EXPECT_EQ(world.set.state().state(), "dead");
  EXPECT_THAT(world.starts, ElementsAre(0, 1));
}

TEST(WorkerSet, AWorkerThatWaitsForItsTurnDiesAtOnceWhenKilled) {
  SetWorld world(workers_spec(2));
  world.begin();
  world.ready(0);
  world.exit(0, 1);
  world.advance(10 * one_second);  // worker 0 is held back while worker 1 loads
  world.kill();
  EXPECT_TRUE(world.set.copy(0).dead());
  world.exit(1, 143);
  EXPECT_TRUE(world.set.dead());
}

TEST(WorkerSet, ABatchTaskSucceedsWhenAllWorkersHave) {
  TaskSpec spec = workers_spec(2, false, false);
  spec.restart_on_success = false;
  SetWorld world(spec);
  world.begin();
  world.exit(0, 0);
  EXPECT_FALSE(world.set.dead());
  EXPECT_EQ(world.set.state().state(), "running");
  world.exit(1, 0);
  EXPECT_TRUE(world.set.dead());
  EXPECT_FALSE(world.set.failed());
}

TEST(WorkerSet, AWorkerThatFailsForGoodEndsTheOthersAndFailsTheTask) {
  TaskSpec spec = workers_spec(3, false, false);
  spec.restart.attempts = 0;
  SetWorld world(spec);
  world.begin();
  world.exit(1, 3);
  EXPECT_THAT(world.stopping, ElementsAre(0, 2));
  EXPECT_FALSE(world.set.dead());
  world.exit(0, 143);
  world.exit(2, 143);
  EXPECT_TRUE(world.set.dead());
  EXPECT_TRUE(world.set.state().failed());
  EXPECT_TRUE(world.set.state().workers(1).failed());
  EXPECT_FALSE(world.set.state().workers(0).failed());
}

TEST(WorkerSet, EventsSayWhichWorkerTheyAreOf) {
  SetWorld world(workers_spec(2, false, false));
  world.begin();
  world.exit(1, 9);
  const auto& events = world.set.state().events();
  ASSERT_FALSE(events.empty());
  bool found = false;
  for (const auto& event : events) {
    if (event.type() != "Terminated") continue;
    found = true;
    EXPECT_THAT(event.display_message(), HasSubstr("Worker 1: "));
  }
  EXPECT_TRUE(found);
}

TEST(WorkerSet, AfterTheAgentsDeathEachWorkerGoesOnFromWhereItStood) {
  SetWorld before(workers_spec(4));
  before.begin();
  before.ready(0);
  before.ready(1);  // worker 2 loads, 3 waits
  before.exit(0, 1);
  const model::TaskState stored = before.set.state();

  SetWorld after(workers_spec(4));
  after.now = before.now;
  std::vector<KnownCopy> copies(4);
  copies[0].tracker = before.set.copy(0).tracker();
  copies[1].attached = copies[2].attached = true;
  after.set.restore(stored, copies, after.now);
  EXPECT_EQ(after.set.phase(), Phase::backing_off);
  after.resume();
  EXPECT_THAT(after.running(), ElementsAre(1, 2));
  EXPECT_THAT(after.starts, IsEmpty()) << "nothing runs twice";
  EXPECT_EQ(after.set.state().workers(0).restarts(), 1U);
  after.advance(10 * one_second);
  EXPECT_THAT(after.starts, IsEmpty()) << "worker 2 is not ready";
  after.ready(2);
  after.ready(0);
  EXPECT_THAT(after.starts, ElementsAre(0, 3));
}

TEST(WorkerSet, AFailureUnderWayWhenTheAgentDiedGoesOn) {
  TaskSpec spec = workers_spec(2, false, false);
  spec.restart.attempts = 0;
  SetWorld before(spec);
  before.begin();
  before.exit(0, 1);
  SetWorld after(spec);
  std::vector<KnownCopy> copies(2);
  copies[1].attached = true;
  after.set.restore(before.set.state(), copies, after.now);
  after.resume();
  EXPECT_THAT(after.stopping, ElementsAre(1));
}

TEST(WorkerSet, AtMostOneSerialWorkerIsOnItsWay) {
  EXPECT_TRUE(rc::check("one worker at a time", [] {
    const auto count = *rc::gen::inRange<std::size_t>(1, 6);
    TaskSpec spec = workers_spec(count);
    spec.restart.attempts = 1000;
    SetWorld world(spec);
    world.begin();
    const auto steps = *rc::gen::inRange(0, 40);
    for (int i = 0; i < steps; ++i) {
      const auto worker = *rc::gen::inRange<std::size_t>(0, count);
      switch (*rc::gen::inRange(0, 3)) {
        case 0: world.ready(worker); break;
        case 1:
          if (world.set.copy(worker).runs()) world.exit(worker, 1);
          break;
        default: world.advance(10 * one_second);
      }
      int loading = 0;
      for (std::size_t w = 0; w < count; ++w) {
        const bool runs = world.set.copy(w).phase() == Phase::running;
        loading += runs && world.set.awaits_ready(w) ? 1 : 0;
      }
      RC_ASSERT(loading <= 1);
    }
    // Whatever has happened, all of them run in the end.
    for (std::size_t i = 0; i < 4 * count; ++i) {
      world.advance(4000 * one_second);
      for (std::size_t w = 0; w < count; ++w) world.ready(w);
    }
    RC_ASSERT(world.set.phase() == Phase::running);
  }));
}

TEST(WorkerSet, EachWorkersHighestUseOfGpuMemoryIsKeptOverTheAgentsEnd) {
  SetWorld before(workers_spec(2));
  before.begin();
  before.set.note_gpu_memory(1, 700);
  before.set.note_gpu_memory(1, 300);
  EXPECT_EQ(before.set.state().workers(0).peak_gpu_memory(), 0);
  EXPECT_EQ(before.set.state().workers(1).peak_gpu_memory(), 700);
  SetWorld after(workers_spec(2));
  after.set.restore(before.set.state(), std::vector<KnownCopy>(2), after.now);
  after.set.note_gpu_memory(0, 50);
  EXPECT_EQ(after.set.state().workers(0).peak_gpu_memory(), 50);
  EXPECT_EQ(after.set.state().workers(1).peak_gpu_memory(), 700);
}

TEST(WorkerRulesOf, PerGpuWorkersTakeTheGpusInTurns) {
  model::Task task;
  task.set_name("predict");
  EXPECT_FALSE(worker_rules(task, {}));
  task.mutable_workers()->set_per_gpu(2);
  task.mutable_workers()->set_ready("check");
  model::Assignment assignment;
  auto& device = *(*assignment.mutable_resources()->mutable_tasks())["predict"].add_devices();
  device.set_type("gpu");
  device.add_device_ids("GPU-a");
  device.add_device_ids("GPU-b");
  const auto rules = worker_rules(task, assignment);
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->count, 4U);
  EXPECT_TRUE(rules->serial);
  EXPECT_TRUE(rules->ready_by_check);
  EXPECT_THAT(rules->gpus, ElementsAre("GPU-a", "GPU-b", "GPU-a", "GPU-b"));
}

}  // namespace
}  // namespace yurt::agent
