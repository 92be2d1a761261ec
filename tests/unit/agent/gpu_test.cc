// GPUs on the agent, through the stand-in of NVIDIA's library and a tree in place of /sys.
#include <gmock/gmock.h>

#include "agent/gpu/amd_source.h"
#include "agent/gpu/describe_gpus.h"
#include "agent/gpu/device_stats.h"
#include "agent/gpu/gpu_environment.h"
#include "agent/gpu/nvml_library.h"
#include "agent/gpu/process_owner.h"
#include "agent/gpu/task_gpu_use.h"
#include "agent/gpu/xid.h"
#include "tests/unit/agent/gpu_fixture.h"

namespace yurt::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using Json = nlohmann::json;

constexpr std::int64_t second = 1'000'000'000;
// Later than the next regular discovery.
constexpr std::int64_t long_after = 3600 * second;

model::AllocatedDevice granted(const std::string& vendor, const std::vector<std::string>& ids,
                               std::int64_t memory_mib = 0, double fraction = 0) {
  model::AllocatedDevice device;
  device.set_vendor(vendor);
  device.set_type("gpu");
  device.set_name("any");
  for (const auto& id : ids) device.add_device_ids(id);
  device.set_memory_mib(memory_mib);
  device.set_fraction(fraction);
  return device;
}

GrantedDevices list_of(const std::vector<model::AllocatedDevice>& devices) {
  GrantedDevices list;
  for (const auto& device : devices) *list.Add() = device;
  return list;
}

TEST_F(GpuMachine, a_machine_without_the_library_or_the_driver_has_no_gpus) {
  EXPECT_EQ(NvmlLibrary::open("libno-such-nvml.so").error().code, ErrorCode::not_found);
  EXPECT_EQ(NvmlLibrary::open(NVML_STANDIN).error().code, ErrorCode::unavailable);
  GpuOptions nothing = options();
  nothing.nvml_library = "";
  EXPECT_THAT(make_gpu_watch(nothing)->look(0, 1)->gpus, IsEmpty());
  EXPECT_THAT(make_gpu_watch(options())->look(0, 1)->gpus, IsEmpty());
}

TEST_F(GpuMachine, describes_its_cards_as_nomads_plugin_does) {
  scene({{"gpus", {card("GPU-a"), card("GPU-b", 1)}}});
  put("sys/bus/pci/devices/0000:01:00.0/numa_node", "1\n");
  model::Node node;
  describe_gpus(*make_gpu_watch(options())->look(0, 1), true, node);
  ASSERT_EQ(node.node_resources().devices_size(), 1);
  const auto& group = node.node_resources().devices(0);
  EXPECT_EQ(group.vendor() + "/" + group.type() + "/" + group.name(), "nvidia/gpu/NVIDIA A100");
  const auto& attributes = group.attributes();
  EXPECT_EQ(attributes.at("memory").int_(), 40960);
  EXPECT_EQ(attributes.at("memory").unit(), "MiB");
  EXPECT_EQ(attributes.at("bar1").int_(), 65536);
  EXPECT_EQ(attributes.at("power").unit(), "W");
  EXPECT_EQ(attributes.at("pci_bandwidth").int_(), 31504);
  EXPECT_EQ(attributes.at("pci_bandwidth").unit(), "MB/s");
  EXPECT_EQ(attributes.at("cores_clock").int_(), 1410);
  EXPECT_EQ(attributes.at("memory_clock").int_(), 1215);
  EXPECT_EQ(attributes.at("driver_version").string(), "550.54.15");
  EXPECT_EQ(attributes.at("cuda_version").string(), "12.4");
  EXPECT_EQ(attributes.at("display_state").string(), "Disabled");
  EXPECT_EQ(attributes.at("persistence_mode").string(), "Enabled");
  ASSERT_EQ(group.instances_size(), 2);
  EXPECT_EQ(group.instances(1).id(), "GPU-b");
  EXPECT_TRUE(group.instances(0).healthy());
  EXPECT_EQ(group.instances(0).memory_mib(), 40960);
  EXPECT_EQ(group.instances(0).pci_bus_id(), "00000000:01:00.0");
  EXPECT_EQ(group.instances(0).numa_node(), 1);
  EXPECT_EQ(node.attributes().at("gpu.share"), "true");
  EXPECT_EQ(node.attributes().at("gpu.count"), "2");
}

TEST_F(GpuMachine, a_node_that_shares_nothing_offers_its_cards_whole_only) {
  scene({{"gpus", {card("GPU-a")}}});
  model::Node node;
  describe_gpus(*make_gpu_watch(options())->look(0, 1), false, node);
  EXPECT_EQ(node.node_resources().devices(0).instances(0).memory_mib(), 0);
  EXPECT_EQ(node.attributes().at("gpu.share"), "false");
}

TEST_F(GpuMachine, offers_the_instances_of_a_card_that_is_cut_and_not_the_card) {
  Json cut = card("GPU-a");
  cut["mig"] = {
      {{"uuid", "MIG-1"}, {"name", "A100 MIG 1g.5gb"}, {"memory_mib", 4864}, {"gi", 7}, {"ci", 0}},
      {{"uuid", "MIG-2"}, {"name", "A100 MIG 1g.5gb"}, {"memory_mib", 4864}, {"gi", 8}, {"ci", 0}}};
  scene({{"gpus", {cut}}});
  put("proc/driver/nvidia-caps/mig-minors",
      "config 1\nmonitor 2\ngpu0/gi7/access 66\ngpu0/gi7/ci0/access 67\ngpu0/gi8/access 75\n");
  auto watch = make_gpu_watch(options());
  const auto snapshot = watch->look(0, 1);
  model::Node node;
  describe_gpus(*snapshot, true, node);
  ASSERT_EQ(node.node_resources().devices_size(), 1);
  EXPECT_EQ(node.node_resources().devices(0).name(), "A100 MIG 1g.5gb");
  EXPECT_EQ(node.node_resources().devices(0).instances_size(), 2);
  EXPECT_EQ(node.node_resources().devices(0).attributes().at("memory").int_(), 4864);
  const auto devices = task_devices(list_of({granted("nvidia", {"MIG-1"})}), *snapshot);
  EXPECT_THAT(devices.granted.at(0).files,
              ElementsAre("/dev/nvidia0", "/dev/nvidia-caps/nvidia-cap66",
                          "/dev/nvidia-caps/nvidia-cap67"));
  EXPECT_THAT(devices.withheld_files, ElementsAre("/dev/nvidia-caps/nvidia-cap75"));
  // Cut anew: the old instances are no more, and that is no fault.
  cut["mig"] = {{{"uuid", "MIG-9"}, {"memory_mib", 20096}}};
  scene({{"gpus", {cut}}});
  const auto anew = watch->look(long_after, 2);
  EXPECT_EQ(anew->find("MIG-1"), nullptr);
  ASSERT_NE(anew->find("MIG-9"), nullptr);
  EXPECT_TRUE(anew->find("MIG-9")->healthy);
}

TEST_F(GpuMachine, a_critical_xid_makes_a_card_unhealthy_and_a_programs_own_fault_does_not) {
  Json one = card("GPU-a");
  scene({{"gpus", {one, card("GPU-b", 1)}}});
  auto watch = make_gpu_watch(options());
  EXPECT_TRUE(watch->look(0, 1)->find("GPU-a")->healthy);
  one["xids"] = {13, 31};
  scene({{"gpus", {one, card("GPU-b", 1)}}});
  EXPECT_TRUE(watch->look(second, 2)->find("GPU-a")->healthy);
  one["xids"] = {13, 31, 48};
  scene({{"gpus", {one, card("GPU-b", 1)}}});
  const auto snapshot = watch->look(2 * second, 3);
  EXPECT_FALSE(snapshot->find("GPU-a")->healthy);
  EXPECT_THAT(snapshot->find("GPU-a")->health, HasSubstr("Xid 48"));
  EXPECT_TRUE(snapshot->find("GPU-b")->healthy);
  EXPECT_FALSE(watch->look(long_after, 4)->find("GPU-a")->healthy);
  EXPECT_THAT(unusable_gpu(*snapshot, {"GPU-b", "GPU-a"}), HasSubstr("GPU-a: Xid 48"));
  EXPECT_EQ(unusable_gpu(*snapshot, {"GPU-b"}), "");
  EXPECT_EQ(critical_xid(79), "the GPU has fallen off the bus");
}

TEST_F(GpuMachine, a_card_that_is_lost_stays_in_the_list_and_recovers_when_it_answers) {
  Json lost = card("GPU-a");
  scene({{"gpus", {lost}}});
  auto watch = make_gpu_watch(options());
  EXPECT_TRUE(watch->look(0, 1)->find("GPU-a")->healthy);
  lost["xids"] = {79};
  scene({{"gpus", {lost}}});
  EXPECT_THAT(watch->look(second, 2)->find("GPU-a")->health, HasSubstr("Xid 79"));
  lost["lost"] = true;
  scene({{"gpus", {lost}}});
  const auto gone = watch->look(2 * second, 3);
  ASSERT_NE(gone->find("GPU-a"), nullptr);
  EXPECT_THAT(gone->find("GPU-a")->health, HasSubstr("no longer answers"));
  EXPECT_FALSE(gone->find("GPU-a")->reading.has_value());
  // Reset: it has been away and is back.
  scene({{"gpus", {card("GPU-a")}}});
  (void)watch->look(3 * second, 4);
  EXPECT_TRUE(watch->look(4 * second, 5)->find("GPU-a")->healthy);
}

TEST_F(GpuMachine, uncorrectable_memory_errors_count_until_the_driver_forgets_them) {
  Json one = card("GPU-a");
  one["ecc"] = 2;
  scene({{"gpus", {one}}});
  auto watch = make_gpu_watch(options());
  EXPECT_THAT(watch->look(0, 1)->find("GPU-a")->health, HasSubstr("2 uncorrectable"));
  one["ecc"] = 0;
  scene({{"gpus", {one}}});
  EXPECT_TRUE(watch->look(second, 2)->find("GPU-a")->healthy);
}

TEST_F(GpuMachine, leaves_ignored_cards_alone) {
  scene({{"gpus", {card("GPU-a"), card("GPU-b", 1)}}});
  GpuOptions some = options();
  some.ignored = {"GPU-a"};
  const auto snapshot = make_gpu_watch(some)->look(0, 1);
  EXPECT_EQ(snapshot->find("GPU-a"), nullptr);
  EXPECT_NE(snapshot->find("GPU-b"), nullptr);
}

TEST_F(GpuMachine, tells_whose_processes_use_a_card) {
  const std::string alloc = "11111111-2222-3333-4444-555555555555";
  Json one = card("GPU-a");
  one["processes"] = {{{"pid", 41}, {"memory_mib", 100}, {"sm", 20}},
                      {{"pid", 42}, {"memory_mib", 50}, {"sm", 30}},
                      {{"pid", 99}, {"memory_mib", 7}, {"sm", 1}}};
  scene({{"gpus", {one}}});
  const std::string env = "PATH=/bin" + std::string(1, '\0') + "NOMAD_ALLOC_ID=" + alloc +
                          std::string(1, '\0') + "NOMAD_TASK_NAME=train" + std::string(1, '\0') +
                          "YURT_WORKER_INDEX=3" + std::string(1, '\0');
  put("proc/41/environ", env);
  // A child that has cleared its environment.
  put("proc/42/environ", "");
  put("proc/42/stat", "42 (a b) c) S 41 1 1 0");
  put("proc/99/environ", "PATH=/bin");
  put("proc/99/stat", "99 (x) S 1 1 1 0");
  put("proc/43/environ", "");
  put("proc/43/stat", "43 (x) S 1 1 1 0");
  put("proc/43/cgroup", "4:memory:/yurt/" + alloc + ".my-task.0a1b2c3d\n0::/\n");
  const auto snapshot = make_gpu_watch(options())->look(0, 1);
  const auto use = task_gpu_use(*snapshot, {"GPU-a"}, alloc, "train");
  EXPECT_EQ(use.memory_bytes, 150LL << 20);
  EXPECT_EQ(use.utilization, 50);
  EXPECT_EQ(task_gpu_use(*snapshot, {"GPU-a"}, alloc, "train", 3).memory_bytes, 150LL << 20);
  EXPECT_EQ(task_gpu_use(*snapshot, {"GPU-a"}, alloc, "train", 4).memory_bytes, 0);
  EXPECT_EQ(task_gpu_use(*snapshot, {"GPU-a"}, alloc, "other").utilization, 0);
  EXPECT_EQ(task_gpu_use(*snapshot, {"GPU-x"}, alloc, "train").utilization, std::nullopt);
  EXPECT_EQ(process_owner(43, root_.string()), (GpuProcessOwner{alloc, "my-task", std::nullopt}));

  const Json node = node_device_stats(*snapshot);
  const Json& instance = node[0]["InstanceStats"]["GPU-a"];
  EXPECT_EQ(instance["Processes"].size(), 3U);
  EXPECT_EQ(instance["Summary"]["IntDenominatorVal"], 40960);
  EXPECT_EQ(instance["Stats"]["Attributes"]["GPU utilization"]["IntNumeratorVal"], 51);
  EXPECT_EQ(instance["Stats"]["Attributes"]["Power usage"]["IntDenominatorVal"], 400);
  const Json own = alloc_device_stats(*snapshot, {"GPU-a"}, alloc, "train");
  EXPECT_EQ(own[0]["InstanceStats"]["GPU-a"]["Processes"].size(), 2U);
  EXPECT_THAT(alloc_device_stats(*snapshot, {}, alloc, ""), IsEmpty());
}

TEST_F(GpuMachine, tells_a_task_its_cards_and_withholds_the_others) {
  scene({{"gpus", {card("GPU-a"), card("GPU-b", 1), card("GPU-c", 2)}}});
  const auto snapshot = make_gpu_watch(options())->look(0, 1);
  EXPECT_THAT(gpu_environment(list_of({granted("nvidia", {"GPU-c", "GPU-a"})}), *snapshot),
              UnorderedElementsAre(Pair("CUDA_VISIBLE_DEVICES", "GPU-c,GPU-a"),
                                   Pair("NVIDIA_VISIBLE_DEVICES", "GPU-c,GPU-a")));
  EXPECT_THAT(gpu_environment({}, *snapshot), IsEmpty());
  EXPECT_THAT(task_devices(list_of({granted("nvidia", {"GPU-b"})}), *snapshot).withheld_files,
              ElementsAre("/dev/nvidia0", "/dev/nvidia2"));
  EXPECT_THAT(task_devices({}, *snapshot).withheld_files, IsEmpty());
}

TEST_F(GpuMachine, holds_a_slice_to_its_share_where_mps_runs) {
  scene({{"gpus", {card("GPU-a")}}});
  const auto slice = list_of({granted("nvidia", {"GPU-a"}, 10240, 0.25)});
  const auto without = make_gpu_watch(options())->look(0, 1);
  EXPECT_FALSE(without->mps);
  EXPECT_THAT(gpu_environment(slice, *without),
              UnorderedElementsAre(
                  Pair("CUDA_VISIBLE_DEVICES", "GPU-a"), Pair("NVIDIA_VISIBLE_DEVICES", "GPU-a"),
                  Pair("YURT_GPU_MEMORY_MB", "10240"), Pair("YURT_GPU_FRACTION", "0.25")));
  put("tmp/nvidia-mps/control", "");
  put("tmp/nvidia-mps/nvidia-cuda-mps-control.pid", std::to_string(::getpid()));
  const auto environment = gpu_environment(slice, *make_gpu_watch(options())->look(0, 1));
  EXPECT_EQ(environment.at("CUDA_MPS_PIPE_DIRECTORY"), "/tmp/nvidia-mps");
  EXPECT_EQ(environment.at("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"), "25");
  EXPECT_EQ(environment.at("CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"), "0=10240M");
}

TEST_F(GpuMachine, reads_amds_cards_from_sysfs) {
  const std::string card0 = "sys/class/drm/card0/device/";
  put("sys/class/drm/card1/device/vendor", "0x8086\n");
  put(card0 + "vendor", "0x1002\n");
  put(card0 + "unique_id", "18f68e602b8a790f\n");
  put(card0 + "product_name", "AMD Instinct MI210\n");
  put(card0 + "mem_info_vram_total", "68702699520\n");
  put(card0 + "mem_info_vram_used", "1073741824\n");
  put(card0 + "gpu_busy_percent", "42\n");
  put(card0 + "numa_node", "0\n");
  put(card0 + "hwmon/hwmon3/temp1_input", "51000\n");
  put(card0 + "hwmon/hwmon3/power1_average", "93000000\n");
  put(card0 + "hwmon/hwmon3/power1_cap", "300000000\n");
  std::filesystem::create_directories(root_ / card0 / "drm/renderD128");
  auto watch = make_gpu_watch(options());
  const auto snapshot = watch->look(0, 1);
  ASSERT_EQ(snapshot->gpus.size(), 1U);
  const GpuState& state = snapshot->gpus[0];
  EXPECT_EQ(state.gpu.id, "GPU-18f68e602b8a790f");
  EXPECT_EQ(state.gpu.model, "AMD Instinct MI210");
  EXPECT_EQ(state.gpu.memory_mib, 65520);
  EXPECT_EQ(state.gpu.power_w, 300);
  EXPECT_THAT(state.gpu.device_files, ElementsAre("/dev/kfd", "/dev/dri/renderD128"));
  ASSERT_TRUE(state.reading.has_value());
  EXPECT_EQ(state.reading->utilization, 42);
  EXPECT_EQ(state.reading->temperature_c, 51);
  EXPECT_EQ(state.reading->power_w, 93);
  EXPECT_EQ(state.reading->memory_used_bytes, 1073741824);
  const auto environment = gpu_environment(list_of({granted("amd", {state.gpu.id})}), *snapshot);
  EXPECT_THAT(environment, ElementsAre(Pair("ROCR_VISIBLE_DEVICES", "GPU-18f68e602b8a790f")));
  std::filesystem::remove_all(root_ / "sys/class/drm/card0");
  EXPECT_FALSE(watch->look(long_after, 2)->gpus[0].healthy);
}

}  // namespace
}  // namespace yurt::agent
