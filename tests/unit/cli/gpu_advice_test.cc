#include "cli/gpu_advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace yurt::cli {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t mib = 1024 * 1024;

struct Seen {
  std::map<std::string, model::Node> nodes;
  model::AllocationListResponse allocs;
  Terminal terminal;

  Seen() {
    terminal.set_color(false);
    auto* device = nodes["n"].mutable_node_resources()->add_devices();
    device->set_vendor("nvidia");
    device->set_type("gpu");
    device->set_name("A100");
    auto* instance = device->add_instances();
    instance->set_id("GPU-0");
    instance->set_memory_mib(40960);
  }
  void add(std::int64_t slice_mib, const std::vector<std::int64_t>& peaks_mib) {
    auto& alloc = *allocs.add_allocations();
    alloc.set_node_id("n");
    alloc.set_task_group("predict");
    auto& granted = *(*alloc.mutable_allocated_resources()->mutable_tasks())["model"].add_devices();
    granted.set_vendor("nvidia");
    granted.set_type("gpu");
    granted.set_name("A100");
    granted.add_device_ids("GPU-0");
    granted.set_memory_mib(slice_mib);
    auto& state = (*alloc.mutable_task_states())["model"];
    for (const std::int64_t peak : peaks_mib) {
      state.add_workers()->set_peak_gpu_memory(peak * mib);
    }
  }
  [[nodiscard]] std::string advice() const {
    return gpu_advice(terminal, allocs.allocations(), nodes);
  }
};

TEST(GpuAdvice, is_from_the_largest_peak_and_a_tenth) {
  Seen seen;
  seen.add(20480, {3000, 4000});
  seen.add(20480, {5000, 100});
  // 5,500 MiB and what rounding needs: seven in 40,960, and two of them in 11,002.
  EXPECT_THAT(seen.advice(), HasSubstr("predict/model"));
  EXPECT_THAT(seen.advice(), HasSubstr("5000"));
  EXPECT_THAT(seen.advice(), HasSubstr("\"11002MiB\" for 2"));
  EXPECT_THAT(seen.advice(), HasSubstr("  7  "));
}

TEST(GpuAdvice, is_not_given_for_what_was_not_measured) {
  Seen seen;
  EXPECT_EQ(seen.advice(), "");
  seen.add(0, {0, 0});
  seen.add(0, {});
  EXPECT_EQ(seen.advice(), "");
  seen.nodes.clear();
  seen.add(0, {4000});
  EXPECT_EQ(seen.advice(), "");
}

}  // namespace
}  // namespace yurt::cli
