#include "raft/shell/snapshot_parts.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/unique_fd.h"
#include "raft/shell/checksum.h"
#include "raft/shell/snapshot_folder.h"

namespace yurt::raft {
namespace {

constexpr std::size_t chunk_bytes = 256 << 10;

using WritePart = std::function<bool(const wire::SnapshotPart&)>;

Error broken() {
  return {ErrorCode::unavailable, "the connection broke while the snapshot was sent"};
}

Result<std::uint64_t> write_file(const std::filesystem::path& path, const std::string& name,
                                 const WritePart& write) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return system_error("cannot open " + path.string(), errno);
  wire::SnapshotPart part;
  part.set_file_start(name);
  if (!write(part)) return broken();
  std::uint64_t size_bytes = 0;
  std::uint32_t crc = 0;
  while (true) {
    std::string& data = *part.mutable_data();
    data.resize(chunk_bytes);
    const ssize_t got = ::read(file.get(), data.data(), data.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("cannot read " + path.string(), errno);
    if (got == 0) break;
    data.resize(static_cast<std::size_t>(got));
    size_bytes += data.size();
    crc = crc32c(crc, data);
    if (!write(part)) return broken();
  }
  part.mutable_file_end()->set_size_bytes(size_bytes);
  part.mutable_file_end()->set_crc32c(crc);
  if (!write(part)) return broken();
  return size_bytes;
}

}  // namespace

Status write_snapshot_parts(const wire::SnapshotHeader& header, const std::filesystem::path& folder,
                            const WritePart& write) {
  YURT_ASSIGN(const std::vector<std::string> files, files_beneath(folder));
  wire::SnapshotPart part;
  *part.mutable_header() = header;
  if (!write(part)) return broken();
  std::uint64_t size_bytes = 0;
  for (const std::string& name : files) {
    YURT_ASSIGN(const std::uint64_t file_bytes, write_file(folder / name, name, write));
    size_bytes += file_bytes;
  }
  part.mutable_end()->set_files(files.size());
  part.mutable_end()->set_size_bytes(size_bytes);
  if (!write(part)) return broken();
  return {};
}

}  // namespace yurt::raft
