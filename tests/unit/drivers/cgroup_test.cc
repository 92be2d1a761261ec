#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "drivers/cgroup/hierarchy.h"
#include "drivers/cgroup/plan.h"
#include "drivers/cgroup/usage.h"
#include "tests/unit/drivers/raw_exec_fixture.h"

namespace yurt::drivers {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A root folder with a mountinfo and a cgroup tree of plain files.
class FakeRoot : public ::testing::Test {
 protected:
  FakeRoot() {
    std::string name = (std::filesystem::temp_directory_path() / "yurt-root-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
  }
  ~FakeRoot() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  [[nodiscard]] std::string read(const std::string& path) const {
    return read_file(root_ / path).value_or("");
  }
  void unified() {
    write("proc/self/mountinfo",
          "22 28 0:21 / /proc rw - proc proc rw\n"
          "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
    write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory hugetlb pids\n");
    write("sys/fs/cgroup/cgroup.subtree_control", "");
    write("sys/fs/cgroup/yurt/cgroup.subtree_control", "");
  }
  [[nodiscard]] CgroupHierarchy detect() const { return detect_cgroups({"yurt", root_.string()}); }
  [[nodiscard]] std::string group(const std::string& rest) const {
    return (root_ / "sys/fs/cgroup").string() + rest;
  }

  std::filesystem::path root_;
};

TEST_F(FakeRoot, finds_v2) {
  unified();
  const CgroupHierarchy found = detect();
  EXPECT_EQ(found.version, CgroupVersion::v2);
  EXPECT_TRUE(found.has("cpu") && found.has("memory") && found.has("cpuset"));
  EXPECT_THAT(found.warnings, IsEmpty());
  EXPECT_EQ(found.parent_folder("memory"), group("/yurt"));
}

TEST_F(FakeRoot, finds_v1_when_v2_is_mounted_beside_it_without_controllers) {
  write("proc/self/mountinfo",
        "31 23 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        "32 23 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "33 23 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  write("sys/fs/cgroup/unified/cgroup.controllers", "\n");
  const CgroupHierarchy found = detect();
  EXPECT_EQ(found.version, CgroupVersion::v1);
  EXPECT_EQ(found.parent_folder("cpu"), group("/cpu,cpuacct/yurt"));
  EXPECT_EQ(found.parent_folder("memory"), group("/memory/yurt"));
  EXPECT_THAT(found.warnings, ElementsAre(HasSubstr("cpuset")));
}

TEST_F(FakeRoot, denies_devices_where_v1_has_the_controller) {
  write("proc/self/mountinfo",
        "32 23 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "33 23 0:30 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n");
  const CgroupHierarchy found = detect();
  ASSERT_TRUE(found.has("devices"));
  Resources resources;
  resources.denied_devices = {"195:1", "195:2"};
  EXPECT_THAT(plan_cgroups(found, "task", resources).operations,
              ElementsAre("D" + group("/memory/yurt/task"), "D" + group("/devices/yurt/task"),
                          "Wdevices.deny=c 195:1 rwm", "Wdevices.deny=c 195:2 rwm"));
  EXPECT_THAT(plan_cgroups(found, "task", {}).operations,
              ElementsAre("D" + group("/memory/yurt/task")));
  EXPECT_THAT(possible_folders(found, "task").made, Contains(group("/devices/yurt/task")));
}

TEST_F(FakeRoot, finds_none_and_says_what_that_means) {
  write("proc/self/mountinfo", "22 28 0:21 / /proc rw - proc proc rw\n");
  const CgroupHierarchy found = detect();
  EXPECT_EQ(found.version, CgroupVersion::none);
  EXPECT_THAT(found.warnings, ElementsAre(HasSubstr("without CPU and memory limits")));
  EXPECT_THAT(plan_cgroups(found, "id", {}).operations, IsEmpty());
}

TEST_F(FakeRoot, hands_the_controllers_down_on_v2) {
  unified();
  CgroupHierarchy found = detect();
  prepare_cgroups(found);
  EXPECT_EQ(found.version, CgroupVersion::v2);
  // The last one written stands: plain files keep what the kernel would add up.
  EXPECT_THAT(read("sys/fs/cgroup/cgroup.subtree_control"), HasSubstr("+cpuset"));
  EXPECT_THAT(read("sys/fs/cgroup/yurt/cgroup.subtree_control"), HasSubstr("+cpuset"));
}

TEST_F(FakeRoot, goes_without_a_controller_that_cannot_be_handed_down) {
  unified();
  std::filesystem::remove(root_ / "sys/fs/cgroup/yurt/cgroup.subtree_control");
  CgroupHierarchy found = detect();
  prepare_cgroups(found);
  EXPECT_EQ(found.version, CgroupVersion::v2);
  EXPECT_FALSE(found.has("memory"));
  EXPECT_THAT(found.warnings, Contains(HasSubstr("controller memory")));
}

TEST_F(FakeRoot, plans_v2_limits) {
  unified();
  Resources resources{500, {1, 3}, 256, 0};
  const CgroupPlan plan = plan_cgroups(detect(), "task", resources);
  EXPECT_THAT(plan.operations,
              ElementsAre("D" + group("/yurt/task"), "Wmemory.max=268435456", "wmemory.swap.max=0",
                          "Wcpu.weight=19", "Wcpuset.cpus=1,3", "wmemory.oom.group=1"));
  EXPECT_EQ(plan.memory_operation, 0);
  EXPECT_THAT(folders_of(plan).made, ElementsAre(group("/yurt/task")));
  EXPECT_EQ(folders_of(plan).memory, group("/yurt/task"));
}

TEST_F(FakeRoot, reserves_memory_and_limits_memory_max_on_v2) {
  unified();
  const auto plan = plan_cgroups(detect(), "task", {0, {}, 256, 512});
  EXPECT_THAT(plan.operations, Contains("Wmemory.max=536870912"));
  EXPECT_THAT(plan.operations, Contains("wmemory.low=268435456"));
  const auto unlimited = plan_cgroups(detect(), "task", {0, {}, 256, -1});
  EXPECT_THAT(unlimited.operations, Contains("wmemory.low=268435456"));
  EXPECT_THAT(unlimited.operations, Not(Contains(HasSubstr("memory.max"))));
}

TEST_F(FakeRoot, plans_v1_limits_in_each_controllers_own_tree) {
  CgroupHierarchy v1;
  v1.version = CgroupVersion::v1;
  v1.parent = "yurt";
  v1.mounts = {{"cpu", "/c/cpu"}, {"memory", "/c/memory"}, {"cpuset", "/c/cpuset"}};
  v1.cpuset_memory_nodes = "0-1";
  EXPECT_THAT(
      plan_cgroups(v1, "task", {500, {2}, 256, 512}).operations,
      ElementsAre("D/c/memory/yurt/task", "Wmemory.limit_in_bytes=536870912",
                  "wmemory.memsw.limit_in_bytes=536870912", "wmemory.soft_limit_in_bytes=268435456",
                  "D/c/cpu/yurt/task", "Wcpu.shares=500", "D/c/cpuset/yurt/task", "Wcpuset.cpus=2",
                  "Wcpuset.mems=0-1"));
}

TEST_F(FakeRoot, workers_share_the_limits_of_a_folder_above_their_own) {
  unified();
  const CgroupPlan plan = plan_cgroups(detect(), "task", {500, {1, 3}, 256, 0}, "alloc.web");
  const std::string shared = group("/yurt/alloc.web.workers");
  EXPECT_THAT(plan.operations,
              ElementsAre("P" + shared, "Wmemory.max=268435456", "wmemory.swap.max=0",
                          "Wcpu.weight=19", "Wcpuset.cpus=1,3", "Wcgroup.subtree_control=+cpu",
                          "Wcgroup.subtree_control=+memory", "Wcgroup.subtree_control=+cpuset",
                          "D" + shared + "/task", "wmemory.oom.group=1"));
  EXPECT_THAT(folders_of(plan).made, ElementsAre(shared + "/task"));
  EXPECT_EQ(folders_of(plan).memory, shared + "/task") << "its own use, not that of all";

  CgroupHierarchy v1;
  v1.version = CgroupVersion::v1;
  v1.parent = "yurt";
  v1.mounts = {{"cpu", "/c/cpu"}, {"memory", "/c/memory"}};
  EXPECT_THAT(
      plan_cgroups(v1, "task", {500, {}, 256, 0}, "g").operations,
      ElementsAre("P/c/memory/yurt/g.workers", "wmemory.use_hierarchy=1",
                  "Wmemory.limit_in_bytes=268435456", "wmemory.memsw.limit_in_bytes=268435456",
                  "D/c/memory/yurt/g.workers/task", "P/c/cpu/yurt/g.workers", "Wcpu.shares=500",
                  "D/c/cpu/yurt/g.workers/task"));
}

TEST_F(FakeRoot, finds_the_folders_of_a_worker_by_its_id_alone) {
  unified();
  const std::string own = group("/yurt/alloc.web.workers/task");
  std::filesystem::create_directories(own);
  EXPECT_THAT(possible_folders(detect(), "task").made, ElementsAre(own));
  EXPECT_THAT(possible_folders(detect(), "other").made, ElementsAre(group("/yurt/other")));
}

TEST_F(FakeRoot, joins_an_override_and_makes_nothing) {
  unified();
  CgroupOverride override_paths;
  override_paths.v2_path = "custom.slice/app";
  const auto plan = plan_cgroup_override(detect(), override_paths);
  ASSERT_TRUE(plan.ok());
  EXPECT_THAT(plan->operations, ElementsAre("J" + group("/custom.slice/app")));
  EXPECT_THAT(folders_of(*plan).made, IsEmpty());
  override_paths = {"", {{"memory", "x"}}};
  EXPECT_EQ(plan_cgroup_override(detect(), override_paths).error().code,
            ErrorCode::failed_precondition);
}

TEST_F(FakeRoot, reads_v2_use) {
  write("g/memory.current", "4096\n");
  write("g/memory.peak", "8192\n");
  write("g/memory.swap.current", "1\n");
  write("g/memory.stat", "anon 100\nfile 200\nanon_thp 7\n");
  write("g/cpu.stat", "usage_usec 5\nthrottled_usec 3\n");
  write("g/cgroup.procs", "10\n20\n");
  write("g/child/cgroup.procs", "30\n");
  const std::string folder = (root_ / "g").string();
  const CgroupFolders folders{CgroupVersion::v2, {folder}, folder};
  const CgroupMemory memory = read_memory(folders);
  EXPECT_EQ(memory.usage_bytes, 4096);
  EXPECT_EQ(memory.peak_bytes, 8192);
  EXPECT_EQ(memory.rss_bytes, 100);
  EXPECT_EQ(memory.cache_bytes, 200);
  EXPECT_EQ(read_throttled_ns(folders), 3000);
  EXPECT_THAT(read_processes(folders), ElementsAre(10, 20, 30));
}

TEST(cpu_weight, spans_the_whole_range) {
  EXPECT_EQ(cpu_weight(cpu_shares(0)), 1);
  EXPECT_EQ(cpu_weight(cpu_shares(1024)), 39);
  EXPECT_EQ(cpu_weight(cpu_shares(1'000'000)), 10'000);
}

RC_GTEST_PROP(cpu_weight, is_within_the_kernels_range_and_grows_with_mhz, ()) {
  const auto less = *rc::gen::inRange<std::int64_t>(0, 400'000);
  const auto more = *rc::gen::inRange<std::int64_t>(less, 400'001);
  RC_ASSERT(cpu_weight(cpu_shares(less)) >= 1);
  RC_ASSERT(cpu_weight(cpu_shares(more)) <= 10'000);
  RC_ASSERT(cpu_weight(cpu_shares(less)) <= cpu_weight(cpu_shares(more)));
}

// The kernel's own v2 groups, where a v2 tree is mounted, be it without controllers.
class RealV2 : public RawExecTest {
 protected:
  void SetUp() override {
    for (const char* place : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      if (std::filesystem::exists(std::string(place) + "/cgroup.controllers")) mount_ = place;
    }
    const std::string parent = mount_ + "/" + mark_;
    if (mount_.empty() || ::mkdir(parent.c_str(), 0755) != 0) {
      GTEST_SKIP() << "no cgroup2 mount that can be written";
    }
    parent_ = parent;
    std::filesystem::create_directories(folder_ / "root/proc/self");
    std::filesystem::create_directories(folder_ / "root/sys/fs");
    std::filesystem::create_symlink(mount_, folder_ / "root/sys/fs/cgroup");
    std::ofstream(folder_ / "root/proc/self/mountinfo")
        << "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
    RawExecOptions v2 = options();
    v2.cgroups.root_prefix = (folder_ / "root").string();
    driver_.reset();
    driver_ = std::move(*make_raw_exec(v2));
  }
  void TearDown() override {
    if (parent_.empty()) return;
    EXPECT_EQ(::rmdir(parent_.c_str()), 0) << "a group was left";
  }

  std::string mount_;
  std::string parent_;
};

TEST_F(RealV2, a_task_is_born_in_its_group_which_goes_with_it) {
  TaskConfig config = program("/bin/cat", {"/proc/self/cgroup"});
  const std::string id = config.id;
  run(std::move(config));
  EXPECT_THAT(output(), HasSubstr("0::/" + mark_ + "/" + id + "\n"));
}

TEST_F(RealV2, kills_the_whole_group_when_the_supervisor_was_killed) {
  const auto task = start(shell(
      "setsid sh -c 'setsid sleep 1000 & echo $! > pid; exec sleep 1000' & echo $PPID > shim; "
      "exec sleep 1000"));
  await_file(task_folder() / "pid");
  ::kill(std::stoi(await_file(task_folder() / "shim")), SIGKILL);
  EXPECT_FALSE(AwaitedExit(*task).wait().error.empty());
  EXPECT_TRUE(marked_processes().empty());
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(RealV2, runs_in_an_existing_group_and_kills_nobody_else_there) {
  const std::string shared = parent_ + "/shared";
  ASSERT_EQ(::mkdir(shared.c_str(), 0755), 0);
  TaskConfig config = shell("");
  config.config =
      R"({"command":"sleep","args":["1000"],"cgroup_v2_override":")" + mark_ + R"(/shared"})";
  const auto first = start(config);
  config.id += ".second";
  const auto second = start(config);
  EXPECT_TRUE(first->destroy().ok());
  EXPECT_EQ(marked_processes().size(), 1U);
  EXPECT_TRUE(second->destroy().ok());
  EXPECT_EQ(::rmdir(shared.c_str()), 0);
}

TEST_F(RealV2, explains_an_override_that_does_not_exist) {
  TaskConfig config = shell("");
  config.config = R"({"command":"true","cgroup_v2_override":"no/such/group"})";
  const auto task = try_start(std::move(config));
  ASSERT_FALSE(task.ok());
  EXPECT_THAT(task.error().message, HasSubstr("no/such/group"));
  EXPECT_FALSE(is_recoverable(task.error()));
}

}  // namespace
}  // namespace yurt::drivers
