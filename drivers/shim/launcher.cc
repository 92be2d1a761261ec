#include "drivers/shim/launcher.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "drivers/shim/protocol.h"

namespace yurt::drivers {
namespace {

// One message with the launch's descriptors. errno on failure, else 0.
int send_launch(int socket, const std::array<int, shim::launch_fd_count>& fds) {
  char request = shim::launch_request;
  iovec part{&request, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fds)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fds);
  std::memcpy(CMSG_DATA(header), fds.data(), sizeof fds);
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

}  // namespace

Launcher::~Launcher() { end(); }

void Launcher::end() {
  socket_.reset();
  if (pid_ > 0) {
    // Its socket is closed, so it ends as soon as it has forked what was asked before.
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  pid_ = 0;
}

Status Launcher::check() const {
  if (::access(program_.c_str(), X_OK) == 0) return {};
  return system_error("yurt-shim, which supervises tasks, cannot be executed at " + program_,
                      errno);
}

Status Launcher::ensure_running() {
  if (socket_.valid()) return {};
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return system_error("cannot create a socket for yurt-shim", errno);
  }
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  // dup2 of a descriptor onto itself would leave it to be closed at the exec: move it away first.
  if (theirs.get() == shim::launch_socket_fd) {
    theirs.reset(::fcntl(theirs.get(), F_DUPFD_CLOEXEC, shim::launch_socket_fd + 1));
  }
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), shim::launch_socket_fd);
  std::string name = "yurt-shim";
  char* arguments[] = {name.data(), nullptr};
  char* environment[] = {nullptr};
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, program_.c_str(), &actions, nullptr, arguments, environment);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return system_error("cannot start " + program_, error);
  socket_ = std::move(ours);
  pid_ = pid;
  return {};
}

Status Launcher::launch(int state_folder, int listener, int control, int spec) {
  std::lock_guard lock(mutex_);
  std::array<int, shim::launch_fd_count> fds{};
  fds[shim::launch_state_folder] = state_folder;
  fds[shim::launch_listener] = listener;
  fds[shim::launch_control] = control;
  fds[shim::launch_spec] = spec;
  // Twice: the first failure may be the first sign that the process was killed.
  int error = 0;
  for (int attempt = 0; attempt < 2; ++attempt) {
    YURT_TRY(ensure_running());
    error = send_launch(socket_.get(), fds);
    if (error == 0) return {};
    end();
  }
  return system_error("cannot hand a task to yurt-shim", error);
}

std::string default_shim_path() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "yurt-shim" : (self.parent_path() / "yurt-shim").string();
}

}  // namespace yurt::drivers
