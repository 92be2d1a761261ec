#include "bench/machine/disk_limit.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "base/assert.h"
#include "base/clock.h"
#include "base/unique_fd.h"

namespace yurt::bench {

double syncs_per_second(const std::filesystem::path& folder, std::size_t bytes, double seconds) {
  const std::filesystem::path file = folder / "disk-limit";
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  YURT_ASSERT(fd.valid());
  const std::string content(bytes, 'x');
  SystemClock clock;
  const std::int64_t start_ns = clock.steady_ns();
  const auto end_ns = start_ns + static_cast<std::int64_t>(seconds * 1e9);
  std::int64_t now_ns = start_ns;
  std::int64_t count = 0;
  for (; now_ns < end_ns; now_ns = clock.steady_ns(), ++count) {
    YURT_ASSERT(::write(fd.get(), content.data(), bytes) == static_cast<ssize_t>(bytes));
    YURT_ASSERT(::fdatasync(fd.get()) == 0);
  }
  ::unlink(file.c_str());
  return static_cast<double>(count) / (static_cast<double>(now_ns - start_ns) / 1e9);
}

}  // namespace yurt::bench
