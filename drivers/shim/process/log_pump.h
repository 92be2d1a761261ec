// LogPump: carries a task's standard output and error from two pipes into rotated files. The pipes
// hold up to 64 KiB each while the shim is busy. Not thread-safe.
#pragma once

#include "drivers/shim/process/log_writer.h"
#include "drivers/shim/process/spec_view.h"

namespace yurt::shim {

class LogPump {
 public:
  static constexpr int stream_count = 2;  // 0: standard output, 1: standard error

  // Opens files and pipes; with logs disabled, nothing. False with errno.
  [[nodiscard]] bool open(const SpecView& spec);
  // What the task's descriptor 1 + stream should be.
  [[nodiscard]] int task_end(int stream) const { return streams_[stream].task_end; }
  // After the task's start: only the task holds its ends from here on.
  void close_task_ends();
  // To poll for input; -1 when the stream has ended (or there is none).
  [[nodiscard]] int pipe(int stream) const { return streams_[stream].pipe; }
  // Stores what is there, at most one buffer full. False when nothing was there.
  bool pump(int stream);
  // Stores all that is left in both pipes.
  void drain();
  [[nodiscard]] std::uint64_t lost_bytes() const;

 private:
  struct Stream {
    int pipe = -1;
    int task_end = 1;  // the shim's own standard output: /dev/null
    LogWriter writer;
  };
  Stream streams_[stream_count];
  bool own_task_ends_ = false;
};

}  // namespace yurt::shim
