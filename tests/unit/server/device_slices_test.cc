// Slices of devices in the stored state: what was asked for and what was granted outlives restarts
// and snapshots.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "server/state/store.h"
#include "tests/unit/server/state_fixture.h"

namespace yurt::server {
namespace {

struct DeviceGrants {
  std::filesystem::path folder;
  SeededRandom random{3};
  raft::Index log = 0;
  model::Job job = a_job("slices");
  model::AllocatedResources granted;
  AllocId alloc = AllocId::generate(random);

  DeviceGrants() {
    std::string pattern = std::filesystem::temp_directory_path() / "yurt-slices-XXXXXX";
    folder = mkdtemp(pattern.data());
  }
  ~DeviceGrants() { std::filesystem::remove_all(folder); }

  void add_slice(std::int64_t memory_mib, double fraction, int max) {
    auto& device = *job.mutable_group(0)->mutable_task(0)->mutable_resources()->add_device();
    device.set_name("nvidia/gpu");
    auto& share = *device.mutable_share_devices();
    share.set_enabled(true);
    share.set_memory(std::to_string(memory_mib) + "MiB");
    share.set_fraction(fraction);
    if (max > 0) share.set_max(max);
    device.add_first_available()->set_name("nvidia/gpu/T4");
    auto& grant = *(*granted.mutable_tasks())["t"].add_devices();
    grant.set_vendor("nvidia");
    grant.set_type("gpu");
    grant.set_name("A100");
    grant.add_device_ids("GPU-" + std::to_string(granted.tasks().at("t").devices_size()));
    grant.set_memory_mib(memory_mib);
    grant.set_fraction(fraction);
    grant.set_max_sharers(max);
  }
  void apply(StateStore& store, const model::Command& command) {
    const std::string bytes = command.SerializeAsString();
    const raft::StateMachine::Committed committed{++log, 1, bytes};
    const auto applied = std::any_cast<Result<Applied>>(store.apply({&committed, 1}).front());
    ASSERT_TRUE(applied.ok()) << applied.error().message;
  }
  void fill(StateStore& store) {
    model::Command registration;
    registration.set_time(1000);
    *registration.mutable_register_job()->mutable_job() = job;
    *registration.mutable_register_job()->mutable_evaluation() = an_eval(job, random);
    apply(store, registration);
    model::Command placement;
    placement.set_time(2000);
    auto& plan = *placement.mutable_apply_plans()->add_plans();
    plan.set_eval_id(EvalId::generate(random).to_bytes());
    plan.set_namespace_("default");
    plan.set_job_id(job.id());
    plan.set_job_version(store.snapshot().job({"default", job.id()})->version());
    *plan.add_resources() = granted;
    auto& placed = *plan.add_placed();
    placed.set_id(alloc.to_bytes());
    placed.set_node_id(NodeId::generate(random).to_bytes());
    placed.set_metrics(UINT32_MAX);
    apply(store, placement);
  }
  // "" or what of it the store does not have.
  [[nodiscard]] std::string missing_in(const StateStore& store) const {
    const Snapshot state = store.snapshot();
    const JobRef kept = state.job({"default", job.id()});
    if (!kept) return "the job";
    const auto& wanted = job.group(0).task(0).resources();
    if (kept->group(0).task(0).resources().SerializeAsString() != wanted.SerializeAsString()) {
      return "the job's device blocks";
    }
    const AllocRef placed = state.alloc(alloc);
    if (!placed) return "the allocation";
    return placed->resources->devices == GrantedResources(granted).devices ? "" : "the grants";
  }
};

TEST(DeviceSlices, outlive_a_restart_and_a_snapshot) {
  EXPECT_TRUE(rc::check([] {
    DeviceGrants grants;
    for (int i = *rc::gen::inRange(1, 5); i > 0; --i) {
      grants.add_slice(*rc::gen::inRange<std::int64_t>(1, 80'000),
                       *rc::gen::inRange(1, 1'000'001) / 1e6, *rc::gen::inRange(0, 9));
    }
    auto opened = StateStore::open(grants.folder / "one");
    RC_ASSERT(opened.ok());
    std::unique_ptr<StateStore> store = std::move(*opened);
    grants.fill(*store);
    RC_ASSERT(grants.missing_in(*store) == "");

    std::filesystem::create_directory(grants.folder / "scratch");
    const auto saved = store->take_snapshot(grants.folder / "scratch");
    RC_ASSERT(saved.ok());
    auto other = StateStore::open(grants.folder / "two");
    RC_ASSERT(other.ok());
    RC_ASSERT((*other)->restore(saved->folder, saved->index).ok());
    RC_ASSERT(grants.missing_in(**other) == "");

    store.reset();
    auto again = StateStore::open(grants.folder / "one");
    RC_ASSERT(again.ok());
    RC_ASSERT(grants.missing_in(**again) == "");
  }));
}

}  // namespace
}  // namespace yurt::server
