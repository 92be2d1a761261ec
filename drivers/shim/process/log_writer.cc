#include "drivers/shim/process/log_writer.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "drivers/shim/process/text.h"

namespace yurt::shim {
namespace {

using FileName = Text<NAME_MAX + 1>;

FileName file_name(const char* prefix, std::int64_t index) {
  return FileName().append(prefix).append(index);
}

// The N of "<prefix>N", or -1 for any other name.
std::int64_t index_of(const char* name, const char* prefix, std::size_t prefix_size) {
  if (std::strncmp(name, prefix, prefix_size) != 0) return -1;
  const char* rest = name + prefix_size;
  if (std::strlen(rest) > 18) return -1;
  const std::int64_t index = take_number(rest);
  return *rest == '\0' ? index : -1;
}

}  // namespace

LogWriter::~LogWriter() {
  if (fd_ >= 0) ::close(fd_);
}

void LogWriter::scan(std::int64_t& newest, std::int64_t& oldest, std::int64_t remove_below) {
  newest = oldest = -1;
  const int fd = ::openat(folder_fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  const std::size_t prefix_size = std::strlen(prefix_);
  alignas(dirent64) char buffer[2048];
  while (true) {
    const long got = ::syscall(SYS_getdents64, fd, buffer, sizeof buffer);
    if (got <= 0) break;
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      at += entry->d_reclen;
      const std::int64_t index = index_of(entry->d_name, prefix_, prefix_size);
      if (index < 0) continue;
      if (index > newest) newest = index;
      if (oldest < 0 || index < oldest) oldest = index;
      if (index < remove_below) ::unlinkat(folder_fd_, entry->d_name, 0);
    }
  }
  ::close(fd);
}

bool LogWriter::open(int folder_fd, const char* prefix, std::uint64_t max_bytes,
                     std::uint32_t max_files) {
  folder_fd_ = folder_fd;
  prefix_ = prefix;
  max_bytes_ = max_bytes;
  max_files_ = max_files;
  std::int64_t newest = 0;
  std::int64_t oldest = 0;
  scan(newest, oldest, 0);
  const std::int64_t keep_from = newest - static_cast<std::int64_t>(max_files_) + 1;
  if (oldest >= 0 && oldest < keep_from) scan(newest, oldest, keep_from);
  if (newest < 0) return open_file(0);
  // What stands there may not be a file of ours (the folder can be the task's to write): go on
  // behind it then.
  return open_file(newest) || open_file(newest + 1);
}

bool LogWriter::open_file(std::int64_t index) {
  // Neither a link nor a pipe that somebody put in the file's place may lead us elsewhere.
  const int fd = ::openat(folder_fd_, file_name(prefix_, index).c_str(),
                          O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
  if (fd < 0) return false;
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    errno = EINVAL;
    return false;
  }
  char last = '\n';
  if (info.st_size > 0 && ::pread(fd, &last, 1, info.st_size - 1) != 1) last = '\0';
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  index_ = index;
  size_ = static_cast<std::uint64_t>(info.st_size);
  at_line_start_ = last == '\n';
  return true;
}

void LogWriter::rotate() {
  // When no new file can be made, the old one grows beyond its limit: bytes are worth more.
  if (!open_file(index_ + 1)) return;
  const std::int64_t expired = index_ - static_cast<std::int64_t>(max_files_);
  if (expired >= 0) ::unlinkat(folder_fd_, file_name(prefix_, expired).c_str(), 0);
}

void LogWriter::store(const char* bytes, std::size_t size) {
  if (size == 0) return;
  at_line_start_ = bytes[size - 1] == '\n';
  while (size > 0) {
    const ssize_t written = ::write(fd_, bytes, size);
    if (written < 0) {
      if (errno == EINTR) continue;
      lost_bytes_ += size;
      return;
    }
    bytes += written;
    size -= static_cast<std::size_t>(written);
    size_ += static_cast<std::uint64_t>(written);
  }
}

void LogWriter::write(const char* bytes, std::size_t size) {
  while (size > 0) {
    const std::uint64_t room = size_ < max_bytes_ ? max_bytes_ - size_ : 0;
    if (size <= room) return store(bytes, size);
    const auto* newline =
        static_cast<const char*>(room > 0 ? ::memrchr(bytes, '\n', room) : nullptr);
    std::size_t cut = room;
    if (newline != nullptr) {
      cut = static_cast<std::size_t>(newline - bytes) + 1;
    } else if (at_line_start_ && size_ > 0) {
      cut = 0;
    }
    store(bytes, cut);
    bytes += cut;
    size -= cut;
    const std::int64_t before = index_;
    rotate();
    if (index_ == before) return store(bytes, size);
  }
}

}  // namespace yurt::shim
