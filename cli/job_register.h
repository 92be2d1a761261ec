// Registering jobs, one or a folder of them, and following what becomes of them.
#pragma once

#include <cstdint>
#include <optional>

#include "cli/await_job.h"
#include "cli/job_file.h"

namespace yurt::cli {

struct RunOptions {
  JobFileOptions file;
  bool detach = false, output = false, verbose = false, wait = false;
  bool preserve_counts = false, preserve_resources = false;
  std::optional<std::uint64_t> check_index;
  int eval_priority = 0;
  AwaitOptions await;
};

// Flags that name the place fill in what the file leaves open.
void fill_place(const Session& session, model::Job& job);

// `job run`; the exit code.
int register_file(Session& session, const RunOptions& options);
int register_folder(Session& session, const RunOptions& options);

}  // namespace yurt::cli
