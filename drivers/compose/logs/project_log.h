// ProjectLog: the output of all containers of a project in the task's rotated files, every line
// with its container's name before it ("worker-2 | …"), each exactly once, whenever the agent was
// killed in between.
//
// After each batch the place in the files and every container's position are noted together; a new
// log cuts the files back to the noted place and the Engine is asked for what follows. Thread-safe;
// held by shared_ptr, also by its channels.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "drivers/docker/logs/log_cursor.h"
#include "drivers/docker/logs/log_sink.h"
#include "drivers/driver.h"

namespace yurt::drivers::compose {

class ProjectLog : public std::enable_shared_from_this<ProjectLog> {
 public:
  // `note_path`: the file of the notes. Errors: io.
  [[nodiscard]] static Result<std::shared_ptr<ProjectLog>> open(const LogFiles& files,
                                                                const std::string& note_path);
  ~ProjectLog();

  // Where the container called `name` writes; a restarted one goes on with its name.
  [[nodiscard]] std::unique_ptr<docker::LogSink> channel(const std::string& name);

  // A line of the driver's own about `name`, into standard error.
  void say(const std::string& name, std::string_view text);

  [[nodiscard]] std::uint64_t lost_bytes() const;

 private:
  struct Stream;
  class Channel;
  ProjectLog(UniqueFd folder, UniqueFd note_file);
  void write(bool standard_error, const std::string& name, std::string_view text);
  void note();

  mutable std::mutex mutex_;
  UniqueFd folder_;
  UniqueFd note_file_;
  std::unique_ptr<Stream> out_;
  std::unique_ptr<Stream> err_;
  std::map<std::string, docker::LogCursor> cursors_;
  bool changed_ = false;
};

}  // namespace yurt::drivers::compose
