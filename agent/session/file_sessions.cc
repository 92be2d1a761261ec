#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "agent/fs/alloc_files.h"
#include "agent/fs/read_descriptor.h"
#include "agent/logs/merged_log.h"
#include "agent/session/session.h"

namespace yurt::agent {
namespace {

// A followed file is looked at this often; small writes are so gathered into one frame.
constexpr std::chrono::milliseconds poll_interval{100};
constexpr int polls_per_sign_of_life = 10;  // an empty frame each second shows that we are alive
constexpr std::size_t piece_bytes = 64 << 10;

Error caller_gone() { return {ErrorCode::unavailable, "the caller is gone"}; }

bool send(SessionStream& stream, const std::string& data, std::int64_t offset,
          const std::string& file, const std::string& event) {
  model::SessionFrame frame;
  auto& piece = *frame.mutable_stream();
  piece.set_offset(offset);
  piece.set_data(data);
  piece.set_file(file);
  piece.set_file_event(event);
  return stream.write(frame);
}

// Waits for more to read. False when the caller is gone.
bool pause(SessionStream& stream, int& polls) {
  std::this_thread::sleep_for(poll_interval);
  if (++polls < polls_per_sign_of_life) return true;
  polls = 0;
  model::SessionFrame frame;
  frame.mutable_stream();
  return stream.write(frame);
}

}  // namespace

Status serve_logs(const model::LogsRequest& request, const LookUp& look_up, SessionStream& stream) {
  const std::string type = request.type().empty() ? "stdout" : request.type();
  YURT_ASSIGN(const AllocView alloc, look_up());
  if (!alloc.has_task) {
    return Error{ErrorCode::not_found, "unknown task name \"" + request.task() + "\""};
  }
  const bool from_end = request.origin() == "end";
  MergedLog log(alloc.root / "alloc" / "logs", alloc.logs, type);
  Status opened = log.open(request.offset(), from_end);
  int polls = 0;
  while (!opened.ok() && request.follow() && opened.error().code == ErrorCode::not_found) {
    // The task has not written yet: its first line is waited for, as long as it may come.
    if (!pause(stream, polls)) return caller_gone();
    YURT_ASSIGN(const AllocView now, look_up());
    opened = log.open(request.offset(), from_end);
    if (!now.may_run && !opened.ok()) break;
  }
  YURT_TRY(opened);
  if (!request.follow()) log.stop_at_newest();
  const auto pass_on = [&stream](const LogPiece& piece) {
    return send(stream, piece.data, piece.offset, piece.file, piece.event);
  };
  while (true) {
    // Asked before reading: what a task wrote before its end is read after it.
    bool may_grow = request.follow();
    if (may_grow) {
      const auto now = look_up();
      may_grow = now.ok() && now->may_run;
    }
    bool read_any = false;
    while (true) {
      YURT_ASSIGN(const auto piece, log.next());
      if (!piece) break;
      read_any = true;
      if (!pass_on(*piece)) return caller_gone();
    }
    if (!may_grow) {
      while (const auto rest = log.take_rest()) {
        if (!pass_on(*rest)) return caller_gone();
      }
      return {};
    }
    if (read_any) polls = 0;
    if (!pause(stream, polls)) return caller_gone();
  }
}

Status serve_file_stream(const model::FileRequest& request, const AllocView& alloc,
                         SessionStream& stream) {
  YURT_ASSIGN(const AllocFiles files, AllocFiles::open(alloc.root));
  YURT_ASSIGN(UniqueFd file, files.open_file(request.path()));
  struct stat info {};
  ::fstat(file.get(), &info);
  std::int64_t position = request.origin() == "end"
                              ? std::max<std::int64_t>(0, info.st_size - request.offset())
                              : request.offset();
  const bool follow = !request.has_follow() || request.follow();
  std::int64_t left = request.has_limit() && request.limit() > 0 ? request.limit() : INT64_MAX;
  int polls = 0;
  while (left > 0) {
    ::fstat(file.get(), &info);
    if (info.st_size < position) {
      position = 0;
      if (!send(stream, "", 0, request.path(), "file truncated")) return caller_gone();
    }
    const auto count = static_cast<std::size_t>(
        std::min<std::int64_t>(left, static_cast<std::int64_t>(piece_bytes)));
    YURT_ASSIGN(const std::string data, read_at(file.get(), position, count));
    if (!data.empty()) {
      position += static_cast<std::int64_t>(data.size());
      left -= static_cast<std::int64_t>(data.size());
      polls = 0;
      if (!send(stream, data, position, request.path(), "")) return caller_gone();
      continue;
    }
    if (!follow) return {};
    if (info.st_nlink == 0) {
      send(stream, "", position, request.path(), "file deleted");
      return {};
    }
    if (!pause(stream, polls)) return caller_gone();
  }
  return {};
}

Status serve_file(const model::FileRequest& request, const AllocView& alloc,
                  SessionStream& stream) {
  YURT_ASSIGN(const AllocFiles files, AllocFiles::open(alloc.root));
  YURT_ASSIGN(const UniqueFd file, files.open_file(request.path()));
  std::int64_t position = request.offset();
  std::int64_t left = request.has_limit() ? request.limit() : INT64_MAX;
  bool sent_any = false;
  while (left > 0 || !sent_any) {
    const auto count = static_cast<std::size_t>(
        std::min<std::int64_t>(left, static_cast<std::int64_t>(piece_bytes)));
    YURT_ASSIGN(std::string data, read_at(file.get(), position, count));
    if (data.empty() && sent_any) break;
    position += static_cast<std::int64_t>(data.size());
    left -= static_cast<std::int64_t>(data.size());
    const bool last = data.size() < count;
    model::SessionFrame frame;
    frame.mutable_content()->set_data(std::move(data));
    if (!stream.write(frame)) return caller_gone();
    sent_any = true;
    if (last) break;
  }
  return {};
}

Status serve_file_list(const model::FileRequest& request, const AllocView& alloc,
                       SessionStream& stream) {
  YURT_ASSIGN(const AllocFiles files, AllocFiles::open(alloc.root));
  YURT_ASSIGN(auto list, files.list(request.path()));
  model::SessionFrame frame;
  for (auto& file : list) *frame.mutable_files()->add_files() = std::move(file);
  frame.mutable_files();
  return stream.write(frame) ? Status() : caller_gone();
}

Status serve_file_stat(const model::FileRequest& request, const AllocView& alloc,
                       SessionStream& stream) {
  YURT_ASSIGN(const AllocFiles files, AllocFiles::open(alloc.root));
  YURT_ASSIGN(auto info, files.stat(request.path()));
  model::SessionFrame frame;
  *frame.mutable_stat()->mutable_file() = std::move(info);
  return stream.write(frame) ? Status() : caller_gone();
}

}  // namespace yurt::agent
