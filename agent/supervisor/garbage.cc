#include "agent/supervisor/garbage.h"

#include <sys/statvfs.h>

#include <algorithm>

namespace yurt::agent {

std::size_t surplus(const GcOptions& options, std::size_t live,
                    std::vector<FinishedAlloc>& finished) {
  std::sort(finished.begin(), finished.end(), [](const auto& a, const auto& b) {
    return std::pair(a.finished_at_ns, a.id) < std::pair(b.finished_at_ns, b.id);
  });
  const auto keep = static_cast<std::size_t>(std::max(0, options.max_allocs));
  const std::size_t all = live + finished.size();
  return all <= keep ? 0 : std::min(finished.size(), all - keep);
}

bool presses(const GcOptions& options, const DiskUsage& usage) {
  return usage.space_percent > options.disk_usage_percent ||
         usage.inodes_percent > options.inode_usage_percent;
}

DiskUsage disk_usage(const std::filesystem::path& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) return {};
  const auto percent = [](double free, double all) {
    return all <= 0 ? 0 : 100 * (1 - free / all);
  };
  return {percent(static_cast<double>(info.f_bavail), static_cast<double>(info.f_blocks)),
          percent(static_cast<double>(info.f_favail), static_cast<double>(info.f_files))};
}

}  // namespace yurt::agent
