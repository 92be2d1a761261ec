#include "cli/await_job.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <tuple>

#include "base/duration.h"
#include "cli/show.h"
#include "cli/streaming.h"

namespace yurt::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void note_interrupt(int) { interrupted = 1; }

// While it lives, Ctrl-C is noted rather than deadly.
class InterruptGuard {
 public:
  InterruptGuard() {
    interrupted = 0;
    struct sigaction action {};
    action.sa_handler = note_interrupt;
    ::sigaction(SIGINT, &action, &before_);
  }
  ~InterruptGuard() { ::sigaction(SIGINT, &before_, nullptr); }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  struct sigaction before_ {};
};

class Waiter {
 public:
  Waiter(Session& session, const std::string& job_id, const AwaitOptions& options)
      : session_(session), job_id_(job_id), options_(options) {}

  int run() {
    std::int64_t deadline_ns = 0;
    if (!options_.timeout.empty()) {
      const auto timeout = parse_duration(options_.timeout);
      if (!timeout.ok()) return fail(session_, timeout.error());
      deadline_ns = session_.clock.steady_ns() + *timeout;
    }
    const InterruptGuard guard;
    while (true) {
      const auto ended = look();
      if (!ended.ok()) return fail(session_, ended.error());
      if (options_.logs) print_logs();
      if (*ended) return verdict();
      if (options_.fail_unplaced && unplaced()) return exit_cannot_place;
      if (deadline_ns != 0 && session_.clock.steady_ns() >= deadline_ns) {
        session_.terminal.print_error("gave up waiting after " + options_.timeout + ": job \"" +
                                      job_id_ + "\" goes on");
        return exit_timed_out;
      }
      if (interrupted != 0) {
        interrupted = 0;
        if (const auto code = on_interrupt()) return *code;
      }
    }
  }

 private:
  // Waits a second at most for news; true when the job has ended.
  Result<bool> look() {
    model::JobReadRequest request;
    *request.mutable_query() = query(session_);
    request.mutable_query()->set_index(index_);
    request.mutable_query()->set_wait(nanoseconds_per_second);
    request.set_job_id(job_id_);
    const auto reply = session_.client().get<model::JobReadResponse>("ReadJob", request);
    // A job that has left memory has ended: its run is kept longer.
    if (!reply.ok() && reply.error().code == ErrorCode::not_found) return true;
    if (!reply.ok()) return reply.error();
    index_ = reply->query_meta().index();
    const std::string& status = reply->job().status();
    std::string line = status;
    if (!reply->job().status_description().empty()) {
      line += ": " + reply->job().status_description();
    }
    if (line != shown_ && status != "dead") {
      session_.terminal.print_error("Job \"" + job_id_ + "\" is " + line);
      shown_ = line;
    }
    return status == "dead";
  }

  void print_logs() {
    model::JobAllocationsRequest request;
    *request.mutable_query() = query(session_);
    request.set_job_id(job_id_);
    const auto reply =
        session_.client().get<model::AllocationListResponse>("ListJobAllocations", request);
    if (!reply.ok()) return;
    for (const auto& alloc : reply->allocations()) {
      for (const auto& [task, state] : alloc.task_states()) {
        if (state.started_at() == 0) continue;
        copy_new(alloc.id(), task, "stdout", STDOUT_FILENO);
        copy_new(alloc.id(), task, "stderr", STDERR_FILENO);
      }
    }
  }

  // What the task has written since the last look. What fails now is had at the next one.
  void copy_new(const std::string& alloc, const std::string& task, const std::string& type,
                int fd) {
    std::int64_t& seen = offsets_[{alloc, task, type}];
    model::LogsRequest request;
    *request.mutable_query() = query(session_);
    request.set_alloc_id(alloc);
    request.set_task(task);
    request.set_type(type);
    request.set_origin("start");
    request.set_offset(seen);
    const auto stream = session_.client().open("StreamLogs");
    if (!stream->write(request)) {
      static_cast<void>(stream->finish());
      return;
    }
    stream->writes_done();
    model::StreamFrame frame;
    while (stream->read(frame)) {
      write_out(fd, frame.data());
      seen += static_cast<std::int64_t>(frame.data().size());
    }
    static_cast<void>(stream->finish());
  }

  // Prints why, once it is so.
  bool unplaced() {
    model::JobReadRequest request;
    *request.mutable_query() = query(session_);
    request.set_job_id(job_id_);
    const auto reply = session_.client().get<model::JobExplanation>("ExplainJob", request);
    if (!reply.ok() || reply->failed_groups().empty() || reply->status() == "running") return false;
    session_.terminal.print_error(placement_failures(session_.terminal, reply->failed_groups()));
    return true;
  }

  std::optional<int> on_interrupt() {
    bool stop = options_.on_interrupt == "stop";
    if (options_.on_interrupt == "ask") {
      stop = ask(session_, "Stop job \"" + job_id_ + "\"? Otherwise it goes on without you");
    }
    if (!stop) {
      session_.terminal.print_error("Job \"" + job_id_ + "\" goes on; `yurt job status " + job_id_ +
                                    "` shows it");
      return 128 + SIGINT;
    }
    model::JobDeregisterRequest request;
    *request.mutable_write() = write(session_);
    request.set_job_id(job_id_);
    const auto reply =
        session_.client().get<model::JobDeregisterResponse>("DeregisterJob", request);
    if (!reply.ok()) return fail(session_, reply.error());
    return std::nullopt;  // its end comes
  }

  int verdict() {
    model::RunReadRequest request;
    *request.mutable_query() = query(session_);
    request.set_job_id(job_id_);
    const auto reply = session_.client().get<model::RunReadResponse>("ReadRun", request);
    if (!reply.ok()) return fail(session_, reply.error());
    const model::RunRecord& run = reply->run();
    session_.terminal.print_error("Job \"" + job_id_ + "\" is " +
                                  status_text(session_.terminal, run.status()) + " after " +
                                  format_duration(run_time(run)));
    if (run.status() == "complete") return exit_ok;
    if (run.status() == "stopped") return exit_stopped;
    for (const auto& task : run.tasks()) {
      if (task.oom_killed()) return exit_out_of_memory;
      if (task.signal() != 0) return 128 + task.signal();
      if (task.exit_code() != 0) return std::min(task.exit_code(), exit_stopped - 1);
    }
    return was_lost(run) ? exit_lost : exit_failure;
  }

  // It had begun and nobody has seen it end, or it never was anywhere.
  static bool was_lost(const model::RunRecord& run) {
    return run.tasks().empty() ||
           (run.started_at() != 0 &&
            std::any_of(run.tasks().begin(), run.tasks().end(),
                        [](const model::RunTask& task) { return task.run_time() == 0; }));
  }

  static std::int64_t run_time(const model::RunRecord& run) {
    const std::int64_t from = run.started_at() != 0 ? run.started_at() : run.submitted_at();
    return std::max<std::int64_t>(run.finished_at() - from, 0) / nanoseconds_per_millisecond *
           nanoseconds_per_millisecond;
  }

  Session& session_;
  const std::string job_id_;
  const AwaitOptions& options_;
  std::uint64_t index_ = 0;
  std::string shown_;
  std::map<std::tuple<std::string, std::string, std::string>, std::int64_t> offsets_;
};

}  // namespace

void AwaitOptions::add_to(CLI::App& command) {
  command.add_flag("--logs", logs, "With -wait: print what the tasks write");
  command.add_flag("--fail-unplaced", fail_unplaced,
                   "With -wait: end with exit code 123 when no node can take the job");
  command.add_option("--timeout", timeout, "With -wait: give up after this long, e.g. 90m");
  command
      .add_option("--on-interrupt", on_interrupt,
                  "With -wait: what Ctrl-C does to the job: ask, leave or stop")
      ->check(CLI::IsMember({"ask", "leave", "stop"}));
  command.footer(await_exit_codes);
}

int await_job(Session& session, const std::string& job_id, const AwaitOptions& options) {
  return Waiter(session, job_id, options).run();
}

}  // namespace yurt::cli
