// The store as Raft sees it: what was applied is there after a restart, in snapshots too.
#include "server/state/store.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

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
    switch (nodes_.empty() || jobs_.empty() ? random_.below(2) : random_.below(7)) {
      case 0: {
        nodes_.push_back(a_node("n" + std::to_string(nodes_.size()), random_));
        *command.mutable_register_node()->mutable_node() = nodes_.back();
        break;
      }
      case 1: {
        model::Job job = a_job("job" + std::to_string(random_.below(5)), "batch");
        job.set_priority(static_cast<int>(1 + random_.below(100)));
        *command.mutable_register_job()->mutable_job() = job;
        *command.mutable_register_job()->mutable_evaluation() = an_eval(job, random_);
        jobs_.push_back(job);
        break;
      }
      case 2:
      case 3: place(command); break;
      case 4:
      case 5: report(command); break;
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
    out += " live " + std::to_string(record->live_allocs) + "\n";
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
  }));
}

TEST(Store, a_snapshot_restored_elsewhere_is_the_same_state) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Folder folder;
    auto source = open(folder / "source"), target = open(folder / "target");
    CommandStream stream(seed), other(seed + 100);
    feed(*source, stream, 1, 80, 7);
    feed(*target, other, 1, 20, 3);  // what a lagging server had before
    std::filesystem::create_directory(folder / "scratch");
    const auto snapshot = source->take_snapshot(folder / "scratch");
    ASSERT_TRUE(snapshot.ok()) << snapshot.error().message;
    EXPECT_EQ(snapshot->index, 80U);
    ASSERT_TRUE(target->restore(snapshot->folder, snapshot->index).ok());
    EXPECT_EQ(contents(source->snapshot()), contents(target->snapshot()));
    EXPECT_EQ(target->durable_index(), 80U);
    target.reset();
    EXPECT_EQ(contents(source->snapshot()), contents(open(folder / "target")->snapshot()));
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

}  // namespace
}  // namespace yurt::server
