#include "drivers/shim/process/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "drivers/shim/process/descendants.h"
#include "drivers/shim/process/small_file.h"
#include "drivers/shim/process/start.h"

namespace yurt::shim {
namespace {

// A killed process is usually gone within this time; then the tree is looked through again for
// what was forked meanwhile.
constexpr std::int64_t kill_interval_ms = 20;
// After this long a process that SIGKILL does not end hangs in the kernel (a dead disk or GPU).
// The task's end is reported then, with a warning; the shim stays until the process is gone.
constexpr std::int64_t unkillable_after_ms = 10'000;

std::int64_t monotonic_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::int64_t nanoseconds(const timeval& time) {
  return (std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec) * 1000;
}

}  // namespace

Shim::Shim(int state_folder, int listener, int control, int spec)
    : state_folder_(state_folder), listener_(listener), spec_fd_(spec) {
  for (int& client : clients_) client = -1;
  clients_[0] = control;
}

void Shim::run() {
  if (!start()) return;
  while (!finished()) poll_once();
  record_end();
  while (outcome_.unkillable && !reap()) {
    kill_everything();
    ::poll(nullptr, 0, 1000);
  }
  cgroups_.remove();
}

bool Shim::fail(StartStage stage, int detail) {
  const StartFailure failure{stage, errno, detail};
  send_packet(clients_[0], PacketType::start_failed, &failure, sizeof failure);
  return false;
}

bool Shim::start() {
  ::setsid();
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  child_events_ = ::signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
  if (child_events_ < 0 || ::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return fail(StartStage::fork);

  if (!map_spec(spec_fd_, spec_)) return fail(StartStage::spec);
  ::close(spec_fd_);
  if (!logs_.open(spec_)) return fail(StartStage::logs);
  int detail = 0;
  if (!cgroups_.create(detail)) return fail(StartStage::cgroup_create, detail);

  StartFailure failure{};
  outcome_.started_at_ns = wall_clock_ns();
  main_pid_ = start_process(
      spec_, cgroups_,
      {spec_.program, spec_.arguments, 0, logs_.task_end(0), logs_.task_end(1), false}, failure);
  logs_.close_task_ends();
  if (main_pid_ < 0) {
    cgroups_.remove();
    send_packet(clients_[0], PacketType::start_failed, &failure, sizeof failure);
    return false;
  }
  started_ = started_text(main_pid_, outcome_.started_at_ns);
  if (write_new_file(state_folder_, started_name, started_.c_str(), started_.size()) != 0) {
    const int saved = errno;
    while (!reap()) {
      kill_everything();
      ::poll(nullptr, 0, 1);
    }
    cgroups_.remove();
    errno = saved;
    return fail(StartStage::state);
  }
  tell_clients(PacketType::started, started_);
  return true;
}

void Shim::poll_once() {
  constexpr int fixed = 2 + LogPump::stream_count;
  constexpr int first_session = fixed + max_clients;
  pollfd watched[first_session + max_exec_sessions];
  const auto watch = [&watched](int index, int fd) { watched[index] = {fd, POLLIN, 0}; };
  watch(0, child_events_);
  watch(1, has_free_client() ? listener_ : -1);
  for (int i = 0; i < LogPump::stream_count; ++i) watch(2 + i, logs_.pipe(i));
  for (int i = 0; i < max_clients; ++i) watch(fixed + i, clients_[i]);
  for (int i = 0; i < max_exec_sessions; ++i) {
    watch(first_session + i, exec_sessions_.connection(i));
  }
  if (::poll(watched, first_session + max_exec_sessions, poll_timeout_ms()) < 0) return;

  // Output first: a task that ends floods nobody else's turn.
  for (int i = 0; i < LogPump::stream_count; ++i) {
    if (watched[2 + i].revents != 0) logs_.pump(i);
  }
  for (int i = 0; i < max_exec_sessions; ++i) {
    if (watched[first_session + i].revents != 0) exec_sessions_.serve(i);
  }
  for (int i = 0; i < max_clients; ++i) {
    if (watched[fixed + i].revents != 0) serve_client(i);
  }
  if (watched[1].revents != 0) accept_client();
  if (watched[0].revents != 0) {
    signalfd_siginfo event;
    while (::read(child_events_, &event, sizeof event) > 0) {
    }
  }
  if (stop_deadline_ms_ != 0 && monotonic_ms() >= stop_deadline_ms_) {
    stop_deadline_ms_ = 0;
    killing_ = true;
    kill_everything();
  }
}

bool Shim::has_free_client() const {
  for (int client : clients_) {
    if (client < 0) return true;
  }
  return false;
}

int Shim::poll_timeout_ms() const {
  std::int64_t next = stop_deadline_ms_;
  if (killing_ && (next == 0 || next_kill_ms_ < next)) next = next_kill_ms_;
  if (next == 0) return -1;
  const std::int64_t left = next - monotonic_ms();
  return left < 0 ? 0 : left > 1'000'000 ? 1'000'000 : static_cast<int>(left);
}

void Shim::accept_client() {
  for (int& client : clients_) {
    if (client >= 0) continue;
    client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client >= 0 &&
        !send_packet(client, PacketType::started, started_.c_str(), started_.size())) {
      ::close(client);
      client = -1;
    }
    return;
  }
}

void Shim::serve_client(int index) {
  const int fd = clients_[index];
  ReceivedPacket packet;
  switch (receive_packet(fd, packet)) {
    case Receive::nothing: return;
    case Receive::closed:
      ::close(fd);
      clients_[index] = -1;
      return;
    case Receive::packet: break;
  }
  if (packet.type == PacketType::exec) {
    clients_[index] = -1;
    exec_sessions_.start(fd, packet);
    return;
  }
  for (int given : packet.fds) {
    if (given >= 0) ::close(given);
  }
  if (packet.type == PacketType::signal && packet.size == sizeof(SignalRequest)) {
    SignalRequest request{};
    std::memcpy(&request, packet.payload, sizeof request);
    if (main_pid_ > 0) ::kill(main_pid_, request.number);
  } else if (packet.type == PacketType::stop && packet.size == sizeof(StopRequest)) {
    StopRequest request{};
    std::memcpy(&request, packet.payload, sizeof request);
    stop(request);
  }
}

void Shim::stop(const StopRequest& request) {
  if (killing_) return;
  stopping_ = true;
  if (request.timeout_ns <= 0) {
    killing_ = true;
    kill_everything();
    return;
  }
  if (main_pid_ > 0) ::kill(main_pid_, request.signal_number);
  const std::int64_t deadline = monotonic_ms() + request.timeout_ns / 1'000'000 + 1;
  if (stop_deadline_ms_ == 0 || deadline < stop_deadline_ms_) stop_deadline_ms_ = deadline;
}

bool Shim::reap() {
  while (true) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid == 0) return false;
    if (pid < 0) {
      if (errno == EINTR) continue;
      return true;
    }
    if (pid == main_pid_) {
      on_main_exit(status);
    } else {
      exec_sessions_.reaped(pid, status);
    }
  }
}

void Shim::on_main_exit(int status) {
  main_pid_ = 0;
  outcome_.finished_at_ns = wall_clock_ns();
  outcome_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  outcome_.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  // A worker the kernel killed long ago is no reason for a task that was stopped or ended well.
  outcome_.oom_killed =
      !stopping_ && outcome_.exit_code != 0 && cgroups_.had_oom_kill(outcome_.signal == SIGKILL);
  stop_deadline_ms_ = 0;
}

void Shim::kill_everything() {
  cgroups_.kill_all();
  kill_children();
  next_kill_ms_ = monotonic_ms() + kill_interval_ms;
}

bool Shim::finished() {
  const bool no_children = reap();
  if (main_pid_ > 0) {
    if (killing_ && monotonic_ms() >= next_kill_ms_) kill_everything();
    return false;
  }
  // The main process is gone: what it left must go too. Without children there is nobody, whatever
  // the cgroups say: every descendant is a child of this subreaper or of another descendant.
  if (no_children) return true;
  const std::int64_t now = monotonic_ms();
  if (!killing_ || now >= next_kill_ms_) kill_everything();
  killing_ = true;
  if (give_up_ms_ == 0) give_up_ms_ = now + unkillable_after_ms;
  outcome_.unkillable = now >= give_up_ms_;
  return outcome_.unkillable;
}

void Shim::record_end() {
  logs_.drain();
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);
  outcome_.cpu_time_ns = nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime);
  outcome_.peak_memory_bytes = static_cast<std::int64_t>(cgroups_.peak_memory_bytes());
  // Without a cgroup: the largest single process is the best there is.
  if (outcome_.peak_memory_bytes == 0) outcome_.peak_memory_bytes = used.ru_maxrss * 1024;
  outcome_.lost_log_bytes = static_cast<std::int64_t>(logs_.lost_bytes());
  const StateText text = result_text(outcome_);
  while (!write_result(text)) {
    // A full disk: an agent that hears it will do; else wait for either.
    bool heard = false;
    for (int client : clients_) heard = heard || client >= 0;
    if (heard) break;
    pollfd watched{listener_, POLLIN, 0};
    if (::poll(&watched, 1, 1000) > 0) accept_client();
  }
  tell_clients(PacketType::exited, text);
}

bool Shim::write_result(const StateText& text) const {
  constexpr const char* temporary = "result.new";
  return write_new_file(state_folder_, temporary, text.c_str(), text.size()) == 0 &&
         ::renameat(state_folder_, temporary, state_folder_, result_name) == 0;
}

void Shim::tell_clients(PacketType type, const StateText& text) {
  for (int& client : clients_) {
    if (client < 0 || send_packet(client, type, text.c_str(), text.size())) continue;
    ::close(client);
    client = -1;
  }
}

}  // namespace yurt::shim
