#include "drivers/shim/exec_session.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "drivers/shim/packet_io.h"
#include "drivers/shim/start_failure.h"

namespace yurt::drivers {
namespace {

constexpr char end_of_transmission = 4;  // Ctrl-D
// A shim answers within milliseconds; on a machine that is out of memory, seconds.
constexpr int answer_timeout_ms = 10'000;

// What the command gets, and what we keep.
struct Streams {
  std::array<UniqueFd, 3> theirs;
  UniqueFd input;
  UniqueFd output;
  UniqueFd error;  // invalid with a terminal
};

Status set_nonblocking(const UniqueFd& fd) {
  if (::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK) == 0) return {};
  return system_error("cannot set up the command's streams", errno);
}

Result<Streams> open_pipes() {
  Streams streams;
  UniqueFd* ours[] = {&streams.input, &streams.output, &streams.error};
  for (std::size_t i = 0; i < 3; ++i) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("cannot create a pipe", errno);
    ours[i]->reset(ends[i == 0 ? 1 : 0]);
    streams.theirs[i].reset(ends[i == 0 ? 0 : 1]);
    YURT_TRY(set_nonblocking(*ours[i]));
  }
  return streams;
}

Result<Streams> open_terminal(const ExecRequest& request) {
  Streams streams;
  const winsize size{request.rows, request.columns, 0, 0};
  int master = -1;
  int slave = -1;
  if (::openpty(&master, &slave, nullptr, nullptr, &size) != 0) {
    return system_error("cannot create a terminal", errno);
  }
  streams.input.reset(master);
  streams.theirs[0].reset(slave);
  for (int fd : {master, slave}) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  streams.output.reset(::fcntl(master, F_DUPFD_CLOEXEC, 0));
  streams.theirs[1].reset(::fcntl(slave, F_DUPFD_CLOEXEC, 0));
  streams.theirs[2].reset(::fcntl(slave, F_DUPFD_CLOEXEC, 0));
  if (!streams.output.valid() || !streams.theirs[1].valid() || !streams.theirs[2].valid()) {
    return system_error("cannot create a terminal", errno);
  }
  YURT_TRY(set_nonblocking(streams.input));
  return streams;
}

class ShimExecSession final : public ExecSession {
 public:
  ShimExecSession(UniqueFd connection, Streams streams, UniqueFd closing, bool tty,
                  ExecEvents events)
      : connection_(std::move(connection)),
        input_(std::move(streams.input)),
        output_(std::move(streams.output)),
        error_(std::move(streams.error)),
        closing_(std::move(closing)),
        tty_(tty),
        events_(std::move(events)),
        reader_([this] { read_until_end(); }) {}

  ~ShimExecSession() override {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(closing_.get(), &one, sizeof one);
    reader_.join();
  }

  Status write_input(std::string_view bytes) override {
    std::lock_guard lock(input_mutex_);
    while (!bytes.empty()) {
      if (!input_.valid()) return Error{ErrorCode::unavailable, "the command's input is closed"};
      const ssize_t written = ::write(input_.get(), bytes.data(), bytes.size());
      if (written >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(written));
        continue;
      }
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return Error{ErrorCode::unavailable, "the command has ended"};
      std::array<pollfd, 2> watched{{{input_.get(), POLLOUT, 0}, {closing_.get(), POLLIN, 0}}};
      ::poll(watched.data(), watched.size(), -1);
      if (watched[1].revents != 0) return Error{ErrorCode::unavailable, "the command has ended"};
    }
    return {};
  }

  Status close_input() override {
    if (tty_) return write_input({&end_of_transmission, 1});
    std::lock_guard lock(input_mutex_);
    input_.reset();
    return {};
  }

  Status resize(std::uint16_t rows, std::uint16_t columns) override {
    if (!tty_) return Error{ErrorCode::failed_precondition, "the command has no terminal"};
    const winsize size{rows, columns, 0, 0};
    if (::ioctl(input_.get(), TIOCSWINSZ, &size) == 0) return {};
    return system_error("cannot resize the terminal", errno);
  }

  Status signal(int number) override {
    return send_packet(connection_.get(), shim::PacketType::signal,
                       as_payload(shim::SignalRequest{number}));
  }

 private:
  // Hands over what `fd` holds now. False once it has ended.
  bool forward(UniqueFd& fd, ExecStream stream) {
    std::array<char, 32 * 1024> buffer;
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got > 0) {
      if (events_.on_output) {
        events_.on_output(stream, {buffer.data(), static_cast<std::size_t>(got)});
      }
      return true;
    }
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return errno == EINTR;
    fd.reset();  // end of file, or EIO: the terminal's last user is gone
    return false;
  }

  void read_until_end() {
    ExitResult result;
    result.exit_code = 1;
    result.error = "the task has ended, and the command with it";
    while (true) {
      std::array<pollfd, 4> watched{{{output_.get(), POLLIN, 0},
                                     {error_.get(), POLLIN, 0},
                                     {connection_.get(), POLLIN, 0},
                                     {closing_.get(), POLLIN, 0}}};
      if (::poll(watched.data(), watched.size(), -1) < 0) continue;
      if (watched[3].revents != 0) return;
      if (watched[0].revents != 0) forward(output_, ExecStream::standard_output);
      if (watched[1].revents != 0) forward(error_, ExecStream::standard_error);
      if (watched[2].revents == 0) continue;
      const Result<std::optional<Packet>> packet = receive_packet(connection_.get());
      if (packet.ok() && !packet->has_value()) continue;
      if (packet.ok() && (*packet)->type == shim::PacketType::exec_exited)
        read_exit(**packet, result);
      break;
    }
    // What the command wrote is in the pipes by now. Processes it left behind may hold them open,
    // so their end is not waited for.
    while (output_.valid() && forward(output_, ExecStream::standard_output)) {
    }
    while (error_.valid() && forward(error_, ExecStream::standard_error)) {
    }
    result.finished_at_ns = SystemClock().wall_ns();
    if (events_.on_exit) events_.on_exit(result);
  }

  static void read_exit(const Packet& packet, ExitResult& result) {
    shim::ExecExit exit{};
    if (packet.payload.size() != sizeof exit) return;
    std::memcpy(&exit, packet.payload.data(), sizeof exit);
    result.exit_code = exit.exit_code;
    result.signal = exit.signal;
    result.error.clear();
  }

  UniqueFd connection_;
  std::mutex input_mutex_;
  UniqueFd input_;
  UniqueFd output_;
  UniqueFd error_;
  UniqueFd closing_;  // an eventfd: readable once the session is let go
  const bool tty_;
  const ExecEvents events_;
  std::thread reader_;
};

Result<Packet> await_packet(const UniqueFd& connection) {
  pollfd watched{connection.get(), POLLIN, 0};
  int ready = 0;
  while ((ready = ::poll(&watched, 1, answer_timeout_ms)) < 0 && errno == EINTR) {
  }
  if (ready == 0) {
    return Error{ErrorCode::deadline_exceeded, "the task's supervisor does not answer"};
  }
  Result<std::optional<Packet>> packet = receive_packet(connection.get());
  if (!packet.ok()) return Error{ErrorCode::failed_precondition, "the task has ended"};
  if (!packet->has_value()) return await_packet(connection);
  return std::move(**packet);
}

Result<std::string> encode_request(const ExecRequest& request) {
  if (request.command.empty() || request.command[0].empty()) {
    return Error{ErrorCode::invalid_argument, "no command was given"};
  }
  const shim::ExecRequestHeader header{static_cast<std::uint32_t>(request.command.size()),
                                       request.tty ? 1U : 0U};
  std::string payload(as_payload(header));
  payload.append(request.command[0]).push_back('\0');
  for (const std::string& argument : request.command) {
    if (argument.find('\0') != std::string::npos) {
      return Error{ErrorCode::invalid_argument,
                   "an argument contains a NUL byte, which a process cannot be given"};
    }
    payload.append(argument).push_back('\0');
  }
  if (payload.size() + sizeof(shim::PacketType) > shim::max_packet_bytes) {
    return Error{ErrorCode::invalid_argument, "the command is longer than 128 KiB"};
  }
  return payload;
}

}  // namespace

Result<std::unique_ptr<ExecSession>> start_exec_session(const StateFolder& folder,
                                                        const ExecRequest& request,
                                                        ExecEvents events) {
  YURT_ASSIGN(const std::string payload, encode_request(request));
  const Result<UniqueFd> folder_fd = folder.open();
  if (!folder_fd.ok()) return Error{ErrorCode::failed_precondition, "the task has ended"};
  Result<UniqueFd> connection = connect_to_shim(folder_fd->get());
  if (!connection.ok() && !folder.shim_is_gone()) return connection.error();
  if (!connection.ok()) return Error{ErrorCode::failed_precondition, "the task has ended"};
  YURT_ASSIGN(Streams streams, request.tty ? open_terminal(request) : open_pipes());
  UniqueFd closing(::eventfd(0, EFD_CLOEXEC));
  if (!closing.valid()) return system_error("cannot create an event descriptor", errno);

  YURT_TRY(await_packet(*connection));  // the shim's greeting
  const std::array<int, 3> fds{streams.theirs[0].get(), streams.theirs[1].get(),
                               streams.theirs[2].get()};
  YURT_TRY(send_packet(connection->get(), shim::PacketType::exec, payload, fds));
  for (UniqueFd& fd : streams.theirs) fd.reset();
  YURT_ASSIGN(const Packet answer, await_packet(*connection));
  if (answer.type == shim::PacketType::exec_failed) {
    shim::StartFailure failure{};
    if (answer.payload.size() == sizeof failure) {
      std::memcpy(&failure, answer.payload.data(), sizeof failure);
    }
    return explain_start_failure({request.command[0], "of the task", {}}, failure);
  }
  if (answer.type != shim::PacketType::exec_started) {
    return Error{ErrorCode::failed_precondition, "the task has ended"};
  }
  return std::unique_ptr<ExecSession>(new ShimExecSession(std::move(*connection),
                                                          std::move(streams), std::move(closing),
                                                          request.tty, std::move(events)));
}

}  // namespace yurt::drivers
