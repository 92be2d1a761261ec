// The store as Raft sees it: what was applied is there after a restart, in snapshots too.
#include "server/state/store.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/clock.h"
#include "proto/batch.pb.h"
#include "tests/unit/server/state_fixture.h"

namespace yurt::server {
namespace {

class Folder {
 public:
  Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "yurt-store-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

// A stream of commands as a cluster would produce it, from one seed.
class CommandStream {
 public:
  explicit CommandStream(std::uint64_t seed) : random_(seed) {}

  model::Command next() {
    model::Command command;
    command.set_time(++time_);
    switch (nodes_.empty() || jobs_.empty() ? random_.below(2) : random_.below(15)) {
      case 0: {
        nodes_.push_back(a_node("n" + std::to_string(nodes_.size()), random_));
        *command.mutable_register_node()->mutable_node() = nodes_.back();
        break;
      }
      case 1: {
        model::Job job = a_job("job" + std::to_string(random_.below(5)), "batch");
        job.set_priority(static_cast<int>(1 + random_.below(100)));
        if (random_.below(4) == 0) {
          job.add_after()->set_job("job" + std::to_string(random_.below(5)));
          job.mutable_after(0)->set_status("dead");
        }
        *command.mutable_register_job()->mutable_job() = job;
        jobs_.push_back(job);
        *command.mutable_register_job()->mutable_evaluation() = eval_of(jobs_.back());
        break;
      }
      case 2:
      case 3: place(command); break;
      case 4:
      case 5: report(command); break;
      case 6: register_parent(command); break;
      case 7:
      case 8: dispatch(command); break;
      case 9: start_sweep(command); break;
      case 10: admit(command); break;
      case 11: launch(command); break;
      case 12:
      case 13: complete_evals(command); break;
      default: {
        const auto& job = jobs_[random_.below(jobs_.size())];
        auto* deregister = command.mutable_deregister_job();
        deregister->set_namespace_(job.namespace_());
        deregister->set_job_id(job.id());
        deregister->set_purge(random_.below(2) == 0);
      }
    }
    return command;
  }

 private:
  static constexpr const char* parents[] = {"train", "nightly"};

  void register_parent(model::Command& command) {
    const bool periodic = random_.below(2) == 0;
    model::Job job = a_job(parents[periodic ? 1 : 0], "batch");
    if (periodic) {
      job.mutable_periodic()->set_prohibit_overlap(random_.below(2) == 0);
    } else {
      job.mutable_parameterized()->set_max_running(static_cast<int>(1 + random_.below(3)));
    }
    *command.mutable_register_job()->mutable_job() = job;
  }
  model::DispatchSpec a_spec() {
    model::DispatchSpec spec;
    (*spec.mutable_meta())["lr"] = std::to_string(random_.below(9));
    if (random_.below(2) == 0) spec.set_priority(static_cast<int>(1 + random_.below(100)));
    if (random_.below(2) == 0) spec.set_idempotency_token(std::to_string(random_.below(4)));
    return spec;
  }
  void dispatch(model::Command& command) {
    auto* dispatch = command.mutable_dispatch_job();
    dispatch->set_namespace_("default");
    dispatch->set_job_id("train");
    dispatch->set_child_id("train/dispatch-" + std::to_string(time_));
    *dispatch->mutable_spec() = a_spec();
    jobs_.push_back(a_job(dispatch->child_id(), "batch"));
    *dispatch->mutable_evaluation() = eval_of(jobs_.back());
  }
  void start_sweep(model::Command& command) {
    auto* start = command.mutable_start_sweep();
    start->set_namespace_("default");
    start->set_job_id("train");
    start->set_sweep_id(std::to_string(time_));
    start->mutable_sweep()->set_method("grid");
    start->mutable_sweep()->set_max_failures(static_cast<int>(random_.below(3)));
    auto* parameter = start->mutable_sweep()->add_parameter();
    parameter->set_name("lr");
    parameter->set_from(0);
    parameter->set_to(static_cast<double>(random_.below(4)));
    *start->mutable_spec() = a_spec();
    start->mutable_spec()->clear_meta();
    for (const char* trial : {"-00000", "-00001"}) {
      jobs_.push_back(a_job("train/sweep-" + start->sweep_id() + trial, "batch"));
    }
  }
  void admit(model::Command& command) {
    auto* admit = command.mutable_admit_children();
    admit->set_namespace_("default");
    admit->set_job_id("train");
    for (std::uint64_t i = random_.below(3) + 1; i > 0; --i) {
      admit->add_eval_ids(EvalId::generate(random_).to_bytes());
    }
  }
  void launch(model::Command& command) {
    auto* launch = command.mutable_launch_periodic();
    launch->set_namespace_("default");
    launch->set_job_id("nightly");
    launch->set_launch_time(time_ / 3 * nanoseconds_per_second);
    launch->set_forced(random_.below(3) == 0);
    const std::string id = "nightly/periodic-" + std::to_string(time_ / 3);
    jobs_.push_back(a_job(id, "batch"));
    *launch->mutable_evaluation() = eval_of(jobs_.back());
  }
  model::Evaluation eval_of(const model::Job& job) {
    evals_.push_back(an_eval(job, random_));
    return evals_.back();
  }
  // Those of a few jobs, as if the scheduler had looked at them.
  void complete_evals(model::Command& command) {
    auto* upsert = command.mutable_upsert_evaluations();
    for (std::uint64_t i = 0; i < 5 && !evals_.empty(); ++i) {
      auto* done = upsert->add_evaluations();
      *done = evals_[random_.below(evals_.size())];
      done->set_status("complete");
    }
  }
  void place(model::Command& command) {
    const auto& job = jobs_[random_.below(jobs_.size())];
    auto* plan = command.mutable_apply_plans()->add_plans();
    plan->set_eval_id(EvalId::generate(random_).to_bytes());
    plan->set_namespace_(job.namespace_());
    plan->set_job_id(job.id());
    plan->set_job_version(random_.below(3));
    (*plan->add_resources()->mutable_tasks())["t"].mutable_memory()->set_memory_mb(64);
    plan->add_metrics()->set_nodes_evaluated(3);
    for (std::uint32_t i = 0; i < 3; ++i) {
      auto* placed = plan->add_placed();
      allocs_.push_back(AllocId::generate(random_));
      placed->set_id(allocs_.back().to_bytes());
      placed->set_node_id(
          NodeId::parse_or_nil(nodes_[random_.below(nodes_.size())].id()).to_bytes());
      placed->set_name_index(i);
      if (i == 1) placed->set_previous_allocation(allocs_.front().to_bytes());
    }
  }
  void report(model::Command& command) {
    if (allocs_.empty()) return place(command);
    auto* update = command.mutable_update_allocs_from_client()->add_updates();
    update->set_id(allocs_[random_.below(allocs_.size())].to_bytes());
    const char* statuses[] = {"running", "complete", "failed"};
    update->set_client_status(statuses[random_.below(3)]);
    auto& task = (*update->mutable_task_states())["t"];
    task.set_state("dead");
    task.set_finished_at(time_);
  }

  SeededRandom random_;
  std::int64_t time_ = 1'000;
  std::vector<model::Node> nodes_;
  std::vector<model::Job> jobs_;
  std::vector<model::Evaluation> evals_;
  std::vector<AllocId> allocs_;
};

// Everything a reader can see, as text.
std::string contents(const Snapshot& state) {
  std::string out = std::to_string(state.index()) + "\n";
  const Tables& tables = state.tables();
  tables.jobs.each([&](const JobKey& key, const JobRecordRef& record) {
    out += key.id + " " + record->job->ShortDebugString();
    for (const auto& version : record->versions) out += " v" + std::to_string(version->version());
    for (const auto& [group, counts] : record->groups) {
      out += " " + group;
      for (int count : counts.by_client_status) out += "," + std::to_string(count);
    }
    out += " live " + std::to_string(record->live_allocs);
    const ChildCounts& children = record->children;
    for (std::int64_t count :
         {children.pending, children.running, children.dead, children.waiting}) {
      out += " " + std::to_string(count);
    }
    out += " " + record->outcome + " " + std::to_string(record->last_launch);
    for (const auto& after : record->waiting_for) out += " after " + after->job();
    if (record->child) out += " " + record->child->ShortDebugString();
    out += "\n";
    return true;
  });
  tables.lanes.each([&](const LaneKey& key, const WaitingRef& row) {
    model::DispatchedChild child;
    EXPECT_TRUE(child.ParseFromString(row->child));
    out += std::to_string(key.rank) + " " + std::to_string(key.create_index) + " " + row->id +
           " of " + row->parent->ShortDebugString() + child.ShortDebugString() + "\n";
    return true;
  });
  tables.waiting.each([&](const JobKey& key, const WaitingRef&) {
    out += "waits " + key.id + "\n";
    return true;
  });
  tables.tokens.each([&](const TokenKey& key, const TokenRow& row) {
    out += "token " + key.token + " " + row.id + "\n";
    return true;
  });
  tables.sweeps.each([&](const JobKey&, const SweepRef& sweep) {
    out += sweep->record->ShortDebugString() + "\n";
    return true;
  });
  tables.trials.each([&](const TrialKey&, const TrialRef& trial) {
    out += trial->ShortDebugString() + "\n";
    return true;
  });
  tables.held.each([&](const JobKey& key, const Present&) {
    out += "held " + key.id + "\n";
    return true;
  });
  tables.allocs.each([&](const AllocId&, const AllocRef& alloc) {
    out += to_message(*alloc, "", false).ShortDebugString() + "\n";
    return true;
  });
  tables.evals.each([&](const EvalId&, const EvalRef& eval) {
    out += eval->ShortDebugString() + "\n";
    return true;
  });
  tables.nodes.each([&](const NodeId&, const NodeRef& node) {
    out += node->ShortDebugString() + "\n";
    return true;
  });
  return out;
}

// The finished runs of the namespace, as text.
std::string runs(const StateStore& store, const std::string& job = "") {
  std::string out;
  store.each_run("default", job, [&](const model::RunRecord& run) {
    out += run.ShortDebugString() + "\n";
    return true;
  });
  return out;
}

void feed(StateStore& store, CommandStream& stream, std::uint64_t first, std::uint64_t count,
          std::uint64_t batch_size) {
  std::vector<std::string> bytes;
  for (std::uint64_t i = 0; i < count; ++i) bytes.push_back(stream.next().SerializeAsString());
  std::vector<raft::StateMachine::Committed> batch;
  for (std::uint64_t i = 0; i < count; ++i) {
    batch.push_back({first + i, 1, bytes[i]});
    if (batch.size() == batch_size || i + 1 == count) {
      EXPECT_EQ(store.apply(batch).size(), batch.size());
      batch.clear();
    }
  }
}

std::unique_ptr<StateStore> open(const std::filesystem::path& path) {
  auto store = StateStore::open(path);
  EXPECT_TRUE(store.ok()) << store.error().message;
  return std::move(*store);
}

TEST(Store, two_replicas_agree_however_the_commands_are_batched) {
  EXPECT_TRUE(rc::check([](std::uint64_t seed) {
    Folder folder;
    auto one = open(folder / "one"), two = open(folder / "two");
    CommandStream a(seed), b(seed);
    feed(*one, a, 1, 60, 1);
    feed(*two, b, 1, 60, *rc::gen::inRange<std::uint64_t>(2, 60));
    RC_ASSERT(contents(one->snapshot()) == contents(two->snapshot()));
    RC_ASSERT(runs(*one) == runs(*two));
  }));
}

TEST(Store, a_snapshot_restored_elsewhere_is_the_same_state) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Folder folder;
    auto source = open(folder / "source"), target = open(folder / "target");
    CommandStream stream(seed), other(seed + 100);
    // Long batches too: jobs come and go within one, and their allocations stay.
    feed(*source, stream, 1, 80, seed * 4);
    feed(*target, other, 1, 20, 3);  // what a lagging server had before
    std::filesystem::create_directory(folder / "scratch");
    const auto snapshot = source->take_snapshot(folder / "scratch");
    ASSERT_TRUE(snapshot.ok()) << snapshot.error().message;
    EXPECT_EQ(snapshot->index, 80U);
    ASSERT_TRUE(target->restore(snapshot->folder, snapshot->index).ok());
    EXPECT_EQ(contents(source->snapshot()), contents(target->snapshot()));
    EXPECT_EQ(runs(*source), runs(*target));
    EXPECT_EQ(target->durable_index(), 80U);
    target.reset();
    target = open(folder / "target");
    EXPECT_EQ(contents(source->snapshot()), contents(target->snapshot()));
    EXPECT_EQ(runs(*source), runs(*target));
  }
}

TEST(Store, opens_at_its_durable_index_and_replays_to_the_same_state) {
  Folder folder;
  auto store = open(folder / "store");
  CommandStream stream(9), replay(9);
  feed(*store, stream, 1, 100, 10);
  const std::string expected = contents(store->snapshot());
  store.reset();
  store = open(folder / "store");
  const std::uint64_t durable = store->durable_index();
  EXPECT_LE(durable, 100U);
  for (std::uint64_t i = 0; i < durable; ++i) static_cast<void>(replay.next());
  feed(*store, replay, durable + 1, 100 - durable, 10);
  EXPECT_EQ(contents(store->snapshot()), expected);
}

// One command after another, as a cluster with one job of one child would see them.
class OneChild {
 public:
  explicit OneChild(StateStore& store) : store_(store) {
    *next().mutable_register_node()->mutable_node() = node_;
    model::Job job = a_job("train", "batch");
    job.mutable_parameterized()->set_max_running(1);
    *next().mutable_register_job()->mutable_job() = job;
  }
  void dispatch(const std::string& name) {
    auto* dispatch = next().mutable_dispatch_job();
    dispatch->set_namespace_("default");
    dispatch->set_job_id("train");
    dispatch->set_child_id("train/dispatch-" + name);
    dispatch->mutable_spec()->set_idempotency_token("token-" + name);
    (*dispatch->mutable_spec()->mutable_meta())["lr"] = name;
    eval_ = an_eval(a_job(dispatch->child_id(), "batch"), random_);
    *dispatch->mutable_evaluation() = eval_;
  }
  void run_to_its_end(const std::string& name, const std::string& status) {
    auto* plan = next().mutable_apply_plans()->add_plans();
    plan->set_eval_id(EvalId::generate(random_).to_bytes());
    plan->set_namespace_("default");
    plan->set_job_id("train/dispatch-" + name);
    plan->add_resources();
    auto* placed = plan->add_placed();
    const AllocId alloc = AllocId::generate(random_);
    placed->set_id(alloc.to_bytes());
    placed->set_node_id(NodeId::parse_or_nil(node_.id()).to_bytes());
    placed->set_metrics(UINT32_MAX);
    eval_.set_status("complete");
    *next().mutable_upsert_evaluations()->add_evaluations() = eval_;
    auto* update = next().mutable_update_allocs_from_client()->add_updates();
    update->set_id(alloc.to_bytes());
    update->set_client_status(status);
    auto& task = (*update->mutable_task_states())["t"];
    task.set_state("dead");
    task.set_started_at(100);
    task.set_finished_at(400);
    task.set_peak_memory(64 << 20);
    (*task.mutable_metrics())["accuracy"] = 0.9;
  }
  void stop(const std::string& name, bool purge) {
    auto* stop = next().mutable_deregister_job();
    stop->set_namespace_("default");
    stop->set_job_id("train/dispatch-" + name);
    stop->set_purge(purge);
  }
  void trim(std::int64_t before) { next().mutable_trim_runs()->set_finished_before(before); }
  // Applies what was said so far, in one batch.
  void apply() {
    std::vector<std::string> bytes;
    for (const auto& command : commands_) bytes.push_back(command.SerializeAsString());
    std::vector<raft::StateMachine::Committed> batch;
    for (const std::string& command : bytes) batch.push_back({++index_, 1, command});
    static_cast<void>(store_.apply(batch));
    commands_.clear();
  }

 private:
  model::Command& next() {
    commands_.emplace_back().set_time(++time_);
    return commands_.back();
  }
  StateStore& store_;
  SeededRandom random_{3};
  const model::Node node_ = a_node("n", random_);
  model::Evaluation eval_;
  std::vector<model::Command> commands_;
  std::uint64_t index_ = 0;
  std::int64_t time_ = 1'000;
};

std::vector<model::RunRecord> runs_of(const StateStore& store, const std::string& job) {
  std::vector<model::RunRecord> out;
  store.each_run("default", job, [&](const model::RunRecord& run) {
    out.push_back(run);
    return true;
  });
  return out;
}

TEST(Runs, tell_how_a_child_went_when_the_child_is_long_gone) {
  Folder folder;
  auto store = open(folder / "store");
  OneChild cluster(*store);
  cluster.dispatch("a");
  cluster.run_to_its_end("a", "complete");
  cluster.apply();
  cluster.dispatch("b");
  cluster.run_to_its_end("b", "failed");
  cluster.stop("a", true);
  cluster.apply();
  EXPECT_EQ(store->snapshot().job({"default", "train/dispatch-a"}), nullptr);
  std::filesystem::create_directory(folder / "scratch");
  const auto snapshot = store->take_snapshot(folder / "scratch");
  ASSERT_TRUE(snapshot.ok());
  auto restored = open(folder / "restored");
  ASSERT_TRUE(restored->restore(snapshot->folder, snapshot->index).ok());
  restored.reset();
  restored = open(folder / "restored");
  for (const StateStore* one : {store.get(), restored.get()}) {
    const auto found = runs_of(*one, "train");
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].job_id(), "train/dispatch-b") << "the newest first";
    EXPECT_EQ(found[0].status(), "failed");
    EXPECT_EQ(found[1].status(), "complete");
    EXPECT_EQ(found[1].parent_id(), "train");
    EXPECT_EQ(found[1].meta().at("lr"), "a");
    EXPECT_EQ(found[1].metrics().at("accuracy"), 0.9);
    EXPECT_EQ(found[1].idempotency_token(), "token-a");
    EXPECT_EQ(found[1].started_at(), 100);
    EXPECT_EQ(found[1].finished_at(), 400);
    ASSERT_EQ(found[1].tasks_size(), 1);
    EXPECT_EQ(found[1].tasks(0).peak_memory(), 64 << 20);
    EXPECT_EQ(found[1].tasks(0).run_time(), 300);
  }
}

TEST(Runs, tell_of_a_child_that_was_stopped_before_it_ran) {
  Folder folder;
  auto store = open(folder / "store");
  OneChild cluster(*store);
  cluster.dispatch("a");
  cluster.dispatch("b");
  cluster.stop("b", false);
  cluster.apply();
  const auto found = runs_of(*store, "train");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].job_id(), "train/dispatch-b");
  EXPECT_EQ(found[0].status(), "stopped");
}

TEST(Runs, are_told_once_however_often_the_job_is_stopped_afterwards) {
  Folder folder;
  auto store = open(folder / "store");
  OneChild cluster(*store);
  cluster.dispatch("a");
  cluster.run_to_its_end("a", "complete");
  cluster.stop("a", false);
  cluster.stop("a", false);
  cluster.apply();
  ASSERT_EQ(runs_of(*store, "train").size(), 1U);
  EXPECT_EQ(runs_of(*store, "train")[0].status(), "complete");
}

TEST(Runs, leave_the_history_when_they_are_too_old) {
  Folder folder;
  auto store = open(folder / "store");
  OneChild cluster(*store);
  cluster.dispatch("a");
  cluster.run_to_its_end("a", "complete");
  cluster.apply();
  cluster.trim(400);
  cluster.apply();
  EXPECT_EQ(runs_of(*store, "train").size(), 1U);
  cluster.trim(401);
  cluster.apply();
  EXPECT_TRUE(runs_of(*store, "train").empty());
}

}  // namespace
}  // namespace yurt::server
