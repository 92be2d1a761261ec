// Restoring a saved state: the file is received whole and proven whole before anything changes,
// then proposed part by part; the last command puts it in place on every server at once.
#include <unistd.h>

#include <condition_variable>
#include <mutex>

#include "base/ids.h"
#include "proto/command.pb.h"
#include "server/api/executor.h"
#include "server/api/operations.h"
#include "server/api/snapshot_archive.h"

namespace yurt::server {
namespace {

constexpr std::size_t part_bytes = 512 << 10;
// Parts that may wait to be committed at once.
constexpr int most_in_flight = 8;

Status append_to(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("keep the snapshot", errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

void append_field(std::string& out, std::string_view bytes) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>(bytes.size() >> shift & 255);
  }
  out += bytes;
}

// Proposes rows in parts, several at a time. Blocks its thread while too many are under way.
class PartProposer {
 public:
  PartProposer(Core& core, std::string id) : core_(core), id_(std::move(id)) {}
  ~PartProposer() { wait_for(0); }
  PartProposer(const PartProposer&) = delete;
  PartProposer& operator=(const PartProposer&) = delete;

  Status add(std::string_view key, std::string_view value) {
    append_field(rows_, key);
    append_field(rows_, value);
    return rows_.size() >= part_bytes ? flush() : Status();
  }

  // Proposes what is left and the command that puts all of it in place.
  Status finish() {
    if (!rows_.empty()) YURT_TRY(flush());
    wait_for(0);
    YURT_TRY(failure());
    model::Command command = next();
    command.mutable_restore_state()->set_last(true);
    propose(std::move(command));
    wait_for(0);
    return failure();
  }

 private:
  model::Command next() {
    model::Command command;
    command.mutable_restore_state()->set_id(id_);
    command.mutable_restore_state()->set_part(parts_);
    return command;
  }

  Status flush() {
    wait_for(most_in_flight - 1);
    YURT_TRY(failure());
    model::Command command = next();
    command.mutable_restore_state()->set_rows(std::exchange(rows_, {}));
    ++parts_;
    propose(std::move(command));
    return {};
  }

  void propose(model::Command command) {
    {
      const std::lock_guard lock(mutex_);
      ++in_flight_;
    }
    core_.propose(std::move(command), [this](Result<Applied> applied) {
      const std::lock_guard lock(mutex_);
      if (!applied.ok() && failure_.ok()) failure_ = applied.error();
      --in_flight_;
      landed_.notify_all();
    });
  }

  void wait_for(int at_most) {
    std::unique_lock lock(mutex_);
    landed_.wait(lock, [&] { return in_flight_ <= at_most; });
  }
  Status failure() {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

  Core& core_;
  const std::string id_;
  std::string rows_;
  std::uint64_t parts_ = 0;
  std::mutex mutex_;
  std::condition_variable landed_;
  int in_flight_ = 0;
  Status failure_;
};

// One archive on its way in.
class Receiving : public std::enable_shared_from_this<Receiving> {
 public:
  Receiving(const Serving& serving, UniqueFd file, StreamEvents events)
      : serving_(serving), file_(std::move(file)), events_(std::move(events)) {}

  void take(const model::SnapshotChunk& chunk) {
    const std::lock_guard lock(mutex_);
    if (status_.ok()) status_ = append_to(file_.get(), chunk.data());
  }

  // Everything has come.
  void finish() {
    serving_.executor.post([self = shared_from_this()] { self->end(self->restore()); });
  }

  void abandon() {
    const std::lock_guard lock(mutex_);
    events_ = {};
  }

 private:
  Status restore() {
    {
      const std::lock_guard lock(mutex_);
      YURT_TRY(status_);
    }
    YURT_ASSIGN(const model::SnapshotMeta meta, model::read_snapshot_file(file_.get(), {}));
    if (meta.index == 0) return Error{ErrorCode::corrupt, "the snapshot says index 0"};
    PartProposer parts(serving_.core, Uuid::generate(serving_.core.random()).to_bytes());
    YURT_TRY(model::read_snapshot_file(
        file_.get(),
        [&](std::string_view key, std::string_view value) { return parts.add(key, value); }));
    return parts.finish();
  }

  void end(Status status) {
    const std::lock_guard lock(mutex_);
    if (status.ok() && events_.on_message) {
      events_.on_message(Body{std::make_unique<model::Empty>(), {}}, 1);
    }
    if (events_.on_end) events_.on_end(std::move(status));
  }

  const Serving serving_;
  const UniqueFd file_;
  std::recursive_mutex mutex_;
  StreamEvents events_;
  Status status_;
};

class RestoreStream final : public CallStream {
 public:
  explicit RestoreStream(std::shared_ptr<Receiving> receiving) : receiving_(std::move(receiving)) {}
  ~RestoreStream() override { receiving_->abandon(); }

  bool send(Body message) override {
    if (message.message) {
      receiving_->take(static_cast<const model::SnapshotChunk&>(*message.message));
      return true;
    }
    model::SnapshotChunk chunk;
    if (!chunk.ParseFromString(message.bytes)) return false;
    receiving_->take(chunk);
    return true;
  }
  void finish_sending() override { receiving_->finish(); }
  void consumed(std::size_t) override {}

 private:
  const std::shared_ptr<Receiving> receiving_;
};

Result<std::unique_ptr<CallStream>> restore(const Serving& serving,
                                            const model::SnapshotChunk& first,
                                            StreamEvents events) {
  YURT_ASSIGN(UniqueFd file, temporary_file());
  auto receiving = std::make_shared<Receiving>(serving, std::move(file), std::move(events));
  receiving->take(first);
  return std::unique_ptr<CallStream>(std::make_unique<RestoreStream>(std::move(receiving)));
}

}  // namespace

void add_snapshot_restore(OperationTable& table) {
  table.stream<model::SnapshotChunk, model::Empty>("RestoreSnapshot", Access::leader, &restore);
}

}  // namespace yurt::server
