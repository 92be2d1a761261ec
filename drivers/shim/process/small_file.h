// Small files, read and written whole without allocation. Errors: -1 and errno.
#pragma once

#include <cstddef>

namespace yurt::shim {

// Reads at most `capacity - 1` bytes of the file at `path` beneath `folder_fd` (AT_FDCWD: any path)
// and NUL-terminates them. Returns their number.
[[nodiscard]] int read_small_file(int folder_fd, const char* path, char* buffer,
                                  std::size_t capacity);

// Writes into a file that exists, in one write (control files of the kernel).
[[nodiscard]] int write_control_file(int folder_fd, const char* path, const char* text,
                                     std::size_t size);

// Creates or replaces `path`. Not synced: it guards against the death of processes, not of the
// machine, whose restart ends the task anyway.
[[nodiscard]] int write_new_file(int folder_fd, const char* path, const char* text,
                                 std::size_t size);

}  // namespace yurt::shim
