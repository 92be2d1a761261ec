// Which finished allocations to remove from the disk. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/options.h"
#include "base/ids.h"

namespace yurt::agent {

struct FinishedAlloc {
  AllocId id;
  std::int64_t finished_at_ns = 0;
};

struct DiskUsage {
  double space_percent = 0;
  double inodes_percent = 0;
};

// Those beyond the number to keep, the oldest first. `live`: how many allocations are not finished.
// `finished` is put in order of age.
[[nodiscard]] std::size_t surplus(const GcOptions& options, std::size_t live,
                                  std::vector<FinishedAlloc>& finished);

// Whether the disk is too full to keep finished allocations.
[[nodiscard]] bool presses(const GcOptions& options, const DiskUsage& usage);

// Of the file system that holds `path`.
[[nodiscard]] DiskUsage disk_usage(const std::filesystem::path& path);

}  // namespace yurt::agent
