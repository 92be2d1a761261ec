#include "cli/gpu_view.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace yurt::cli {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

struct View {
  model::NodeListStub node;
  google::protobuf::RepeatedPtrField<model::Allocation> allocs;

  View() {
    node.set_id("n1");
    node.set_name("box");
    auto& device = *node.mutable_node_resources()->add_devices();
    device.set_vendor("nvidia");
    device.set_type("gpu");
    device.set_name("A100");
    for (const char* id : {"GPU-a", "GPU-b"}) {
      auto& instance = *device.add_instances();
      instance.set_id(id);
      instance.set_healthy(true);
      instance.set_memory_mib(40960);
    }
  }
  void grant(const std::string& alloc_id, const std::string& gpu, std::int64_t mib) {
    auto& alloc = *allocs.Add();
    alloc.set_id(alloc_id);
    alloc.set_job_id("train");
    alloc.set_client_status("running");
    auto& granted = *(*alloc.mutable_allocated_resources()->mutable_tasks())["main"].add_devices();
    granted.add_device_ids(gpu);
    granted.set_memory_mib(mib);
  }
};

Json stats_with(const Json& processes) {
  const Json memory{{"IntNumeratorVal", 1024}, {"IntDenominatorVal", 40960}};
  return {{"DeviceStats",
           {{{"Vendor", "nvidia"},
             {"Type", "gpu"},
             {"Name", "A100"},
             {"InstanceStats",
              {{"GPU-a",
                {{"Stats",
                  {{"Attributes",
                    {{"Memory state", memory}, {"GPU utilization", {{"IntNumeratorVal", 55}}}}}}},
                 {"Healthy", true},
                 {"Processes", processes}}}}}}}}};
}

TEST(GpuView, shows_tasks_by_their_processes_and_those_that_have_none_yet) {
  View view;
  view.grant("aaaaaaaa-1", "GPU-a", 10240);
  view.grant("bbbbbbbb-2", "GPU-a", 0);
  const Json process{{"PID", 1},
                     {"MemoryBytes", 1 << 30},
                     {"Utilization", 30},
                     {"AllocID", "aaaaaaaa-1"},
                     {"Task", "main"}};
  const auto rows = gpu_rows(view.node, view.allocs, stats_with({process, process}));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].utilization, 55);
  EXPECT_FALSE(rows[0].idle());
  ASSERT_EQ(rows[0].tenants.size(), 2U);
  EXPECT_EQ(rows[0].tenants[0].memory_bytes, 2LL << 30);
  EXPECT_EQ(rows[0].tenants[0].utilization, 60);
  EXPECT_EQ(rows[0].tenants[0].granted_mib, 10240);
  EXPECT_EQ(rows[0].tenants[1].memory_bytes, 0);
  EXPECT_TRUE(rows[1].idle());
  Terminal terminal;
  terminal.set_color(false);
  std::string text;
  for (const auto& line : gpu_lines(terminal, rows, false)) text += line + "\n";
  EXPECT_THAT(text, HasSubstr("train aaaaaaaa main"));
  EXPECT_THAT(text, HasSubstr("10240 MiB"));
  EXPECT_THAT(text, HasSubstr("2 GPUs: 1 idle, 0 unhealthy"));
  EXPECT_EQ(gpu_json(rows)[0]["Tasks"][0]["JobID"], "train");
}

TEST(GpuView, statistics_of_any_shape_break_nothing) {
  View view;
  for (const char* text : {"null", "[]", "{}", "{\"DeviceStats\": 5}", "{\"DeviceStats\": [5, {}]}",
                           "{\"DeviceStats\": [{\"InstanceStats\": {\"GPU-a\": {}}}]}"}) {
    const auto rows = gpu_rows(view.node, view.allocs, Json::parse(text));
    EXPECT_EQ(rows.size(), 2U) << text;
    const Json json = Json::parse(text);
    if (json.is_object()) (void)device_stats_table(json.value("DeviceStats", Json()));
  }
}

}  // namespace
}  // namespace yurt::cli
