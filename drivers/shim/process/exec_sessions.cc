#include "drivers/shim/process/exec_sessions.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "drivers/shim/process/start.h"

namespace yurt::shim {
namespace {

constexpr std::size_t max_arguments = 4096;

// Splits the payload of an exec into the program's path and its argv. False when malformed.
bool read_request(const ReceivedPacket& packet, ExecRequestHeader& header, const char*& program,
                  char** arguments) {
  if (packet.size < sizeof header || packet.fds[0] < 0) return false;
  std::memcpy(&header, packet.payload, sizeof header);
  if (header.argument_count == 0 || header.argument_count >= max_arguments) return false;
  const char* at = packet.payload + sizeof header;
  const char* end = packet.payload + packet.size;
  for (std::uint32_t i = 0; i <= header.argument_count; ++i) {
    const void* nul =
        at < end ? std::memchr(at, '\0', static_cast<std::size_t>(end - at)) : nullptr;
    if (nul == nullptr) return false;
    if (i == 0) {
      program = at;
    } else {
      arguments[i - 1] = const_cast<char*>(at);
    }
    at = static_cast<const char*>(nul) + 1;
  }
  arguments[header.argument_count] = nullptr;
  return true;
}

}  // namespace

void ExecSessions::start(int connection, const ReceivedPacket& packet) {
  static char* arguments[max_arguments];
  Session* slot = nullptr;
  for (Session& session : sessions_) {
    if (session.connection < 0 && session.pid == 0) slot = &session;
  }
  StartFailure failure{StartStage::too_many, 0, max_exec_sessions};
  ExecRequestHeader header{};
  const char* program = nullptr;
  pid_t pid = -1;
  if (slot != nullptr) {
    failure = {StartStage::spec, EINVAL, 0};
    if (read_request(packet, header, program, arguments)) {
      pid = start_process(
          spec_, cgroups_,
          {program, arguments, packet.fds[0], packet.fds[1], packet.fds[2], header.tty != 0},
          failure);
    }
  }
  for (int fd : packet.fds) {
    if (fd >= 0) ::close(fd);
  }
  if (pid < 0) {
    send_packet(connection, PacketType::exec_failed, &failure, sizeof failure);
    ::close(connection);
    return;
  }
  *slot = {connection, pid};
  send_packet(connection, PacketType::exec_started, nullptr, 0);
}

void ExecSessions::serve(int index) {
  Session& session = sessions_[index];
  ReceivedPacket packet;
  switch (receive_packet(session.connection, packet)) {
    case Receive::nothing: return;
    case Receive::packet:
      if (packet.type == PacketType::signal && packet.size == sizeof(SignalRequest)) {
        SignalRequest request{};
        std::memcpy(&request, packet.payload, sizeof request);
        ::kill(session.pid, request.number);
      }
      for (int fd : packet.fds) {
        if (fd >= 0) ::close(fd);
      }
      return;
    case Receive::closed:
      // Nobody is left to see the output; the slot is free once the command is reaped.
      ::kill(-session.pid, SIGKILL);
      ::close(session.connection);
      session.connection = -1;
  }
}

void ExecSessions::reaped(pid_t pid, int status) {
  for (Session& session : sessions_) {
    if (session.pid != pid) continue;
    if (session.connection >= 0) {
      ExecExit exit{};
      exit.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
      exit.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      send_packet(session.connection, PacketType::exec_exited, &exit, sizeof exit);
      ::close(session.connection);
    }
    session = {};
    return;
  }
}

}  // namespace yurt::shim
