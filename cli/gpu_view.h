// What the cluster's GPUs do, from what nodes tell of themselves: for `gpu top` and the pages of
// nodes and allocations. Pure.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "proto/api.pb.h"

namespace yurt::cli {

// A task on a GPU: one of its processes' owners, or one that was granted it and has no process yet.
struct GpuTenant {
  std::string alloc_id, job, task;  // alloc_id empty: processes of no task
  std::optional<int> worker{};
  std::int64_t memory_bytes = 0;
  std::optional<double> utilization{};
  std::int64_t granted_mib = 0;  // of a slice; both 0: the whole device
  double granted_fraction = 0;
};

struct GpuRow {
  std::string node_id, node_name, id, vendor, model;
  bool healthy = true;
  std::string health{};
  bool read = false;  // the fields below are known
  std::optional<double> utilization{}, temperature_c{}, power_w{}, power_limit_w{};
  std::int64_t memory_used_mib = 0, memory_mib = 0;
  std::vector<GpuTenant> tenants{};

  // Nobody was given any of it, and nobody uses it.
  [[nodiscard]] bool idle() const { return tenants.empty(); }
};

// `stats` as GET /v1/client/stats has it (anything but an object: not known); without them a GPU
// is what its node was registered with.
[[nodiscard]] std::vector<GpuRow> gpu_rows(
    const model::NodeListStub& node,
    const google::protobuf::RepeatedPtrField<model::Allocation>& allocations,
    const nlohmann::json& stats);

// The table of `gpu top`: a line for each GPU and one for each task on it, then the sums.
[[nodiscard]] std::vector<std::string> gpu_lines(const Terminal& terminal,
                                                 const std::vector<GpuRow>& rows, bool verbose);
[[nodiscard]] nlohmann::json gpu_json(const std::vector<GpuRow>& rows);

// The DeviceStats of a node or allocation as lines of a table, the header first; empty without any.
[[nodiscard]] std::vector<Row> device_stats_table(const nlohmann::json& device_stats);

}  // namespace yurt::cli
