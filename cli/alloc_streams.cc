// alloc logs, fs and exec: data that streams from an agent, and to it.
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "cli/alloc_commands.h"
#include "cli/output.h"
#include "cli/show.h"

namespace yurt::cli {
namespace {

struct StreamOptions {
  std::string alloc, task, path = "/", type = "stdout";
  bool follow = false, show_stderr = false, stat = false, tty = false;
  bool interactive = true;
  std::optional<std::int64_t> tail_lines, tail_bytes;
  std::vector<std::string> command;
};

void write_out(int fd, const std::string& data) {
  std::size_t done = 0;
  while (done < data.size()) {
    const ssize_t written = ::write(fd, data.data() + done, data.size() - done);
    if (written <= 0) return;
    done += static_cast<std::size_t>(written);
  }
}

// The task to act on when the user names none: the only one there is.
Result<std::string> choose_task(Session& session, const std::string& alloc,
                                const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  model::AllocationReadRequest request;
  *request.mutable_query() = query(session);
  request.set_alloc_id(alloc);
  YURT_ASSIGN(const auto reply,
              session.client().get<model::AllocationReadResponse>("ReadAllocation", request));
  const auto& tasks = reply.allocation().task_resources();
  if (tasks.size() == 1) return tasks.begin()->first;
  std::string names;
  for (const auto& [name, resources] : tasks) names += " " + name;
  return Error{ErrorCode::invalid_argument,
               "the allocation has several tasks, name one of:" + names};
}

// Copies frames to `fd` until the stream ends.
Status copy_frames(Client::Stream& stream, int fd) {
  model::StreamFrame frame;
  while (stream.read(frame)) {
    if (!frame.data().empty()) write_out(fd, frame.data());
  }
  return stream.finish();
}

// The last `lines` lines of `text`.
std::string last_lines(const std::string& text, std::int64_t lines) {
  std::size_t at = text.size();
  if (at > 0 && text.back() == '\n') --at;
  while (at > 0) {
    const auto newline = text.rfind('\n', at - 1);
    if (newline == std::string::npos) return text;
    if (--lines <= 0) return text.substr(newline + 1);
    at = newline;
  }
  return text;
}

int show_logs(Session& session, const StreamOptions& options) {
  const auto id = resolve_alloc(session, options.alloc);
  if (!id.ok()) return fail(session, id.error());
  const auto task = choose_task(session, *id, options.task);
  if (!task.ok()) return fail(session, task.error());
  model::LogsRequest request;
  *request.mutable_query() = query(session);
  request.set_alloc_id(*id);
  request.set_task(*task);
  request.set_type(options.show_stderr ? "stderr" : options.type);
  request.set_follow(options.follow);
  request.set_origin("start");
  const bool tail = options.tail_bytes || options.tail_lines;
  if (tail) {
    // A line is taken to have at most this many bytes, as a bound on what is fetched.
    constexpr std::int64_t line_bytes = 1024;
    request.set_origin("end");
    request.set_offset(options.tail_bytes ? *options.tail_bytes : *options.tail_lines * line_bytes);
  }
  const auto stream = session.client().open("StreamLogs");
  if (!stream->write(request)) return fail(session, stream->finish().error());
  stream->writes_done();
  if (options.tail_lines && !options.follow) {
    std::string text;
    model::StreamFrame frame;
    while (stream->read(frame)) text += frame.data();
    const Status status = stream->finish();
    if (!status.ok()) return fail(session, status.error());
    write_out(STDOUT_FILENO, last_lines(text, *options.tail_lines));
    return exit_ok;
  }
  const Status status = copy_frames(*stream, STDOUT_FILENO);
  return status.ok() ? exit_ok : fail(session, status.error());
}

std::string size_text(std::int64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  if (bytes < 1024 * 1024) return std::to_string(bytes / 1024) + " KiB";
  return std::to_string(bytes / 1024 / 1024) + " MiB";
}

int show_files(Session& session, const StreamOptions& options) {
  const auto id = resolve_alloc(session, options.alloc);
  if (!id.ok()) return fail(session, id.error());
  model::FileRequest request;
  *request.mutable_query() = query(session);
  request.set_alloc_id(*id);
  request.set_path(options.path);
  const auto stat = session.client().get<model::FileStatResponse>("StatFile", request);
  if (!stat.ok()) return fail(session, stat.error());
  std::vector<Row> rows{{"Mode", "Size", "Modified Time", "Name"}};
  const auto add = [&](const model::FileInfo& file) {
    rows.push_back({file.file_mode(), size_text(file.size()), timestamp(file.mod_time()),
                    file.name() + (file.is_dir() ? "/" : "")});
  };
  if (options.stat) {
    add(stat->file());
  } else if (stat->file().is_dir()) {
    const auto list = session.client().get<model::FileListResponse>("ListFiles", request);
    if (!list.ok()) return fail(session, list.error());
    for (const auto& file : list->files()) add(file);
  } else {
    request.set_follow(options.follow);
    request.set_origin(options.tail_bytes ? "end" : "start");
    if (options.tail_bytes) request.set_offset(*options.tail_bytes);
    const auto stream = session.client().open("StreamFile");
    if (!stream->write(request)) return fail(session, stream->finish().error());
    stream->writes_done();
    const Status status = copy_frames(*stream, STDOUT_FILENO);
    return status.ok() ? exit_ok : fail(session, status.error());
  }
  session.terminal.print(table(session.terminal, rows));
  return exit_ok;
}

// Standard input in raw mode while a terminal session lasts.
class RawTerminal {
 public:
  explicit RawTerminal(bool wanted) {
    active_ = wanted && tcgetattr(STDIN_FILENO, &saved_) == 0;
    if (!active_) return;
    termios raw = saved_;
    cfmakeraw(&raw);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  ~RawTerminal() {
    if (active_) tcsetattr(STDIN_FILENO, TCSANOW, &saved_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  termios saved_{};
  bool active_ = false;
};

// Sends standard input, and the terminal's size when it changes, until `over`.
void pump_input(Client::Stream& stream, bool tty, const std::atomic<bool>& over) {
  winsize sent{};
  while (!over) {
    winsize now{};
    if (tty && ioctl(STDIN_FILENO, TIOCGWINSZ, &now) == 0 &&
        (now.ws_row != sent.ws_row || now.ws_col != sent.ws_col)) {
      sent = now;
      model::ExecFrame size;
      size.set_tty_height(now.ws_row);
      size.set_tty_width(now.ws_col);
      if (!stream.write(size)) return;
    }
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, 200) <= 0) continue;
    char buffer[16 * 1024];
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    model::ExecFrame frame;
    if (got > 0) {
      frame.set_stdin(buffer, static_cast<std::size_t>(got));
    } else {
      frame.set_stdin_close(true);
    }
    if (!stream.write(frame) || got <= 0) return;
  }
}

int run_exec(Session& session, const StreamOptions& options) {
  const auto id = resolve_alloc(session, options.alloc);
  if (!id.ok()) return fail(session, id.error());
  const auto task = choose_task(session, *id, options.task);
  if (!task.ok()) return fail(session, task.error());
  const bool tty = options.tty || (isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0);
  model::ExecFrame start;
  *start.mutable_start()->mutable_query() = query(session);
  start.mutable_start()->set_alloc_id(*id);
  start.mutable_start()->set_task(*task);
  for (const auto& word : options.command) start.mutable_start()->add_command(word);
  start.mutable_start()->set_tty(tty);
  const auto stream = session.client().open("ExecAllocation");
  if (!stream->write(start)) return fail(session, stream->finish().error());
  const RawTerminal raw(tty && options.interactive);
  std::atomic<bool> over{false};
  std::thread input;
  if (options.interactive) {
    input = std::thread([&] { pump_input(*stream, tty, over); });
  }
  std::optional<int> code;
  model::ExecFrame frame;
  while (stream->read(frame)) {
    write_out(STDOUT_FILENO, frame.stdout());
    write_out(STDERR_FILENO, frame.stderr());
    if (frame.exited()) code = frame.exit_code();
  }
  over = true;
  if (input.joinable()) input.join();
  const Status status = stream->finish();
  if (code) return *code;
  return status.ok() ? exit_ok : fail(session, status.error());
}

}  // namespace

void add_alloc_streams(CLI::App& alloc, Session& session) {
  const auto add = [&](const char* name, const char* description,
                       int (*run)(Session&, const StreamOptions&)) {
    auto options = std::make_shared<StreamOptions>();
    CLI::App* command = add_command(alloc, session, name, description,
                                    [&session, options, run] { return run(session, *options); });
    command->add_option("alloc", options->alloc, "Allocation ID or prefix")->required();
    return std::pair(command, options);
  };
  auto [logs, logs_options] = add("logs", "Print what a task has written", show_logs);
  logs->add_option("task", logs_options->task, "Task, when there are several");
  logs->add_option("--task", logs_options->task, "Task, when there are several");
  logs->add_flag("-f,--follow", logs_options->follow, "Go on as more is written");
  logs->add_flag("--stderr", logs_options->show_stderr, "Standard error rather than output");
  logs->add_option("-n,--lines", logs_options->tail_lines, "Only the last lines");
  logs->add_option("-c,--bytes", logs_options->tail_bytes, "Only the last bytes");

  auto [fs, fs_options] = add("fs", "List and print files of an allocation", show_files);
  fs->add_option("path", fs_options->path, "Path inside the allocation's folder");
  fs->add_flag("--stat", fs_options->stat, "Describe the path itself");
  fs->add_flag("-f,--follow", fs_options->follow, "Go on as the file grows");
  fs->add_option("-c,--bytes", fs_options->tail_bytes, "Only the last bytes");

  auto [exec, exec_options] = add("exec", "Run a command beside a task", run_exec);
  exec->add_option("--task", exec_options->task, "Task, when there are several");
  exec->add_flag("-t,--tty", exec_options->tty, "Give the command a terminal");
  exec->add_flag("-i,--interactive,!--no-interactive", exec_options->interactive,
                 "Pass standard input on");
  exec->add_option("command", exec_options->command, "Command and its arguments")->required();
  exec->positionals_at_end();
  exec->prefix_command(false);
}

}  // namespace yurt::cli
