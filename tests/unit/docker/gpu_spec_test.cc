#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "drivers/docker/container/container_spec.h"

namespace yurt::drivers::docker {
namespace {

nlohmann::json host_config(const TaskConfig& task) {
  const DockerConfig config;
  const DockerOptions options;
  const auto body = container_spec({task, config, options, {}, "image", "owner", "state"});
  EXPECT_TRUE(body.ok());
  return body.ok() ? (*body)["HostConfig"] : nlohmann::json();
}

TEST(GpuSpec, nvidias_cards_are_requested_by_uuid) {
  TaskConfig task;
  task.devices.granted = {{"nvidia", "GPU-a", {"/dev/nvidia0"}}, {"nvidia", "MIG-b", {}}};
  task.devices.withheld_files = {"/dev/nvidia1"};
  const auto host = host_config(task);
  ASSERT_EQ(host["DeviceRequests"].size(), 1U);
  EXPECT_EQ(host["DeviceRequests"][0]["DeviceIDs"], (nlohmann::json{"GPU-a", "MIG-b"}));
  EXPECT_EQ(host["DeviceRequests"][0]["Capabilities"], nlohmann::json::parse("[[\"gpu\"]]"));
  EXPECT_FALSE(host.contains("Devices"));
}

TEST(GpuSpec, amds_device_files_are_handed_in_once) {
  TaskConfig task;
  task.devices.granted = {{"amd", "GPU-1", {"/dev/kfd", "/dev/dri/renderD128"}},
                          {"amd", "GPU-2", {"/dev/kfd", "/dev/dri/renderD129"}}};
  const auto host = host_config(task);
  EXPECT_FALSE(host.contains("DeviceRequests"));
  EXPECT_EQ(host["Devices"].size(), 3U);
}

TEST(GpuSpec, a_task_without_gpus_asks_for_none) {
  const auto host = host_config({});
  EXPECT_FALSE(host.contains("DeviceRequests") || host.contains("Devices"));
}

}  // namespace
}  // namespace yurt::drivers::docker
