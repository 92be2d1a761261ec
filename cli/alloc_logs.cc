// alloc logs: what a task has written.
#include <unistd.h>

#include <thread>

#include "cli/named_commands.h"
#include "cli/streaming.h"

namespace yurt::cli {
namespace {

struct LogOptions {
  AllocTarget target;
  Tail tail;
  bool follow = false, want_stdout = false, want_stderr = false;
};

int show_logs(Session& session, const LogOptions& options) {
  const auto id = find_alloc(session, options.target);
  if (!id.ok()) return fail(session, id.error());
  const auto task = find_task(session, *id, options.target);
  if (!task.ok()) return fail(session, task.error());
  model::LogsRequest request;
  *request.mutable_query() = query(session);
  request.set_alloc_id(*id);
  request.set_task(*task);
  request.set_follow(options.follow);

  // Nomad's rule: output alone, but both when they are followed and neither was named.
  const bool neither = !options.want_stdout && !options.want_stderr;
  const bool out = options.want_stdout || neither;
  const bool err = options.want_stderr || (neither && options.follow);
  Status err_status, out_status;
  model::LogsRequest err_request = request;
  err_request.set_type("stderr");
  request.set_type("stdout");
  const auto copy_err = [&] {
    err_status =
        copy_stream(session, "StreamLogs", std::move(err_request), options.tail, STDERR_FILENO);
  };
  std::thread beside;
  if (out && err) beside = std::thread(copy_err);
  if (out) {
    out_status =
        copy_stream(session, "StreamLogs", std::move(request), options.tail, STDOUT_FILENO);
  }
  if (beside.joinable()) {
    beside.join();
  } else if (err) {
    // Asked for alone, it is the result.
    err_status =
        copy_stream(session, "StreamLogs", std::move(err_request), options.tail, STDOUT_FILENO);
  }
  for (const Status& status : {out_status, err_status}) {
    if (!status.ok()) return fail(session, status.error());
  }
  return exit_ok;
}

}  // namespace

CLI::App* add_logs(CLI::App& parent, Session& session, const std::string& name) {
  auto options = std::make_shared<LogOptions>();
  CLI::App* command = add_command(parent, session, name, "Print what a task has written",
                                  [&session, options] { return show_logs(session, *options); });
  options->target.add_to(*command);
  command->add_option("task", options->target.task, "Task, when there are several");
  options->target.add_task_flag(*command);
  command->add_flag("-f,--follow", options->follow, "Go on as more is written");
  command->add_flag("--stdout", options->want_stdout,
                    "Standard output, which is meant when nothing is said without -f");
  command->add_flag("--stderr", options->want_stderr, "Standard error");
  options->tail.add_to(*command);
  command->footer(
      "With -f and neither -stdout nor -stderr both are followed, each on its own stream. Of a "
      "task with workers all are shown, each line behind the number of its worker, or one with "
      "-worker.");
  return command;
}

}  // namespace yurt::cli
