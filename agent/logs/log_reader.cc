#include "agent/logs/log_reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "agent/fs/read_descriptor.h"

namespace yurt::agent {
namespace fs = std::filesystem;

Result<LogReader> LogReader::open(const fs::path& log_folder, const std::string& task,
                                  const std::string& type) {
  LogReader reader(log_folder, task + "." + type + ".");
  if (reader.indexes().empty()) {
    return Error{ErrorCode::not_found,
                 "log entry for task \"" + task + "\" and type \"" + type + "\" not found"};
  }
  YURT_TRY(reader.seek(0, false));
  return reader;
}

std::vector<std::int64_t> LogReader::indexes() const {
  std::vector<std::int64_t> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(prefix_, 0) != 0) continue;
    std::int64_t index = 0;
    const char* end = name.data() + name.size();
    const auto [stop, failure] = std::from_chars(name.data() + prefix_.size(), end, index);
    if (failure == std::errc() && stop == end && index >= 0) found.push_back(index);
  }
  std::sort(found.begin(), found.end());
  return found;
}

fs::path LogReader::path_of(std::int64_t index) const {
  return folder_ / (prefix_ + std::to_string(index));
}

Status LogReader::open_file(std::int64_t index, std::int64_t position) {
  // A task can put links into its log folder; following one would read the agent's files.
  UniqueFd fd(::open(path_of(index).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd.valid()) return system_error(path_of(index).string(), errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Error{ErrorCode::permission_denied, path_of(index).string() + " is no log file"};
  }
  file_ = std::move(fd);
  index_ = index;
  position_ = position;
  return {};
}

Status LogReader::seek(std::int64_t offset, bool from_end) {
  auto all = indexes();
  if (all.empty()) return Error{ErrorCode::not_found, "the log has been removed"};
  std::error_code error;
  const auto size_of = [&](std::int64_t index) -> std::int64_t {
    const auto size = fs::file_size(path_of(index), error);
    return error ? 0 : static_cast<std::int64_t>(size);
  };
  if (from_end) std::reverse(all.begin(), all.end());
  std::int64_t left = std::max<std::int64_t>(0, offset);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::int64_t size = size_of(all[i]);
    const bool last = i + 1 == all.size();
    if (left <= size || last) {
      left = std::min(left, size);
      return open_file(all[i], from_end ? size - left : left);
    }
    left -= size;
  }
  return {};
}

void LogReader::stop_at_newest() {
  const auto all = indexes();
  last_ = all.empty() ? index_ : all.back();
}

std::optional<std::int64_t> LogReader::successor() const {
  for (const std::int64_t index : indexes()) {
    if (index > index_ && (!last_ || index <= *last_)) return index;
  }
  return std::nullopt;
}

Result<std::optional<LogPiece>> LogReader::next() {
  while (true) {
    // Looked for before reading: once it exists, nothing more is written to the current file.
    const auto next_index = successor();
    struct stat info {};
    const std::string name = "alloc/logs/" + prefix_ + std::to_string(index_);
    if (::fstat(file_.get(), &info) == 0 && info.st_size < position_) {
      position_ = 0;
      return std::optional(LogPiece{"", 0, name, "file truncated"});
    }
    YURT_ASSIGN(std::string data, read_at(file_.get(), position_, piece_bytes));
    if (!data.empty()) {
      position_ += static_cast<std::int64_t>(data.size());
      return std::optional(LogPiece{std::move(data), position_, name, ""});
    }
    if (!next_index) return std::optional<LogPiece>();
    if (const auto status = open_file(*next_index, 0);
        !status.ok() && status.error().code != ErrorCode::io) {
      return status.error();
    } else if (!status.ok()) {
      index_ = *next_index;  // rotated away meanwhile: on to the one after it
    }
  }
}

}  // namespace yurt::agent
