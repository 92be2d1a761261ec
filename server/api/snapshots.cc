// Saving the state: an archive is written aside, then streamed as fast as the caller takes it.
#include <mutex>

#include "server/api/executor.h"
#include "server/api/operations.h"
#include "server/api/snapshot_archive.h"

namespace yurt::server {
namespace {

constexpr std::size_t chunk_bytes = 256 << 10;

// One archive on its way. Works on the executor, one piece after another, each when the one before
// it was consumed.
class Sending : public std::enable_shared_from_this<Sending> {
 public:
  Sending(const Serving& serving, StreamEvents events)
      : serving_(serving), events_(std::move(events)) {}

  void start() {
    serving_.executor.post([self = shared_from_this()] {
      const ServerIdentity& identity = self->serving_.core.identity();
      model::SnapshotMeta meta;
      meta.version = identity.version;
      meta.region = identity.region;
      meta.time_ns = self->serving_.core.clock().wall_ns();
      auto archive = write_snapshot_archive(
          [&](const model::SnapshotRow& row) { return self->serving_.core.each_row(row); },
          std::move(meta));
      if (!archive) return self->end(archive.error());
      self->archive_ = std::move(*archive);
      self->send_next();
    });
  }

  void consumed() {
    serving_.executor.post([self = shared_from_this()] { self->send_next(); });
  }

  void abandon() {
    const std::lock_guard lock(mutex_);
    events_ = {};
  }

 private:
  void send_next() {
    auto chunk = std::make_unique<model::SnapshotChunk>();
    std::string& data = *chunk->mutable_data();
    data.resize(chunk_bytes);
    const auto n = ::read(archive_.file.get(), data.data(), data.size());
    if (n < 0) return end(system_error("read a snapshot", errno));
    if (n == 0) return end({});
    data.resize(static_cast<std::size_t>(n));
    chunk->set_digest(std::exchange(archive_.digest, {}));
    const std::lock_guard lock(mutex_);
    if (events_.on_message) {
      events_.on_message(Body{std::move(chunk), {}}, static_cast<std::size_t>(n));
    }
  }

  void end(Status status) {
    const std::lock_guard lock(mutex_);
    if (events_.on_end) events_.on_end(std::move(status));
  }

  const Serving serving_;
  SnapshotArchive archive_;  // used by one task at a time
  std::recursive_mutex mutex_;
  StreamEvents events_;
};

class SnapshotStream final : public CallStream {
 public:
  explicit SnapshotStream(std::shared_ptr<Sending> sending) : sending_(std::move(sending)) {}
  ~SnapshotStream() override { sending_->abandon(); }
  bool send(Body) override { return false; }
  void finish_sending() override {}
  void consumed(std::size_t) override { sending_->consumed(); }

 private:
  const std::shared_ptr<Sending> sending_;
};

Result<std::unique_ptr<CallStream>> save(const Serving& serving, const model::ListRequest&,
                                         StreamEvents events) {
  auto sending = std::make_shared<Sending>(serving, std::move(events));
  sending->start();
  return std::unique_ptr<CallStream>(std::make_unique<SnapshotStream>(std::move(sending)));
}

}  // namespace

void add_snapshot_operations(OperationTable& table) {
  table.stream<model::ListRequest, model::SnapshotChunk>("SaveSnapshot", Access::leader, &save);
  add_snapshot_restore(table);
}

}  // namespace yurt::server
