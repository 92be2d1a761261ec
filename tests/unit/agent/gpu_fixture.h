// A machine with GPUs: the NVML stand-in's file, and a tree in place of /sys, /proc and /tmp.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "agent/gpu/gpu_watch.h"

namespace yurt::agent {

class GpuMachine : public ::testing::Test {
 protected:
  GpuMachine() {
    std::string name = ::testing::TempDir() + "gpus-XXXXXX";
    root_ = ::mkdtemp(name.data());
    ::setenv("YURT_NVML_STANDIN", (root_ / "scene.json").c_str(), 1);
  }
  ~GpuMachine() override {
    ::unsetenv("YURT_NVML_STANDIN");
    std::filesystem::remove_all(root_);
  }

  void put(const std::string& path, const std::string& text) const {
    const auto file = root_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  // What the stand-in shows from now on.
  void scene(const nlohmann::json& content) {
    // Under a new name: a rewritten file may have the same time and size.
    put("scene.new", content.dump());
    std::filesystem::rename(root_ / "scene.new", root_ / "scene.json");
  }
  [[nodiscard]] static nlohmann::json card(const std::string& uuid, int minor = 0) {
    return {{"uuid", uuid},
            {"name", "NVIDIA A100"},
            {"memory_mib", 40960},
            {"minor", minor},
            {"bar1_mib", 65536},
            {"power_limit_w", 400},
            {"power_w", 90},
            {"cores_clock", 1410},
            {"memory_clock", 1215},
            {"pcie", {4, 16}},
            {"persistence", true},
            {"display", false},
            {"temperature", 44},
            {"ecc", 0},
            {"xids", nlohmann::json::array()}};
  }
  [[nodiscard]] GpuOptions options() const {
    GpuOptions options;
    options.nvml_library = NVML_STANDIN;
    options.system_root = root_.string();
    return options;
  }

  std::filesystem::path root_;
};

}  // namespace yurt::agent
