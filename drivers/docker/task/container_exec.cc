#include "drivers/docker/task/container_exec.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"

namespace yurt::drivers::docker {
namespace {

using Json = nlohmann::json;

constexpr char end_of_terminal_input = 4;  // Ctrl-D

class ContainerExec final : public ExecSession {
 public:
  ContainerExec(Services& services, std::string container_id, std::string exec_id,
                UniqueFd connection, std::string read_ahead, bool tty, ExecEvents events)
      : services_(services),
        container_id_(std::move(container_id)),
        exec_id_(std::move(exec_id)),
        connection_(std::move(connection)),
        tty_(tty),
        events_(std::move(events)),
        reader_([this, ahead = std::move(read_ahead)] { read_until_end(ahead); }) {}

  ~ContainerExec() override {
    closing_.set();
    if (!ended_) (void)signal(SIGKILL);
    reader_.join();
  }

  Status write_input(std::string_view bytes) override {
    const std::lock_guard lock(input_mutex_);
    if (input_closed_) return Error{ErrorCode::unavailable, "the command's input is closed"};
    while (!bytes.empty()) {
      const ssize_t sent = ::send(connection_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        std::array<pollfd, 2> watched{
            {{connection_.get(), POLLOUT, 0}, {closing_.fd(), POLLIN, 0}}};
        ::poll(watched.data(), watched.size(), -1);
        if (watched[1].revents != 0 || ended_) {
          return Error{ErrorCode::unavailable, "the command has ended"};
        }
      } else if (errno != EINTR) {
        return Error{ErrorCode::unavailable, "the command has ended"};
      }
    }
    return {};
  }

  Status close_input() override {
    if (tty_) return write_input({&end_of_terminal_input, 1});
    const std::lock_guard lock(input_mutex_);
    if (!input_closed_) ::shutdown(connection_.get(), SHUT_WR);
    input_closed_ = true;
    return {};
  }

  Status resize(std::uint16_t rows, std::uint16_t columns) override {
    if (!tty_) return Error{ErrorCode::failed_precondition, "the command has no terminal"};
    const auto resized =
        services_.engine.call({"POST", "/exec/" + exec_id_ + "/resize?h=" + std::to_string(rows) +
                                           "&w=" + std::to_string(columns)});
    return resized.ok() ? Status() : Status(resized.error());
  }

  // The Engine has no call for this; its process is one of this machine's.
  Status signal(int number) override {
    YURT_ASSIGN(const Json exec, services_.engine.json({"GET", "/exec/" + exec_id_ + "/json"}));
    const int pid = exec.value("Pid", 0);
    if (!exec.value("Running", false) || pid <= 1) {
      return Error{ErrorCode::failed_precondition, "the command has ended"};
    }
    // Seen from another process namespace the number would mean somebody else.
    const auto groups = read_file("/proc/" + std::to_string(pid) + "/cgroup");
    if (!groups.ok() || groups->find(container_id_) == std::string::npos) {
      return Error{ErrorCode::unimplemented,
                   "the command cannot be signalled: the agent does not see the Docker Engine's "
                   "processes"};
    }
    if (::kill(pid, number) == 0) return {};
    return system_error("cannot signal the command", errno);
  }

 private:
  void take(FrameReader& frames, std::string_view bytes, bool& sound) {
    if (!events_.on_output || bytes.empty()) return;
    if (tty_) return events_.on_output(ExecStream::standard_output, bytes);
    sound = frames
                .feed(bytes,
                      [this](int stream, std::string_view text) {
                        events_.on_output(
                            stream == 2 ? ExecStream::standard_error : ExecStream::standard_output,
                            text);
                      })
                .ok();
  }

  void read_until_end(const std::string& read_ahead) {
    FrameReader frames;
    bool sound = true;
    take(frames, read_ahead, sound);
    while (sound) {
      std::array<pollfd, 2> watched{{{connection_.get(), POLLIN, 0}, {closing_.fd(), POLLIN, 0}}};
      if (::poll(watched.data(), watched.size(), -1) < 0) continue;
      if (watched[1].revents != 0) return;
      std::array<char, 64 * 1024> buffer;
      const ssize_t got = ::recv(connection_.get(), buffer.data(), buffer.size(), 0);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got <= 0) break;
      take(frames, {buffer.data(), static_cast<std::size_t>(got)}, sound);
    }
    const ExitResult result = how_it_ended();
    ended_ = true;
    if (!closing_.is_set() && events_.on_exit) events_.on_exit(result);
  }

  // The stream ends a moment before the Engine notes the exit code.
  ExitResult how_it_ended() {
    ExitResult result;
    result.exit_code = 1;
    result.error = "the task has ended, and the command with it";
    const std::int64_t deadline_ns = SystemClock().steady_ns() + 5 * nanoseconds_per_second;
    while (SystemClock().steady_ns() < deadline_ns) {
      const auto exec = services_.engine.json({"GET", "/exec/" + exec_id_ + "/json"});
      if (!exec.ok()) break;
      if (exec->contains("ExitCode") && (*exec)["ExitCode"].is_number()) {
        result.exit_code = (*exec)["ExitCode"].get<int>();
        result.error.clear();
        break;
      }
      pollfd closing{closing_.fd(), POLLIN, 0};
      if (::poll(&closing, 1, 5) > 0) break;
    }
    result.finished_at_ns = SystemClock().wall_ns();
    return result;
  }

  Services& services_;
  const std::string container_id_;
  const std::string exec_id_;
  const UniqueFd connection_;
  const bool tty_;
  const ExecEvents events_;
  std::mutex input_mutex_;
  bool input_closed_ = false;
  std::atomic<bool> ended_ = false;
  Interrupt closing_;
  std::thread reader_;
};

}  // namespace

Result<std::unique_ptr<ExecSession>> start_container_exec(Services& services,
                                                          const std::string& container_id,
                                                          const ExecRequest& request,
                                                          ExecEvents events) {
  if (request.command.empty()) {
    return Error{ErrorCode::invalid_argument, "there is no command to run"};
  }
  const Json wanted{{"AttachStdin", true},
                    {"AttachStdout", true},
                    {"AttachStderr", true},
                    {"Tty", request.tty},
                    {"Cmd", request.command}};
  auto created =
      services.engine.json({"POST", "/containers/" + container_id + "/exec", wanted.dump()});
  if (!created.ok()) {
    const ErrorCode code = created.error().code;
    if (code == ErrorCode::conflict || code == ErrorCode::not_found) {
      return Error{ErrorCode::failed_precondition, "the task has ended"};
    }
    return created.error();
  }
  const std::string id = created->value("Id", "");
  EngineCall start{"POST", "/exec/" + id + "/start",
                   Json{{"Detach", false}, {"Tty", request.tty}}.dump()};
  start.headers = {{"Connection", "Upgrade"}, {"Upgrade", "tcp"}};
  YURT_ASSIGN(Connection connection, services.engine.open(start));
  if (request.tty) {
    (void)services.engine.call({"POST", "/exec/" + id +
                                            "/resize?h=" + std::to_string(request.rows) +
                                            "&w=" + std::to_string(request.columns)});
  }
  std::string ahead = connection.reader().take_body() + connection.reader().take_rest();
  return std::unique_ptr<ExecSession>(new ContainerExec(services, container_id, id,
                                                        connection.take_socket(), std::move(ahead),
                                                        request.tty, std::move(events)));
}

}  // namespace yurt::drivers::docker
