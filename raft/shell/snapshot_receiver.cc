#include "raft/shell/snapshot_receiver.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/file.h"
#include "base/unique_fd.h"
#include "raft/shell/checksum.h"
#include "raft/shell/snapshot_folder.h"
#include "raft/shell/wire_peers.h"

namespace yurt::raft {
namespace {

Error damaged(const std::string& what) {
  return {ErrorCode::corrupt, "the snapshot did not arrive as it was sent: " + what};
}

// One snapshot on its way in.
class Arrival {
 public:
  explicit Arrival(const std::filesystem::path& folder) : folder_(folder) {}

  // True when this was the last part.
  Result<bool> take(const wire::SnapshotPart& part) {
    switch (part.part_case()) {
      case wire::SnapshotPart::kFileStart: YURT_TRY(start_file(part.file_start())); return false;
      case wire::SnapshotPart::kData: YURT_TRY(add(part.data())); return false;
      case wire::SnapshotPart::kFileEnd: YURT_TRY(end_file(part.file_end())); return false;
      case wire::SnapshotPart::kEnd: YURT_TRY(end(part.end())); return true;
      case wire::SnapshotPart::kHeader:
      case wire::SnapshotPart::PART_NOT_SET: break;
    }
    return damaged("a part is out of place");
  }

 private:
  Status start_file(const std::string& path) {
    if (file_.valid()) return damaged("a file begins inside another");
    if (!stays_inside(path)) return damaged("a file's name leads outside");
    name_ = path;
    const std::filesystem::path full = folder_ / path;
    YURT_TRY(make_folders(full.parent_path(), 0700));
    file_.reset(::open(full.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file_.valid()) return system_error("cannot create " + full.string(), errno);
    file_bytes_ = 0;
    file_crc_ = 0;
    return {};
  }

  Status add(std::string_view data) {
    if (!file_.valid()) return damaged("data outside a file");
    file_bytes_ += data.size();
    file_crc_ = crc32c(file_crc_, data);
    while (!data.empty()) {
      const ssize_t written = ::write(file_.get(), data.data(), data.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return system_error("cannot write the snapshot's file " + name_, errno);
      data.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  Status end_file(const wire::SnapshotFileEnd& end) {
    if (!file_.valid()) return damaged("a file ends that never began");
    if (end.size_bytes() != file_bytes_) return damaged("the length of " + name_ + " differs");
    if (end.crc32c() != file_crc_) return damaged("the checksum of " + name_ + " differs");
    if (::fsync(file_.get()) != 0) return system_error("cannot sync " + name_, errno);
    file_.reset();
    ++files_;
    bytes_ += file_bytes_;
    return {};
  }

  Status end(const wire::SnapshotEnd& end) {
    if (file_.valid()) return damaged("it ends inside a file");
    if (end.files() != files_ || end.size_bytes() != bytes_) return damaged("files are missing");
    return sync_folders(folder_);
  }

  const std::filesystem::path folder_;
  UniqueFd file_;
  std::string name_;
  std::uint64_t file_bytes_ = 0;
  std::uint32_t file_crc_ = 0;
  std::uint64_t files_ = 0;
  std::uint64_t bytes_ = 0;
};

Status receive_into(const std::filesystem::path& folder,
                    const std::function<bool(wire::SnapshotPart&)>& next) {
  YURT_TRY(make_folders(folder, 0700));
  Arrival arrival(folder);
  wire::SnapshotPart part;
  while (next(part)) {
    YURT_ASSIGN(const bool last, arrival.take(part));
    if (last) return {};
  }
  return Error{ErrorCode::unavailable, "the connection broke before the snapshot's end"};
}

}  // namespace

Result<ArrivedSnapshot> SnapshotReceiver::receive(
    const wire::SnapshotHeader& header, const std::function<bool(wire::SnapshotPart&)>& next) {
  const std::filesystem::path folder = folder_ / ("received-" + std::to_string(++last_number_));
  if (const Status status = receive_into(folder, next); !status.ok()) {
    remove_folder(folder);
    return status.error();
  }
  return ArrivedSnapshot{header.hello().from(), header.leader_term(), from_wire(header.snapshot()),
                         folder};
}

}  // namespace yurt::raft
