// var lock: runs a command while it holds a variable's lock.
//
// Signals are waited for, not handled: the child's end, the wish to stop and the next renewal are
// one wait, and no other thread takes a signal, since all of them inherit the blocked ones.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/duration.h"
#include "cli/arguments.h"
#include "cli/show.h"
#include "cli/variable_commands.h"

extern char** environ;

namespace yurt::cli {
namespace {

constexpr std::int64_t default_ttl_ns = 15 * nanoseconds_per_second;
constexpr std::int64_t retry_interval_ns = nanoseconds_per_second;
constexpr int exit_cannot_run = 127;

struct LockOptions {
  std::string path, ttl, delay;
  int max_retry = -1;
  bool shell = false, verbose = false;
  std::vector<std::string> command;
};

sigset_t awaited_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGCHLD, SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  return set;
}

// The next of the awaited signals; 0 when the time has passed first.
int wait_for_signal(const sigset_t& signals, std::int64_t ns) {
  const timespec limit{static_cast<time_t>(ns / nanoseconds_per_second),
                       static_cast<long>(ns % nanoseconds_per_second)};
  const int number = sigtimedwait(&signals, nullptr, &limit);
  return number > 0 ? number : 0;
}

Result<pid_t> start_child(const LockOptions& options) {
  std::vector<std::string> words = options.command;
  if (options.shell) {
    std::string line;
    for (const auto& word : options.command) line += (line.empty() ? "" : " ") + word;
    words = {"/bin/sh", "-c", line};
  }
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  const int failed =
      posix_spawnp(&pid, arguments[0], nullptr, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) return system_error("run " + words[0], failed);
  return pid;
}

class LockHolder {
 public:
  LockHolder(Session& session, const LockOptions& options)
      : session_(session), options_(options), signals_(awaited_signals()) {
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }

  int run() {
    if (const Status read = read_times(); !read.ok()) return fail(session_, read.error());
    const auto held = acquire();
    if (!held.ok()) return fail(session_, held.error());
    if (!*held) return exit_failure;
    const int code = run_child();
    if (!lost_) release();
    return code;
  }

 private:
  Status read_times() {
    auto& lock = *variable_.mutable_lock();
    variable_.set_path(options_.path);
    lock.set_ttl(default_ttl_ns);
    if (!options_.ttl.empty()) {
      YURT_ASSIGN(const auto ttl, parse_duration(options_.ttl));
      lock.set_ttl(ttl);
    }
    if (!options_.delay.empty()) {
      YURT_ASSIGN(const auto delay, parse_duration(options_.delay));
      lock.set_lock_delay(delay);
    }
    return {};
  }

  Result<model::VariableWriteResponse> change(const char* operation) {
    model::VariableWriteRequest request;
    *request.mutable_write() = write(session_);
    request.set_operation(operation);
    *request.mutable_variable() = variable_;
    return session_.client().get<model::VariableWriteResponse>("WriteVariable", request);
  }

  void say(const std::string& text) const {
    if (options_.verbose) session_.terminal.print_error(text);
  }

  // False when somebody asked to stop first.
  Result<bool> acquire() {
    for (int tries = 0;; ++tries) {
      YURT_ASSIGN(const auto reply, change("lock-acquire"));
      if (!reply.conflict()) {
        *variable_.mutable_lock() = reply.variable().lock();
        say("Holding the lock of \"" + options_.path + "\"");
        return true;
      }
      if (options_.max_retry >= 0 && tries >= options_.max_retry) {
        return Error{ErrorCode::conflict, "the lock of \"" + options_.path +
                                              "\" was not free after " + std::to_string(tries + 1) +
                                              " attempts"};
      }
      if (tries == 0) say("Waiting for the lock of \"" + options_.path + "\"");
      if (wait_for_signal(signals_, retry_interval_ns) != 0) return false;
    }
  }

  int run_child() {
    const auto child = start_child(options_);
    if (!child.ok()) {
      fail(session_, child.error());
      return exit_cannot_run;
    }
    const std::int64_t ttl_ns = variable_.lock().ttl();
    std::int64_t renewed_ns = session_.clock.steady_ns();
    std::int64_t next_ns = renewed_ns + ttl_ns / 3;
    while (true) {
      const std::int64_t wait_ns = std::max<std::int64_t>(next_ns - session_.clock.steady_ns(), 0);
      const int number = wait_for_signal(signals_, wait_ns);
      int status = 0;
      if (waitpid(*child, &status, WNOHANG) == *child) {
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      }
      if (number == SIGINT || number == SIGTERM || number == SIGHUP) kill(*child, number);
      if (session_.clock.steady_ns() < next_ns) continue;
      next_ns = session_.clock.steady_ns() + ttl_ns / 3;
      if (lost_) continue;
      const auto reply = change("lock-renew");
      const std::int64_t now_ns = session_.clock.steady_ns();
      if (reply.ok() && !reply->conflict()) {
        renewed_ns = now_ns;
      } else if (reply.ok() || now_ns - renewed_ns >= ttl_ns) {
        lost_ = true;
        session_.terminal.print_error("The lock of \"" + options_.path +
                                      "\" was lost: the command is told to stop");
        kill(*child, SIGTERM);
      } else {
        next_ns = now_ns + retry_interval_ns;
      }
    }
  }

  void release() {
    const auto reply = change("lock-release");
    if (!reply.ok()) {
      session_.terminal.print_error("The lock of \"" + options_.path +
                                    "\" ends with its time: " + reply.error().message);
    }
  }

  Session& session_;
  const LockOptions& options_;
  const sigset_t signals_;
  model::Variable variable_;
  bool lost_ = false;
};

}  // namespace

void add_var_lock(CLI::App& var, Session& session) {
  auto options = std::make_shared<LockOptions>();
  CLI::App* lock =
      add_command(var, session, "lock", "Run a command while holding a variable's lock",
                  [&session, options] { return LockHolder(session, *options).run(); });
  lock->add_option("path", options->path, "The variable's path; it is made when it does not exist")
      ->required();
  lock->add_option("command", options->command, "The command and its arguments")->required();
  lock->add_option("--ttl", options->ttl,
                   "How long the lock outlives a holder that has gone; 10s to 24h, 15s when not "
                   "given. It is renewed while the command runs");
  lock->add_option("--delay", options->delay,
                   "How long nobody can take the lock after it has ended that way; 15s when not "
                   "given");
  lock->add_option(
      "--max-retry", options->max_retry,
      "How often to try again when somebody else holds it; without end when not given");
  lock->add_flag("--shell", options->shell, "Run the command in /bin/sh");
  lock->add_flag("-v,--verbose", options->verbose, "Tell of the lock on standard error");
  pass_words_on(*lock);
}

}  // namespace yurt::cli
