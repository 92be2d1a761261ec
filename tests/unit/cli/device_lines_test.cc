#include "cli/device_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace yurt::cli {
namespace {

using ::testing::HasSubstr;

model::AllocatedDevice grant(const std::string& id, std::int64_t memory_mib, double fraction,
                             int max) {
  model::AllocatedDevice device;
  device.set_vendor("nvidia");
  device.set_type("gpu");
  device.set_name("A100");
  device.add_device_ids(id);
  device.set_memory_mib(memory_mib);
  device.set_fraction(fraction);
  device.set_max_sharers(max);
  return device;
}

TEST(DeviceLines, say_what_a_task_holds) {
  model::AllocatedTaskResources task;
  EXPECT_EQ(device_grants_text(task), "");
  *task.add_devices() = grant("GPU-0", 0, 0, 0);
  *task.add_devices() = grant("GPU-1", 18432, 0.25, 4);
  task.mutable_devices(1)->add_device_ids("GPU-2");
  EXPECT_EQ(device_grants_text(task),
            "nvidia/gpu/A100 GPU-0 (whole)\n"
            "nvidia/gpu/A100 GPU-1, GPU-2 (18432 MiB and 25 % of each, at most 4 tasks on it)");
}

TEST(DeviceLines, say_what_is_free_on_a_node) {
  Terminal terminal;
  terminal.set_color(false);
  model::Node node;
  model::NodeAllocationsResponse allocs;
  EXPECT_EQ(node_devices_text(terminal, node, allocs), "");
  auto* device = node.mutable_node_resources()->add_devices();
  device->set_vendor("nvidia");
  device->set_type("gpu");
  device->set_name("A100");
  for (int i = 0; i < 3; ++i) {
    auto* instance = device->add_instances();
    instance->set_id("GPU-" + std::to_string(i));
    instance->set_healthy(i != 2);
    instance->set_memory_mib(40960);
  }
  device->mutable_instances(2)->set_health_description("fell off the bus");
  auto* alloc = allocs.add_allocations();
  alloc->set_client_status("running");
  auto& tasks = *alloc->mutable_allocated_resources()->mutable_tasks();
  *tasks["a"].add_devices() = grant("GPU-0", 18432, 0.25, 0);
  *tasks["b"].add_devices() = grant("GPU-0", 10240, 0.25, 0);
  *tasks["c"].add_devices() = grant("GPU-1", 0, 0, 0);
  *allocs.add_allocations() = *alloc;
  allocs.mutable_allocations(1)->set_client_status("complete");

  const std::string text = node_devices_text(terminal, node, allocs);
  EXPECT_THAT(text, HasSubstr("28672/40960 MiB"));
  EXPECT_THAT(text, HasSubstr("50 %"));
  EXPECT_THAT(text, HasSubstr("40960/40960 MiB"));
  EXPECT_THAT(text, HasSubstr("whole"));
  EXPECT_THAT(text, HasSubstr("unhealthy: fell off the bus"));
  EXPECT_THAT(text, HasSubstr("0/40960 MiB"));
}

}  // namespace
}  // namespace yurt::cli
