// LogStore: a container's output as the Engine tells it (messages with timestamps) in the task's
// rotated files, each message exactly once, whenever the agent was killed in between.
//
// After each batch the position is noted beside; a new store reads it, asks the Engine for what
// follows (since()), and leaves out what the last note does not cover but the files hold already.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "drivers/docker/logs/log_cursor.h"
#include "drivers/docker/logs/log_position.h"
#include "drivers/docker/logs/log_sink.h"
#include "drivers/driver.h"

namespace yurt::drivers::docker {

class LogStore final : public LogSink {
 public:
  // `position_path`: the file of the note. `tty`: the Engine sends one stream without frames.
  [[nodiscard]] static Result<std::unique_ptr<LogStore>> open(const LogFiles& files,
                                                              const std::string& position_path);
  ~LogStore() override;

  std::string since() const override { return cursor_.since(); }
  void rewind() override { cursor_.rewind(); }
  void message(bool standard_error, std::string_view text) override;
  void note() override;
  std::uint64_t lost_bytes() const override;

 private:
  struct Stream;
  LogStore(UniqueFd folder, UniqueFd note_file);
  [[nodiscard]] LogPosition::File place_of(const Stream& stream) const;
  // How many bytes the files hold beyond `place`.
  [[nodiscard]] std::uint64_t beyond(const Stream& stream, const LogPosition::File& place) const;

  UniqueFd folder_;
  UniqueFd note_file_;
  std::unique_ptr<Stream> out_;
  std::unique_ptr<Stream> err_;
  LogCursor cursor_;
  bool changed_ = false;
};

// Cuts the output of a container with a terminal into messages: the Engine ends each at a line's
// end or after 16 KiB. Not thread-safe.
class TerminalMessages {
 public:
  template <typename Each>
  void feed(std::string_view bytes, Each each) {
    pending_.append(bytes);
    std::size_t from = 0;
    for (std::size_t end = 0; (end = message_end(from)) != std::string::npos; from = end) {
      each(std::string_view(pending_).substr(from, end - from));
    }
    pending_.erase(0, from);
  }
  template <typename Each>
  void finish(Each each) {
    if (!pending_.empty()) each(std::string_view(pending_));
    pending_.clear();
  }

 private:
  [[nodiscard]] std::size_t message_end(std::size_t from) const;

  std::string pending_;
};

}  // namespace yurt::drivers::docker
