#include "server/gpu_metrics.h"

#include <gmock/gmock.h>

#include "server/state/device_events.h"

namespace yurt::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(GpuMetrics, one_series_for_each_gpu_and_task) {
  const std::string stats = R"({"DeviceStats": [{"Name": "A\"100", "InstanceStats": {"GPU-a": {
    "Healthy": false,
    "Stats": {"Attributes": {"GPU utilization": {"IntNumeratorVal": 55},
                             "Memory state": {"IntNumeratorVal": 1, "IntDenominatorVal": 2}}},
    "Processes": [{"PID": 1, "AllocID": "x", "Task": "t", "Worker": 2, "MemoryBytes": 10, "Utilization": 5},
                  {"PID": 2, "AllocID": "x", "Task": "t", "Worker": 2, "MemoryBytes": 20},
                  {"PID": 3, "MemoryBytes": 7}]}}}]})";
  const std::string text = gpu_metrics_text({{"box", stats}, {"other", "{}"}, {"silent", ""}});
  EXPECT_THAT(text, HasSubstr("# TYPE yurt_gpu_utilization_percent gauge\n"));
  const std::string labels = R"(node="box",gpu="GPU-a",model="A\"100")";
  EXPECT_THAT(text, HasSubstr("yurt_gpu_utilization_percent{" + labels + "} 55\n"));
  EXPECT_THAT(text, HasSubstr("yurt_gpu_memory_total_bytes{" + labels + "} 2097152\n"));
  EXPECT_THAT(text, HasSubstr("yurt_gpu_healthy{" + labels + "} 0\n"));
  EXPECT_THAT(text, HasSubstr("yurt_gpu_task_memory_bytes{" + labels +
                              R"(,alloc_id="x",task="t",worker="2"} 30)" + "\n"));
  EXPECT_THAT(text, Not(HasSubstr("yurt_gpu_temperature_celsius")));
}

TEST(GpuMetrics, statistics_of_any_shape_break_nothing) {
  for (const char* stats :
       {"\"InstanceStats\"", "{\"DeviceStats\":{\"InstanceStats\":1}}", "{\"InstanceStats\":[",
        "{\"DeviceStats\":[{\"InstanceStats\":{\"g\":{\"Processes\":{\"a\":1}}}}]}"}) {
    EXPECT_EQ(gpu_metrics_text({{"n", stats}}), "");
  }
}

model::Node node_with(const std::string& id, bool healthy, const std::string& why = "") {
  model::Node node;
  auto& device = *node.mutable_node_resources()->add_devices();
  device.set_vendor("nvidia");
  device.set_type("gpu");
  device.set_name("A100");
  auto& instance = *device.add_instances();
  instance.set_id(id);
  instance.set_healthy(healthy);
  instance.set_health_description(why);
  return node;
}

TEST(DeviceEvents, tell_what_failed_recovered_came_and_went) {
  const auto messages = [](const model::Node& before, const model::Node& after) {
    std::vector<std::string> texts;
    for (const auto& event : device_events(before, after)) texts.push_back(event.message());
    return texts;
  };
  const std::string name = "Device nvidia/gpu/A100 ";
  using ::testing::ElementsAre;
  EXPECT_THAT(messages(node_with("a", true), node_with("a", true)), ElementsAre());
  EXPECT_THAT(messages(node_with("a", true), node_with("a", false, "Xid 79")),
              ElementsAre(name + "a is unhealthy: Xid 79"));
  EXPECT_THAT(messages(node_with("a", false, "Xid 79"), node_with("a", false, "gone")),
              ElementsAre(name + "a is unhealthy: gone"));
  EXPECT_THAT(messages(node_with("a", false, "x"), node_with("a", true)),
              ElementsAre(name + "a is healthy again"));
  EXPECT_THAT(messages(node_with("a", true), node_with("b", true)),
              ElementsAre(name + "b was added", name + "a is gone"));
}

}  // namespace
}  // namespace yurt::server
