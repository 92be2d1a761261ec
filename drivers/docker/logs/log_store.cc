#include "drivers/docker/logs/log_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "drivers/shim/process/log_writer.h"

namespace yurt::drivers::docker {
namespace {

constexpr std::size_t longest_message_bytes = 16 * 1024;
constexpr std::uint64_t log_mib = 1 << 20;

}  // namespace

struct LogStore::Stream {
  std::string prefix;
  shim::LogWriter writer;
  std::uint64_t held_already = 0;  // bytes still to come that the files hold
};

LogStore::LogStore(UniqueFd folder, UniqueFd note_file)
    : folder_(std::move(folder)), note_file_(std::move(note_file)) {}
LogStore::~LogStore() = default;

Result<std::unique_ptr<LogStore>> LogStore::open(const LogFiles& files,
                                                 const std::string& position_path) {
  UniqueFd folder(::open(files.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return system_error("cannot open the log folder " + files.folder, errno);
  UniqueFd note_file(::open(position_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!note_file.valid()) return system_error("cannot open " + position_path, errno);
  std::unique_ptr<LogStore> store(new LogStore(std::move(folder), std::move(note_file)));

  std::array<char, 512> buffer;
  const ssize_t got = ::pread(store->note_file_.get(), buffer.data(), buffer.size(), 0);
  const auto known =
      LogPosition::decode({buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))});
  for (auto [stream, name] :
       {std::pair(&store->out_, "stdout"), std::pair(&store->err_, "stderr")}) {
    *stream = std::make_unique<Stream>();
    (*stream)->prefix = files.prefix + "." + name + ".";
    if (!(*stream)->writer.open(
            store->folder_.get(), (*stream)->prefix.c_str(),
            static_cast<std::uint64_t>(std::max<std::int64_t>(1, files.max_file_size_mib)) *
                log_mib,
            static_cast<std::uint32_t>(std::max<std::int64_t>(1, files.max_files)))) {
      return system_error("cannot open a log file in " + files.folder, errno);
    }
  }
  if (known) {
    store->cursor_ = LogCursor(known->time, known->count);
    store->out_->held_already = store->beyond(*store->out_, known->out);
    store->err_->held_already = store->beyond(*store->err_, known->err);
  } else {
    store->changed_ = true;
    store->note();
  }
  return store;
}

LogPosition::File LogStore::place_of(const Stream& stream) const {
  return {stream.writer.file_index(), stream.writer.file_size_bytes()};
}

std::uint64_t LogStore::beyond(const Stream& stream, const LogPosition::File& place) const {
  std::uint64_t bytes = 0;
  for (std::int64_t index = place.index; index <= stream.writer.file_index(); ++index) {
    struct stat info {};
    const std::string name = stream.prefix + std::to_string(index);
    if (::fstatat(folder_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
      bytes += static_cast<std::uint64_t>(info.st_size);
    }
  }
  return bytes > place.size_bytes ? bytes - place.size_bytes : 0;
}

void LogStore::message(bool standard_error, std::string_view text) {
  if (!cursor_.take(text)) return;
  changed_ = true;
  Stream& stream = standard_error ? *err_ : *out_;
  const std::uint64_t held = std::min<std::uint64_t>(stream.held_already, text.size());
  stream.held_already -= held;
  text.remove_prefix(held);
  stream.writer.write(text.data(), text.size());
}

void LogStore::note() {
  if (!changed_) return;
  changed_ = false;
  // Bytes that are still to be left out count as not written, so that a later store leaves them
  // out as well.
  LogPosition position{cursor_.time(), cursor_.count(), place_of(*out_), place_of(*err_)};
  for (auto [stream, file] :
       {std::pair(out_.get(), &position.out), std::pair(err_.get(), &position.err)}) {
    file->size_bytes -= std::min(file->size_bytes, stream->held_already);
  }
  const std::string text = position.encode();
  [[maybe_unused]] const ssize_t written = ::pwrite(note_file_.get(), text.data(), text.size(), 0);
}

std::uint64_t LogStore::lost_bytes() const {
  return out_->writer.lost_bytes() + err_->writer.lost_bytes();
}

std::size_t TerminalMessages::message_end(std::size_t from) const {
  const std::size_t space = pending_.find(' ', from);
  if (space == std::string::npos) return std::string::npos;
  const std::size_t text = space + 1;
  const std::size_t newline = pending_.find('\n', text);
  if (newline != std::string::npos && newline - text < longest_message_bytes) return newline + 1;
  if (pending_.size() - text >= longest_message_bytes) return text + longest_message_bytes;
  return std::string::npos;
}

}  // namespace yurt::drivers::docker
