#include "agent/runner/alloc_machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "agent/runner/task_event.h"
#include "base/assert.h"

namespace yurt::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr std::int64_t second = nanoseconds_per_second;
constexpr RestartLimits no_restarts{.attempts = 0, .interval_ns = 3600 * second};

TaskSpec task(const std::string& name, TaskRole role = TaskRole::main) {
  TaskSpec spec;
  spec.name = name;
  spec.role = role;
  spec.restart = no_restarts;
  spec.restart_on_success = is_sidecar(role);
  return spec;
}

// Plays the world for a machine: every prepare and start succeeds at once unless held back.
class World {
 public:
  explicit World(AllocSpec spec) : machine(std::move(spec), random) {}
  explicit World(std::vector<TaskSpec> tasks) : World(AllocSpec{.tasks = std::move(tasks)}) {}

  void start() { perform(machine.start(now)); }
  void exit(const std::string& name, int code = 0, int signal = 0) {
    drivers::ExitResult result;
    result.exit_code = code;
    result.signal = signal;
    result.finished_at_ns = now.wall_ns;
    perform(machine.exited(index(name), now, result));
  }
  void stop(const StopOrder& order = {}) { perform(machine.stop(now, order)); }
  void advance(std::int64_t ns) {
    const std::int64_t until = now.steady_ns + ns;
    while (machine.wake_steady_ns() && *machine.wake_steady_ns() <= until) {
      const std::int64_t step =
          std::max<std::int64_t>(0, *machine.wake_steady_ns() - now.steady_ns);
      move(step);
      perform(machine.on_time(now));
      YURT_ASSERT(machine.wake_steady_ns().value_or(INT64_MAX) > now.steady_ns);
    }
    move(until - now.steady_ns);
  }
  std::vector<std::string> running() const {
    std::vector<std::string> names;
    for (const auto& one : machine.tasks()) {
      if (one.runs()) names.push_back(one.spec().name);
    }
    return names;
  }
  // Tasks whose stop has been ordered and that have not ended since.
  std::vector<std::string> stopping() const {
    std::vector<std::string> names;
    for (const auto& one : machine.tasks()) {
      if (one.phase() == TaskMachine::Phase::stopping) names.push_back(one.spec().name);
    }
    return names;
  }
  const model::TaskState& state(const std::string& name) const {
    return machine.tasks()[index(name)].state();
  }
  std::vector<std::string> events(const std::string& name) const {
    std::vector<std::string> types;
    for (const auto& event : state(name).events()) types.push_back(event.type());
    return types;
  }
  std::size_t index(const std::string& name) const { return *machine.find(name); }
  void perform(const AllocEffects& effects) {
    for (const auto& [at, effect] : effects) {
      actions.push_back(effect.action);
      const std::string& name = machine.tasks()[at].spec().name;
      if (effect.action == TaskAction::prepare && !held.contains(name)) {
        perform(machine.prepared(at, now, std::nullopt));
      } else if (effect.action == TaskAction::start && !slow.contains(name)) {
        ++starts[name];
        perform(machine.started(at, now, now.wall_ns));
      }
    }
  }

  SeededRandom random{1};
  Instant now{1'700'000'000 * second, 50 * second};
  AllocMachine machine;
  std::vector<TaskAction> actions;
  std::map<std::string, int> starts;
  std::set<std::string> held;  // preparations that do not end
  std::set<std::string> slow;  // starts that do not end

 private:
  void move(std::int64_t ns) {
    now.steady_ns += ns;
    now.wall_ns += ns;
  }
};

TEST(AllocMachine, a_single_task_runs_and_completes_with_its_history) {
  World world({task("main")});
  world.machine.receive(world.now);
  EXPECT_STREQ(world.machine.client_status(), "pending");
  world.start();
  EXPECT_STREQ(world.machine.client_status(), "running");
  world.exit("main");
  EXPECT_STREQ(world.machine.client_status(), "complete");
  EXPECT_TRUE(world.machine.terminal());
  EXPECT_THAT(world.events("main"), ElementsAre("Received", "Task Setup", "Started", "Terminated"));
  EXPECT_EQ(world.state("main").events(3).display_message(), "Exit Code: 0");
  EXPECT_FALSE(world.state("main").failed());
}

TEST(AllocMachine, a_failing_task_fails_the_allocation_and_says_why) {
  World world({task("main")});
  world.start();
  world.exit("main", 3);
  EXPECT_STREQ(world.machine.client_status(), "failed");
  EXPECT_THAT(world.events("main"),
              ElementsAre("Task Setup", "Started", "Terminated", "Not Restarting"));
  EXPECT_TRUE(world.state("main").failed());
}

TEST(AllocMachine, main_tasks_wait_for_prestart_tasks_to_finish_and_sidecars_to_run) {
  World world(
      {task("main"), task("init", TaskRole::prestart), task("proxy", TaskRole::prestart_sidecar)});
  world.held = {"proxy"};
  world.start();
  EXPECT_THAT(world.running(), ElementsAre("init"));
  world.exit("init");
  EXPECT_THAT(world.running(), IsEmpty()) << "the sidecar does not run yet";
  world.perform(world.machine.prepared(world.index("proxy"), world.now, std::nullopt));
  EXPECT_THAT(world.running(), UnorderedElementsAre("proxy", "main"));
}

TEST(AllocMachine, a_stop_cancels_a_start_that_takes_long_and_is_no_failure) {
  World world({task("main")});
  world.slow = {"main"};
  world.start();
  world.stop();
  EXPECT_EQ(world.actions.back(), TaskAction::cancel_start);
  const Error cancelled{ErrorCode::unavailable, "the start was cancelled"};
  world.perform(world.machine.start_failed(world.index("main"), world.now, cancelled));
  EXPECT_TRUE(world.machine.terminal());
  EXPECT_STREQ(world.machine.client_status(), "complete");
  EXPECT_THAT(world.events("main"), ElementsAre("Task Setup", "Killed"));
}

TEST(AllocMachine, a_failed_prestart_task_keeps_main_tasks_from_starting) {
  World world({task("init", TaskRole::prestart), task("main")});
  world.start();
  world.exit("init", 1);
  EXPECT_STREQ(world.machine.client_status(), "failed");
  EXPECT_EQ(world.starts["main"], 0);
  EXPECT_TRUE(world.machine.terminal());
}

TEST(AllocMachine, poststart_tasks_start_once_all_main_tasks_have) {
  World world({task("hook", TaskRole::poststart), task("a"), task("b")});
  world.held = {"b"};
  world.start();
  EXPECT_THAT(world.running(), ElementsAre("a"));
  world.perform(world.machine.prepared(world.index("b"), world.now, std::nullopt));
  EXPECT_THAT(world.running(), UnorderedElementsAre("hook", "a", "b"));
}

TEST(AllocMachine, sidecars_are_stopped_when_the_main_tasks_are_done_and_poststop_runs_last) {
  World world(
      {task("main"), task("proxy", TaskRole::prestart_sidecar), task("clean", TaskRole::poststop)});
  world.start();
  world.exit("main");
  EXPECT_THAT(world.stopping(), ElementsAre("proxy"));
  EXPECT_EQ(world.starts["clean"], 0);
  world.exit("proxy", 143, 15);
  EXPECT_THAT(world.running(), ElementsAre("clean"));
  EXPECT_STREQ(world.machine.client_status(), "running");
  world.exit("clean");
  EXPECT_STREQ(world.machine.client_status(), "complete");
  EXPECT_THAT(world.events("proxy"), ElementsAre("Task Setup", "Started", "Main Tasks Dead",
                                                 "Killing", "Terminated", "Killed"));
}

TEST(AllocMachine, a_sidecar_that_ends_is_restarted_while_main_tasks_run) {
  auto proxy = task("proxy", TaskRole::prestart_sidecar);
  proxy.restart = {.attempts = 3, .interval_ns = 3600 * second, .delay_ns = second};
  World world({task("main"), proxy});
  world.start();
  world.exit("proxy", 0);
  EXPECT_THAT(world.running(), ElementsAre("main"));
  world.advance(2 * second);
  EXPECT_THAT(world.running(), UnorderedElementsAre("main", "proxy"));
  EXPECT_EQ(world.state("proxy").restarts(), 1U);
}

TEST(AllocMachine, the_leaders_end_stops_the_others) {
  auto leader = task("leader");
  leader.leader = true;
  World world({leader, task("helper")});
  world.start();
  world.exit("leader");
  EXPECT_THAT(world.stopping(), ElementsAre("helper"));
  world.exit("helper", 130, 2);
  EXPECT_STREQ(world.machine.client_status(), "complete") << "a killed helper is no failure";
  EXPECT_THAT(world.events("helper"), ElementsAre("Task Setup", "Started", "Leader Task Dead",
                                                  "Killing", "Terminated", "Killed"));
}

TEST(AllocMachine, a_failed_task_stops_its_siblings_and_counts_as_failed_once_they_are_gone) {
  World world({task("a"), task("b"), task("clean", TaskRole::poststop)});
  world.start();
  world.exit("a", 1);
  EXPECT_THAT(world.stopping(), ElementsAre("b"));
  EXPECT_STREQ(world.machine.client_status(), "running") << "b still holds its resources";
  world.exit("b", 130, 2);
  EXPECT_STREQ(world.machine.client_status(), "failed");
  EXPECT_THAT(world.running(), ElementsAre("clean"));
  EXPECT_EQ(world.state("b").events(2).display_message(), "Task's sibling \"a\" failed");
}

TEST(AllocMachine, a_stop_ends_the_leader_then_the_others_then_sidecars) {
  auto leader = task("leader");
  leader.leader = true;
  World world({task("proxy", TaskRole::prestart_sidecar), task("helper"), leader});
  world.start();
  world.stop();
  EXPECT_THAT(world.stopping(), ElementsAre("leader"));
  world.exit("leader", 130, 2);
  EXPECT_THAT(world.stopping(), ElementsAre("helper"));
  world.exit("helper", 130, 2);
  EXPECT_THAT(world.stopping(), ElementsAre("proxy"));
  world.exit("proxy", 130, 2);
  EXPECT_STREQ(world.machine.client_status(), "complete");
}

TEST(AllocMachine, a_stop_waits_for_the_groups_and_the_tasks_shutdown_delay) {
  auto main = task("main");
  main.shutdown_delay_ns = 5 * second;
  World world(AllocSpec{.tasks = {main}, .shutdown_delay_ns = 10 * second});
  world.start();
  world.stop();
  world.advance(9 * second);
  EXPECT_THAT(world.stopping(), IsEmpty());
  world.advance(5 * second);
  EXPECT_THAT(world.stopping(), IsEmpty()) << "the task's own delay follows the group's";
  world.advance(second);
  EXPECT_THAT(world.stopping(), ElementsAre("main"));
}

TEST(AllocMachine, a_stop_without_delays_cuts_a_delayed_one_short) {
  auto main = task("main");
  main.shutdown_delay_ns = 5 * second;
  World world(AllocSpec{.tasks = {main}, .shutdown_delay_ns = 10 * second});
  world.start();
  world.stop();
  world.advance(11 * second);
  ASSERT_THAT(world.stopping(), IsEmpty());
  world.stop({.skip_delays = true});
  EXPECT_THAT(world.stopping(), ElementsAre("main"));
}

TEST(AllocMachine, a_stop_before_anything_started_leaves_nothing_to_do) {
  World world({task("main"), task("clean", TaskRole::poststop)});
  world.stop();
  EXPECT_STREQ(world.machine.client_status(), "complete");
  EXPECT_TRUE(world.starts.empty());
}

TEST(AllocMachine, a_task_killed_while_it_is_prepared_never_starts) {
  World world({task("main")});
  world.held = {"main"};
  world.start();
  world.stop();
  EXPECT_FALSE(world.machine.terminal()) << "its preparation has to end first";
  world.perform(world.machine.prepared(0, world.now, std::nullopt));
  EXPECT_TRUE(world.machine.terminal());
  EXPECT_EQ(world.starts["main"], 0);
}

TEST(AllocMachine, max_run_duration_completes_the_allocation_without_poststop) {
  AllocSpec spec{.tasks = {task("main"), task("clean", TaskRole::poststop)}};
  spec.deadline_wall_ns = 1'700'000'000 * second + 30 * second;
  World world(spec);
  world.start();
  world.advance(29 * second);
  EXPECT_THAT(world.stopping(), IsEmpty());
  world.advance(second);
  EXPECT_THAT(world.stopping(), ElementsAre("main"));
  world.exit("main", 130, 2);
  EXPECT_STREQ(world.machine.client_status(), "complete");
  EXPECT_EQ(world.starts["clean"], 0);
  EXPECT_EQ(world.machine.client_description(), "Stopped: max_run_duration has passed");
}

TEST(AllocMachine, a_restart_by_hand_does_not_count_against_the_policy) {
  World world({task("main")});
  world.start();
  auto effects =
      world.machine.restart(std::nullopt, std::nullopt, world.now, "User requested restart");
  ASSERT_TRUE(effects.ok());
  world.perform(*effects);
  EXPECT_THAT(world.stopping(), ElementsAre("main"));
  world.exit("main", 130, 2);
  EXPECT_THAT(world.running(), ElementsAre("main"));
  EXPECT_EQ(world.starts["main"], 2);
  EXPECT_EQ(world.state("main").restarts(), 1U);
  EXPECT_EQ(world.machine.tasks()[0].copy(0).tracker().count, 0);
}

TEST(AllocMachine, a_restart_of_what_has_ended_is_refused) {
  World world({task("main")});
  world.start();
  world.exit("main");
  EXPECT_FALSE(world.machine.restart(std::nullopt, std::nullopt, world.now, "").ok());
  EXPECT_FALSE(world.machine.restart_all(world.now, "").ok());
}

TEST(AllocMachine, restarting_all_tasks_runs_the_lifecycle_again_from_the_beginning) {
  World world({task("init", TaskRole::prestart), task("main"), task("clean", TaskRole::poststop)});
  world.start();
  world.exit("init");
  auto effects = world.machine.restart_all(world.now, "User requested restart");
  ASSERT_TRUE(effects.ok());
  world.perform(*effects);
  EXPECT_THAT(world.stopping(), ElementsAre("main"));
  world.exit("main", 130, 2);
  EXPECT_THAT(world.running(), ElementsAre("init"));
  EXPECT_EQ(world.starts["clean"], 0);
  world.exit("init");
  EXPECT_THAT(world.running(), ElementsAre("main"));
}

TEST(AllocMachine, a_restored_task_goes_on_and_its_end_is_judged_as_usual) {
  World first({task("main")});
  first.start();
  World second_life({task("main")});
  second_life.machine.restore_task(0, first.state("main"), {{.tracker = {}, .attached = true}},
                                   second_life.now);
  EXPECT_STREQ(second_life.machine.client_status(), "running");
  second_life.start();
  EXPECT_TRUE(second_life.starts.empty()) << "nothing runs twice";
  second_life.exit("main");
  EXPECT_STREQ(second_life.machine.client_status(), "complete");
}

TEST(AllocMachine, a_restored_back_off_keeps_its_time) {
  auto main = task("main");
  main.restart = {.attempts = 2, .interval_ns = 3600 * second, .delay_ns = 20 * second};
  World first({main});
  first.start();
  first.exit("main", 1);
  World second_life({main});
  second_life.now = first.now;
  second_life.advance(15 * second);
  second_life.machine.restore_task(0, first.state("main"),
                                   {{.tracker = first.machine.tasks()[0].copy(0).tracker()}},
                                   second_life.now);
  second_life.start();
  EXPECT_TRUE(second_life.starts.empty());
  second_life.advance(15 * second);
  EXPECT_EQ(second_life.starts["main"], 1);
  second_life.exit("main", 1);
  second_life.advance(30 * second);
  second_life.exit("main", 1);
  EXPECT_STREQ(second_life.machine.client_status(), "failed") << "the count went on, too";
}

TEST(AllocMachine, keeps_the_ten_newest_events) {
  auto main = task("main");
  main.restart = {.attempts = 100, .interval_ns = 3600 * second};
  World world({main});
  world.start();
  for (int i = 0; i < 20; ++i) world.exit("main", 1);
  EXPECT_EQ(world.state("main").events_size(), task_event::kept);
  EXPECT_EQ(world.state("main").events(9).type(), "Started");
}

TEST(AllocMachine, reports_a_task_killed_for_memory_with_its_peak) {
  drivers::ExitResult result;
  result.exit_code = 137;
  result.signal = 9;
  result.oom_killed = true;
  result.peak_memory_bytes = 64 << 20;
  const auto event = task_event::terminated(result);
  EXPECT_EQ(event.display_message(),
            "Exit Code: 137, Signal: 9, Exit Message: \"OOM Killed (peak memory 64.0 MiB)\"");
  EXPECT_EQ(event.details().at("oom_killed"), "true");
}

TEST(AllocMachine, is_healthy_after_running_without_a_break_for_long_enough) {
  AllocSpec spec{.tasks = {task("main")}, .health = HealthRule{10 * second, 60 * second, true}};
  World world(spec);
  world.start();
  world.advance(9 * second);
  EXPECT_EQ(world.machine.health()->verdict(), std::nullopt);
  world.advance(second);
  EXPECT_EQ(world.machine.health()->verdict(), true);
}

TEST(AllocMachine, waits_for_its_checks_when_the_rule_says_so) {
  World world(AllocSpec{.tasks = {task("main")},
                        .health = HealthRule{10 * second, 60 * second, false, true}});
  world.start();
  world.advance(20 * second);
  EXPECT_EQ(world.machine.health()->verdict(), std::nullopt);
  world.machine.checks_pass(true, world.now);
  world.advance(9 * second);
  world.machine.checks_pass(false, world.now);
  world.machine.checks_pass(true, world.now);
  world.advance(9 * second);
  EXPECT_EQ(world.machine.health()->verdict(), std::nullopt) << "a break starts the time anew";
  world.advance(second);
  EXPECT_EQ(world.machine.health()->verdict(), true);
}

TEST(AllocMachine, restarts_an_unhealthy_task_as_its_policy_allows) {
  TaskSpec main = task("main");
  main.restart = {.attempts = 1, .interval_ns = 3600 * second, .delay_ns = second};
  World world({main});
  world.start();
  world.perform(
      world.machine.unhealthy(0, std::nullopt, world.now, "healthcheck: check \"x\" unhealthy"));
  EXPECT_THAT(world.stopping(), ElementsAre("main"));
  world.exit("main", 0);
  EXPECT_EQ(world.machine.tasks()[0].phase(), TaskMachine::Phase::backing_off);
  world.advance(2 * second);
  EXPECT_THAT(world.running(), ElementsAre("main"));
  EXPECT_EQ(world.starts["main"], 2);
  world.perform(world.machine.unhealthy(0, std::nullopt, world.now, "again"));
  world.exit("main", 0);
  EXPECT_STREQ(world.machine.client_status(), "failed");
}

TEST(AllocMachine, is_unhealthy_when_it_never_runs_for_long_enough_before_the_deadline) {
  auto main = task("main");
  main.restart = {.attempts = 100, .interval_ns = 3600 * second, .delay_ns = second};
  AllocSpec spec{.tasks = {main}, .health = HealthRule{10 * second, 60 * second, false}};
  World world(spec);
  world.start();
  for (int i = 0; i < 9; ++i) {
    world.advance(7 * second);
    if (!world.running().empty()) world.exit("main", 1);
  }
  EXPECT_EQ(world.machine.health()->verdict(), false);
}

// Whatever happens in whatever order: tasks of a role never run before their time, everything ends,
// and no task is started again once it is dead.
TEST(AllocMachine, keeps_its_order_through_any_history) {
  EXPECT_TRUE(rc::check("lifecycle order", [] {
    const std::vector<TaskRole> roles = {TaskRole::prestart,  TaskRole::prestart_sidecar,
                                         TaskRole::main,      TaskRole::main,
                                         TaskRole::poststart, TaskRole::poststop};
    std::vector<TaskSpec> specs;
    for (std::size_t i = 0; i < roles.size(); ++i) {
      auto spec = task("t" + std::to_string(i), roles[i]);
      spec.restart = {
          .attempts = *rc::gen::inRange(0, 3), .interval_ns = 3600 * second, .delay_ns = second};
      spec.leader = i == 2 && *rc::gen::arbitrary<bool>();
      specs.push_back(spec);
    }
    World world(specs);
    world.start();
    for (int step = 0; step < 200 && !world.machine.terminal(); ++step) {
      const auto running = world.running();
      const int choice = *rc::gen::inRange(0, 12);
      if (choice == 0) {
        world.stop();
      } else if (choice < 3 || running.empty()) {
        world.advance(2 * second);
      } else {
        const auto& name = running[*rc::gen::inRange<std::size_t>(0, running.size())];
        world.exit(name, *rc::gen::element(0, 0, 1));
      }
      const auto& tasks = world.machine.tasks();
      if (tasks[2].runs()) RC_ASSERT(tasks[0].dead());
      if (tasks[4].runs()) RC_ASSERT(tasks[2].ever_started() && tasks[3].ever_started());
      if (tasks[5].runs()) {
        for (std::size_t i = 0; i < 5; ++i) RC_ASSERT(tasks[i].dead());
      }
    }
    world.stop({.skip_poststop = true});
    for (int i = 0; i < 50 && !world.machine.terminal(); ++i) {
      for (const auto& name : world.stopping()) world.exit(name, 137, 9);
      world.advance(second);
    }
    RC_ASSERT(world.machine.terminal());
  }));
}

}  // namespace
}  // namespace yurt::agent
