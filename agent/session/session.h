// One session's work. Every function blocks until its answer is complete or the caller is gone, and
// returns how it went; the SessionServer tells that to the caller as the last frame.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/stream/server_link.h"
#include "base/result.h"
#include "drivers/driver.h"

namespace yurt::agent {

// What a session may know of an allocation; fetched from the loop.
struct AllocView {
  std::filesystem::path root;
  bool has_task = false;               // the task or worker that was asked for exists
  std::vector<std::string> logs;       // the prefixes of its log files: one for each worker
  bool may_run = false;                // and has not ended for good
  std::shared_ptr<drivers::Task> run;  // its run; null when it does not run now
};

// Fetches the view anew; an error when the allocation is not (or no longer) on this node.
using LookUp = std::function<Result<AllocView>()>;

[[nodiscard]] Status serve_logs(const model::LogsRequest& request, const LookUp& look_up,
                                SessionStream& stream);
[[nodiscard]] Status serve_file_stream(const model::FileRequest& request, const AllocView& alloc,
                                       SessionStream& stream);
[[nodiscard]] Status serve_file(const model::FileRequest& request, const AllocView& alloc,
                                SessionStream& stream);
[[nodiscard]] Status serve_file_list(const model::FileRequest& request, const AllocView& alloc,
                                     SessionStream& stream);
[[nodiscard]] Status serve_file_stat(const model::FileRequest& request, const AllocView& alloc,
                                     SessionStream& stream);
// Ok: the command's end, or the caller's going, has ended the session; no last frame is due.
[[nodiscard]] Status serve_exec(const model::ExecStart& request, const AllocView& alloc,
                                SessionStream& stream);

}  // namespace yurt::agent
