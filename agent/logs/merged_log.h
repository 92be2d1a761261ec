// MergedLog: the output of a task as one stream: its only log as it is, or the logs of its workers
// line by line, each line behind the worker it is of ("[2] loss 0.3"). Lines of one worker stay in
// order. A log that does not exist yet joins when it appears.
//
// Not thread-safe; holds the current files open.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/logs/log_reader.h"

namespace yurt::agent {

class MergedLog {
 public:
  // `logs`: the names the files begin with, "<task>" or "<task>.<worker>"; `type` as in LogReader.
  MergedLog(std::filesystem::path folder, const std::vector<std::string>& logs, std::string type);

  // Opens what exists and goes to where each log is to be read from (see LogReader::seek).
  // not_found when none exists.
  [[nodiscard]] Status open(std::int64_t offset, bool from_end);
  // See LogReader.
  void stop_at_newest();
  // The next piece; nullopt when there is none now.
  [[nodiscard]] Result<std::optional<LogPiece>> next();
  // Once nothing more will come: the last line of a log that does not end it. nullopt: none left.
  [[nodiscard]] std::optional<LogPiece> take_rest();

 private:
  struct Source {
    std::string name;
    std::string mark;  // before each line
    std::optional<LogReader> reader;
    std::string line;  // begun, not ended yet
    std::string file;
  };

  [[nodiscard]] Status open_one(Source& source, std::int64_t offset, bool from_end);
  // The whole lines of what has been read so far, marked.
  [[nodiscard]] std::string take_lines(Source& source);
  [[nodiscard]] LogPiece piece_of(const Source& source, std::string data);

  const std::filesystem::path folder_;
  const std::string type_;
  std::vector<Source> sources_;
  std::int64_t sent_bytes_ = 0;
  bool stopped_ = false;
};

}  // namespace yurt::agent
