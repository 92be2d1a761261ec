#include "agent/fs/read_descriptor.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace yurt::agent {

Result<std::string> read_at(int fd, std::int64_t offset, std::size_t count) {
  std::string out(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    const ssize_t n = ::pread(fd, out.data() + done, count - done,
                              static_cast<off_t>(offset) + static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("reading", errno);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  out.resize(done);
  return out;
}

Result<std::string> read_descriptor(int fd, std::size_t max_bytes) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return system_error("reading", errno);
  if (!S_ISREG(info.st_mode)) return Error{ErrorCode::invalid_argument, "this is no regular file"};
  std::string out;
  constexpr std::size_t piece = 1 << 16;
  while (true) {
    YURT_ASSIGN(const std::string read, read_at(fd, static_cast<std::int64_t>(out.size()), piece));
    out += read;
    if (out.size() > max_bytes) {
      return Error{ErrorCode::resource_exhausted,
                   "the file is larger than " + std::to_string(max_bytes) + " bytes"};
    }
    if (read.size() < piece) return out;
  }
}

}  // namespace yurt::agent
