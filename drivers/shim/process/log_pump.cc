#include "drivers/shim/process/log_pump.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace yurt::shim {

bool LogPump::open(const SpecView& spec) {
  if (spec.header->log_disabled != 0) return true;
  const int folder = ::open(spec.log_folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return false;
  const char* prefixes[stream_count] = {spec.stdout_prefix, spec.stderr_prefix};
  own_task_ends_ = true;
  for (int i = 0; i < stream_count; ++i) {
    Stream& stream = streams_[i];
    if (!stream.writer.open(folder, prefixes[i], spec.header->log_max_bytes,
                            spec.header->log_max_files)) {
      return false;
    }
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    stream.pipe = ends[0];
    stream.task_end = ends[1];
    // Our end alone: a task must not find its output non-blocking.
    if (::fcntl(stream.pipe, F_SETFL, O_NONBLOCK) != 0) return false;
  }
  return true;
}

void LogPump::close_task_ends() {
  if (!own_task_ends_) return;
  for (Stream& stream : streams_) ::close(stream.task_end);
  own_task_ends_ = false;
}

bool LogPump::pump(int stream) {
  static char buffer[64 * 1024];
  Stream& from = streams_[stream];
  if (from.pipe < 0) return false;
  const ssize_t got = ::read(from.pipe, buffer, sizeof buffer);
  if (got > 0) {
    from.writer.write(buffer, static_cast<std::size_t>(got));
    return true;
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return errno == EINTR;
  ::close(from.pipe);
  from.pipe = -1;
  return false;
}

void LogPump::drain() {
  for (int i = 0; i < stream_count; ++i) {
    while (pump(i)) {
    }
  }
}

std::uint64_t LogPump::lost_bytes() const {
  return streams_[0].writer.lost_bytes() + streams_[1].writer.lost_bytes();
}

}  // namespace yurt::shim
