// SnapshotReceiver: writes a snapshot that comes in, part by part, to a folder of its own; checks
// lengths and checksums; syncs everything before it says that the snapshot has arrived.
//
// Thread-safe: several may come in at once, each into its own folder.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/result.h"
#include "raft/raft.pb.h"
#include "raft/shell/transport.h"

namespace yurt::raft {

class SnapshotReceiver {
 public:
  // `folder` exists.
  explicit SnapshotReceiver(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Takes the parts behind the header from `next` (false: the stream broke) up to the last. After
  // an error nothing of it is left. corrupt when what came is not what was sent.
  [[nodiscard]] Result<ArrivedSnapshot> receive(
      const wire::SnapshotHeader& header, const std::function<bool(wire::SnapshotPart&)>& next);

 private:
  const std::filesystem::path folder_;
  std::atomic<std::uint64_t> last_number_{0};
};

}  // namespace yurt::raft
