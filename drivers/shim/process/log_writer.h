// LogWriter: one stream of a task's output, stored in rotated files `<prefix><N>` of one folder.
//
// Bytes are stored in the order given and none twice. A file never exceeds max_bytes; it is cut at
// the end of a line where one is in reach, else (a longer line) in mid-line. N grows; the newest
// max_files stay. A new writer goes on with the newest file. When the disk refuses bytes they are
// counted in `lost_bytes` and the task is not held back: a full disk must not hang a training run.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

namespace yurt::shim {

class LogWriter {
 public:
  LogWriter() = default;
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;
  ~LogWriter();

  // Opens the newest file (or the first). `prefix` must outlive the writer; `folder_fd` stays open
  // as long. False with errno when no file can be opened.
  [[nodiscard]] bool open(int folder_fd, const char* prefix, std::uint64_t max_bytes,
                          std::uint32_t max_files);
  void write(const char* bytes, std::size_t size);
  [[nodiscard]] std::uint64_t lost_bytes() const { return lost_bytes_; }
  // Where the next byte goes.
  [[nodiscard]] std::int64_t file_index() const { return index_; }
  [[nodiscard]] std::uint64_t file_size_bytes() const { return size_; }

 private:
  bool open_file(std::int64_t index);
  void rotate();
  void store(const char* bytes, std::size_t size);
  // Looks for files with this prefix: the highest and lowest index (-1: none); removes those whose
  // index is below remove_below.
  void scan(std::int64_t& newest, std::int64_t& oldest, std::int64_t remove_below);

  int folder_fd_ = -1;
  int fd_ = -1;
  const char* prefix_ = nullptr;
  std::int64_t index_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t max_bytes_ = 0;
  std::uint64_t lost_bytes_ = 0;
  std::uint32_t max_files_ = 0;
  bool at_line_start_ = true;
};

}  // namespace yurt::shim
