#include "agent/logs/merged_log.h"

#include <utility>

namespace yurt::agent {

MergedLog::MergedLog(std::filesystem::path folder, const std::vector<std::string>& logs,
                     std::string type)
    : folder_(std::move(folder)), type_(std::move(type)) {
  for (std::size_t i = 0; i < logs.size(); ++i) {
    sources_.push_back({.name = logs[i],
                        .mark = "[" + std::to_string(i) + "] ",
                        .reader = std::nullopt,
                        .line = {},
                        .file = {}});
  }
}

Status MergedLog::open_one(Source& source, std::int64_t offset, bool from_end) {
  YURT_ASSIGN(LogReader reader, LogReader::open(folder_, source.name, type_));
  YURT_TRY(reader.seek(offset, from_end));
  source.reader.emplace(std::move(reader));
  return {};
}

Status MergedLog::open(std::int64_t offset, bool from_end) {
  Status outcome = Error{ErrorCode::not_found, "the task has no log"};
  bool any = false;
  for (Source& source : sources_) {
    outcome = open_one(source, offset, from_end);
    any |= outcome.ok();
    if (!outcome.ok() && outcome.error().code != ErrorCode::not_found) return outcome;
  }
  return any ? Status() : outcome;
}

void MergedLog::stop_at_newest() {
  stopped_ = true;
  for (Source& source : sources_) {
    if (source.reader) source.reader->stop_at_newest();
  }
}

std::string MergedLog::take_lines(Source& source) {
  const std::size_t end = source.line.rfind('\n');
  if (end == std::string::npos) return {};
  const std::string lines = source.line.substr(0, end + 1);
  source.line.erase(0, end + 1);
  std::string marked;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t next = lines.find('\n', at) + 1;
    marked += source.mark;
    marked.append(lines, at, next - at);
    at = next;
  }
  return marked;
}

LogPiece MergedLog::piece_of(const Source& source, std::string data) {
  sent_bytes_ += static_cast<std::int64_t>(data.size());
  return {std::move(data), sent_bytes_, source.file, ""};
}

Result<std::optional<LogPiece>> MergedLog::next() {
  for (Source& source : sources_) {
    if (!source.reader && !stopped_) {
      const Status opened = open_one(source, 0, false);
      if (!opened.ok() && opened.error().code != ErrorCode::not_found) return opened.error();
    }
    if (!source.reader) continue;
    if (sources_.size() == 1) return source.reader->next();
    while (true) {
      YURT_ASSIGN(auto piece, source.reader->next());
      if (!piece) break;
      source.file = piece->file;
      source.line += piece->data;
      // A line without an end is not waited for without a limit.
      if (source.line.size() >= LogReader::piece_bytes * 16) source.line += '\n';
      if (std::string lines = take_lines(source); !lines.empty()) {
        return std::optional(piece_of(source, std::move(lines)));
      }
    }
  }
  return std::optional<LogPiece>();
}

std::optional<LogPiece> MergedLog::take_rest() {
  for (Source& source : sources_) {
    if (source.line.empty()) continue;
    source.line += '\n';
    return piece_of(source, take_lines(source));
  }
  return std::nullopt;
}

}  // namespace yurt::agent
