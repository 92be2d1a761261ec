#include "drivers/shim/process/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace yurt::shim {
namespace {

int write_and_close(int fd, const char* text, std::size_t size) {
  int error = 0;
  while (size > 0 && error == 0) {
    const ssize_t written = ::write(fd, text, size);
    if (written < 0) {
      if (errno != EINTR) error = errno;
      continue;
    }
    text += written;
    size -= static_cast<std::size_t>(written);
  }
  ::close(fd);
  if (error == 0) return 0;
  errno = error;
  return -1;
}

}  // namespace

int read_small_file(int folder_fd, const char* path, char* buffer, std::size_t capacity) {
  const int fd = ::openat(folder_fd, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  std::size_t size = 0;
  int error = 0;
  while (size < capacity - 1) {
    const ssize_t got = ::read(fd, buffer + size, capacity - 1 - size);
    if (got == 0) break;
    if (got < 0) {
      if (errno == EINTR) continue;
      error = errno;
      break;
    }
    size += static_cast<std::size_t>(got);
  }
  ::close(fd);
  buffer[size] = '\0';
  if (error == 0) return static_cast<int>(size);
  errno = error;
  return -1;
}

int write_control_file(int folder_fd, const char* path, const char* text, std::size_t size) {
  const int fd = ::openat(folder_fd, path, O_WRONLY | O_CLOEXEC);
  return fd < 0 ? -1 : write_and_close(fd, text, size);
}

int write_new_file(int folder_fd, const char* path, const char* text, std::size_t size) {
  const int fd = ::openat(folder_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  return fd < 0 ? -1 : write_and_close(fd, text, size);
}

}  // namespace yurt::shim
