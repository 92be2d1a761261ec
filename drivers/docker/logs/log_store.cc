#include "drivers/docker/logs/log_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/clock.h"
#include "base/duration.h"
#include "drivers/shim/process/log_writer.h"

namespace yurt::drivers::docker {
namespace {

constexpr std::size_t longest_message_bytes = 16 * 1024;
constexpr std::uint64_t log_mib = 1 << 20;

// The Engine's own form, "2026-11-22T19:19:05.405652958Z", by its fixed characters.
bool looks_like_time(std::string_view text) {
  return text.size() >= 20 && text.size() <= 35 && text[4] == '-' && text[10] == 'T' &&
         text[13] == ':';
}

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
    store->position_ = *known;
    store->out_->held_already = store->beyond(*store->out_, known->out);
    store->err_->held_already = store->beyond(*store->err_, known->err);
    store->repeated_ = known->count;
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

std::string LogStore::since() const {
  const auto time = parse_time(position_.time);
  if (position_.time.empty() || !time.ok()) return "";
  std::string fraction = std::to_string(*time % nanoseconds_per_second);
  fraction.insert(0, 9 - fraction.size(), '0');
  return std::to_string(*time / nanoseconds_per_second) + "." + fraction;
}

void LogStore::rewind() { repeated_ = position_.count; }

void LogStore::message(bool standard_error, std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space != std::string_view::npos && looks_like_time(text.substr(0, space))) {
    const std::string_view time = text.substr(0, space);
    text.remove_prefix(space + 1);
    if (time == position_.time) {
      if (repeated_ > 0) {
        --repeated_;
        return;
      }
      ++position_.count;
    } else {
      repeated_ = 0;
      position_.time = time;
      position_.count = 1;
    }
  }
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
  position_.out = place_of(*out_);
  position_.err = place_of(*err_);
  for (auto [stream, file] :
       {std::pair(out_.get(), &position_.out), std::pair(err_.get(), &position_.err)}) {
    file->size_bytes -= std::min(file->size_bytes, stream->held_already);
  }
  const std::string text = position_.encode();
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
