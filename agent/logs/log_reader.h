// LogReader: a task's output as one stream, across its rotated files
// `<task>.<stdout|stderr>.<N>` in the allocation's log folder (see drivers/driver.h).
//
// A file is left for the next only once the next exists, and after it has been read to its end
// again: what was written in between is not lost. Files rotated away before they were read are
// skipped. Not thread-safe; holds the current file open.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace yurt::agent {

struct LogPiece {
  std::string data;         // at most 64 KiB; empty for an event alone
  std::int64_t offset = 0;  // in the file, behind the data
  std::string file;         // "alloc/logs/<task>.stdout.0"
  std::string event;        // "file truncated", else ""
};

class LogReader {
 public:
  static constexpr std::size_t piece_bytes = 64 << 10;

  // `type`: stdout or stderr. not_found when the task has no such log.
  [[nodiscard]] static Result<LogReader> open(const std::filesystem::path& log_folder,
                                              const std::string& task, const std::string& type);

  // Where to begin: `offset` bytes from the start of the oldest file, or (from_end) back from the
  // end of the newest. Offsets beyond what there is stop at its border.
  [[nodiscard]] Status seek(std::int64_t offset, bool from_end);

  // The next piece; nullopt at the end of the newest file: more may come later.
  [[nodiscard]] Result<std::optional<LogPiece>> next();

  // From now on the newest file that exists now is the last: what is rotated in later is not read.
  void stop_at_newest();

 private:
  LogReader(std::filesystem::path folder, std::string prefix)
      : folder_(std::move(folder)), prefix_(std::move(prefix)) {}

  [[nodiscard]] std::vector<std::int64_t> indexes() const;
  [[nodiscard]] std::filesystem::path path_of(std::int64_t index) const;
  [[nodiscard]] Status open_file(std::int64_t index, std::int64_t position);
  [[nodiscard]] std::optional<std::int64_t> successor() const;

  std::filesystem::path folder_;
  std::string prefix_;  // "<task>.stdout."
  std::int64_t index_ = 0;
  std::int64_t position_ = 0;
  UniqueFd file_;
  std::optional<std::int64_t> last_;
};

}  // namespace yurt::agent
