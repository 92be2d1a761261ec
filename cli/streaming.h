// Streaming: what commands share that pass data between an agent and the terminal.
#pragma once

#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/show.h"

namespace yurt::cli {

// Which allocation, and which of its tasks, a command means.
struct AllocTarget {
  std::string alloc;  // ID or prefix; a job's with `by_job`
  bool by_job = false;
  std::string group;  // with `by_job`: only allocations of this group
  std::string task, task_flag;
  std::optional<unsigned> worker;  // of a task with several

  // The word, -job, -group.
  void add_to(CLI::App& command);
  // -task, -worker.
  void add_task_flag(CLI::App& command);
};

// -worker.
void add_worker_flag(CLI::App& command, std::optional<unsigned>& worker);

// The whole ID of the allocation. A job stands for its newest running allocation, or its newest.
[[nodiscard]] Result<std::string> find_alloc(Session& session, const AllocTarget& target);
// The task that is named, or the only one; with a worker, "<task>.<worker>", which is its name
// wherever a task can be named.
[[nodiscard]] Result<std::string> find_task(Session& session, const std::string& alloc_id,
                                            const AllocTarget& target);

// Writes all of `data`; what cannot be written is lost (the reader has gone).
void write_out(int fd, const std::string& data);

// The end of a log or file that is wanted.
struct Tail {
  bool wanted = false;
  std::optional<std::int64_t> lines, bytes;

  // -tail, -n, -c.
  void add_to(CLI::App& command);
  [[nodiscard]] bool any() const { return wanted || lines || bytes; }
};

// Copies what `operation` streams for `request` (a LogsRequest or FileRequest) to `fd`, from the
// start or from where `tail` says.
template <typename Request>
[[nodiscard]] Status copy_stream(Session& session, const char* operation, Request request,
                                 const Tail& tail, int fd);

// The last `lines` lines of `text`.
[[nodiscard]] std::string last_lines(const std::string& text, std::int64_t lines);

}  // namespace yurt::cli
