// alloc exec: a command beside a task, with this terminal as its own.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/unique_fd.h"
#include "cli/arguments.h"
#include "cli/named_commands.h"
#include "cli/streaming.h"

namespace yurt::cli {
namespace {

struct ExecOptions {
  AllocTarget target;
  bool tty = false, interactive = true;
  const CLI::Option* tty_flag = nullptr;  // whether -t was given, either way
  std::string escape = "~";
  std::vector<std::string> command;
};

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

// Finds the escape character and a dot at the start of a line, as ssh does.
class EscapeWatch {
 public:
  explicit EscapeWatch(char escape) : escape_(escape) {}

  // What of `typed` goes to the command; sets `ended` when the escape was seen.
  std::string filter(const std::string& typed, bool& ended) {
    std::string out;
    for (const char c : typed) {
      if (held_) {
        held_ = false;
        if (c == '.') {
          ended = true;
          return out;
        }
        if (c != escape_) out += escape_;
      } else if (escape_ != '\0' && line_start_ && c == escape_) {
        held_ = true;
        continue;
      }
      out += c;
      line_start_ = c == '\r' || c == '\n';
    }
    return out;
  }

 private:
  const char escape_;
  bool line_start_ = true, held_ = false;
};

// Sends standard input, and the terminal's size when it changes, until the session is over.
class InputPump {
 public:
  InputPump(Client::Stream& stream, bool tty, char escape)
      : stream_(stream), tty_(tty), escape_(tty ? escape : '\0') {}

  Status start() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("make a pipe", errno);
    over_read_ = UniqueFd(ends[0]);
    over_write_ = UniqueFd(ends[1]);
    thread_ = std::thread([this] { run(); });
    return {};
  }
  ~InputPump() {
    over_write_ = UniqueFd();
    if (thread_.joinable()) thread_.join();
  }
  InputPump(const InputPump&) = delete;
  InputPump& operator=(const InputPump&) = delete;

 private:
  void run() {
    while (send_size()) {
      pollfd sources[] = {{STDIN_FILENO, POLLIN, 0}, {over_read_.get(), 0, 0}};
      // A terminal does not say when its size changes: look now and then.
      constexpr int size_check_ms = 200;
      if (poll(sources, 2, tty_ ? size_check_ms : -1) <= 0) continue;
      if (sources[1].revents != 0) return;
      if (sources[0].revents != 0 && !pass_input()) return;
    }
  }

  bool send_size() {
    winsize now{};
    if (!tty_ || ioctl(STDIN_FILENO, TIOCGWINSZ, &now) != 0) return true;
    if (now.ws_row == sent_.ws_row && now.ws_col == sent_.ws_col) return true;
    sent_ = now;
    model::ExecFrame size;
    size.set_tty_height(now.ws_row);
    size.set_tty_width(now.ws_col);
    return stream_.write(size);
  }

  bool pass_input() {
    char buffer[16 * 1024];
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    model::ExecFrame frame;
    if (got <= 0) {
      frame.set_stdin_close(true);
      static_cast<void>(stream_.write(frame));
      return false;
    }
    bool ended = false;
    frame.set_stdin(escape_.filter(std::string(buffer, static_cast<std::size_t>(got)), ended));
    if (!frame.stdin().empty() && !stream_.write(frame)) return false;
    if (ended) stream_.cancel();
    return !ended;
  }

  Client::Stream& stream_;
  const bool tty_;
  EscapeWatch escape_;
  winsize sent_{};
  UniqueFd over_read_, over_write_;
  std::thread thread_;
};

int run_exec(Session& session, const ExecOptions& options) {
  if (options.escape.size() > 1 && options.escape != "none") {
    return fail(session, {ErrorCode::invalid_argument, "-e takes a single character, or \"none\""});
  }
  const auto id = find_alloc(session, options.target);
  if (!id.ok()) return fail(session, id.error());
  // "task/service" names a service of a compose project.
  AllocTarget target = options.target;
  std::string service;
  if (const auto slash = target.task_flag.find('/'); slash != std::string::npos) {
    service = target.task_flag.substr(slash);
    target.task_flag.resize(slash);
  }
  const auto task = find_task(session, *id, target);
  if (!task.ok()) return fail(session, task.error());
  const bool at_terminal = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
  const bool asked = options.tty_flag->count() > 0;
  const bool interactive = options.interactive;
  const bool tty = asked ? options.tty : at_terminal && interactive;
  if (tty && !interactive) {
    return fail(session, {ErrorCode::invalid_argument, "-t needs -i: a terminal has an input"});
  }
  model::ExecFrame start;
  *start.mutable_start()->mutable_query() = query(session);
  start.mutable_start()->set_alloc_id(*id);
  start.mutable_start()->set_task(*task + service);
  for (const auto& word : options.command) start.mutable_start()->add_command(word);
  start.mutable_start()->set_tty(tty);

  std::signal(SIGPIPE, SIG_IGN);
  const auto stream = session.client().open("ExecAllocation");
  if (!stream->write(start)) return fail(session, stream->finish().error());
  std::optional<int> code;
  {
    const RawTerminal raw(tty && isatty(STDIN_FILENO) != 0);
    InputPump input(*stream, tty, options.escape.size() == 1 ? options.escape[0] : '\0');
    if (interactive) {
      const Status started = input.start();
      if (!started.ok()) return fail(session, started.error());
    } else {
      model::ExecFrame none;
      none.set_stdin_close(true);
      static_cast<void>(stream->write(none));
    }
    model::ExecFrame frame;
    while (stream->read(frame)) {
      write_out(STDOUT_FILENO, frame.stdout());
      write_out(STDERR_FILENO, frame.stderr());
      if (frame.exited()) code = frame.exit_code();
    }
  }
  const Status status = stream->finish();
  if (code) return *code;
  if (status.ok()) return exit_ok;
  return fail(session, status.error());
}

}  // namespace

CLI::App* add_exec(CLI::App& parent, Session& session, const std::string& name) {
  auto options = std::make_shared<ExecOptions>();
  CLI::App* command = add_command(parent, session, name, "Run a command beside a task",
                                  [&session, options] { return run_exec(session, *options); });
  options->target.add_to(*command);
  options->target.add_task_flag(*command);
  options->tty_flag =
      command->add_flag("-t,--tty,!--no-tty", options->tty,
                        "Give the command a terminal; done at a terminal unless -t=false");
  command->add_flag("-i,--interactive,!--no-interactive", options->interactive,
                    "Pass standard input on; done unless -i=false");
  command
      ->add_option("-e,--escape", options->escape,
                   "With a terminal, this character and a dot at the start of a line end the "
                   "session; \"none\" for no such character")
      ->capture_default_str();
  command
      ->add_option("command", options->command, "Command and its arguments, passed on as they are")
      ->required();
  pass_words_on(*command);
  command->footer(
      "Flags come before the allocation: everything behind it is the command's. Exits "
      "as the command does.");
  return command;
}

}  // namespace yurt::cli
