#include "drivers/compose/logs/project_log.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <nlohmann/json.hpp>

#include "drivers/shim/process/log_writer.h"

namespace yurt::drivers::compose {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t mib = 1 << 20;
// A note is its length in this many digits, a newline, and so much JSON; what an earlier, longer
// one left behind it does not count.
constexpr std::size_t length_digits = 10;

Json read_note(int fd) {
  std::string text(length_digits + 1, '\0');
  if (::pread(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) return {};
  std::size_t length = 0;
  std::from_chars(text.data(), text.data() + length_digits, length);
  if (length == 0 || length > 64 * mib) return {};
  std::string note(length, '\0');
  const ssize_t got = ::pread(fd, note.data(), length, length_digits + 1);
  if (got != static_cast<ssize_t>(length)) return {};
  Json json = Json::parse(note, nullptr, false);
  return json.is_object() ? json : Json();
}

// Removes what was written behind the noted place: it is written again.
void cut_back(int folder, const std::string& prefix, std::int64_t index, std::uint64_t size) {
  const int listed = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* entries = listed < 0 ? nullptr : ::fdopendir(listed);
  if (entries == nullptr) return;
  while (const dirent* entry = ::readdir(entries)) {
    const std::string name(entry->d_name);
    if (!name.starts_with(prefix)) continue;
    std::int64_t number = -1;
    const char* end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data() + prefix.size(), end, number);
    if (error != std::errc() || rest != end) continue;
    if (number > index) ::unlinkat(folder, name.c_str(), 0);
  }
  ::closedir(entries);
  const UniqueFd file(
      ::openat(folder, (prefix + std::to_string(index)).c_str(), O_WRONLY | O_CLOEXEC));
  struct stat info {};
  if (file.valid() && ::fstat(file.get(), &info) == 0 &&
      static_cast<std::uint64_t>(info.st_size) > size) {
    [[maybe_unused]] const int cut = ::ftruncate(file.get(), static_cast<off_t>(size));
  }
}

}  // namespace

struct ProjectLog::Stream {
  std::string prefix;
  shim::LogWriter writer;
  std::string open_line;  // whose line has not been ended; "" = none has
};

class ProjectLog::Channel final : public docker::LogSink {
 public:
  Channel(std::shared_ptr<ProjectLog> log, std::string name)
      : log_(std::move(log)), name_(std::move(name)) {}

  std::string since() const override {
    const std::lock_guard lock(log_->mutex_);
    return log_->cursors_[name_].since();
  }
  void rewind() override {
    const std::lock_guard lock(log_->mutex_);
    log_->cursors_[name_].rewind();
  }
  void message(bool standard_error, std::string_view text) override {
    const std::lock_guard lock(log_->mutex_);
    if (log_->cursors_[name_].take(text)) log_->write(standard_error, name_, text);
  }
  void note() override {
    const std::lock_guard lock(log_->mutex_);
    log_->note();
  }
  // Told once for the whole project.
  std::uint64_t lost_bytes() const override { return 0; }

 private:
  const std::shared_ptr<ProjectLog> log_;
  const std::string name_;
};

ProjectLog::ProjectLog(UniqueFd folder, UniqueFd note_file)
    : folder_(std::move(folder)), note_file_(std::move(note_file)) {}
ProjectLog::~ProjectLog() = default;

Result<std::shared_ptr<ProjectLog>> ProjectLog::open(const LogFiles& files,
                                                     const std::string& note_path) {
  UniqueFd folder(::open(files.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return system_error("cannot open the log folder " + files.folder, errno);
  UniqueFd note_file(::open(note_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!note_file.valid()) return system_error("cannot open " + note_path, errno);
  std::shared_ptr<ProjectLog> log(new ProjectLog(std::move(folder), std::move(note_file)));
  const Json known = read_note(log->note_file_.get());
  const bool resumes = known.contains("out") && known.contains("err") && known.contains("cursors");
  try {
    for (auto [stream, name, key] :
         {std::tuple(&log->out_, "stdout", "out"), std::tuple(&log->err_, "stderr", "err")}) {
      *stream = std::make_unique<Stream>();
      (*stream)->prefix = files.prefix + "." + name + ".";
      if (resumes) {
        const Json& place = known.at(key);
        cut_back(log->folder_.get(), (*stream)->prefix, place.at(0).get<std::int64_t>(),
                 place.at(1).get<std::uint64_t>());
        (*stream)->open_line = place.at(2).get<std::string>();
      }
      const auto most_bytes =
          static_cast<std::uint64_t>(std::max<std::int64_t>(1, files.max_file_size_mib));
      const auto most_files =
          static_cast<std::uint32_t>(std::max<std::int64_t>(1, files.max_files));
      if (!(*stream)->writer.open(log->folder_.get(), (*stream)->prefix.c_str(), most_bytes * mib,
                                  most_files)) {
        return system_error("cannot open a log file in " + files.folder, errno);
      }
    }
    if (resumes) {
      for (const auto& [name, cursor] : known.at("cursors").items()) {
        log->cursors_[name] = docker::LogCursor(cursor.at(0), cursor.at(1));
      }
    }
  } catch (const Json::exception&) {
    return Error{ErrorCode::corrupt, "the log position in " + note_path + " can't be read"};
  }
  const std::lock_guard lock(log->mutex_);
  log->changed_ = true;
  log->note();
  return log;
}

std::unique_ptr<docker::LogSink> ProjectLog::channel(const std::string& name) {
  const std::lock_guard lock(mutex_);
  cursors_[name].rewind();
  return std::make_unique<Channel>(shared_from_this(), name);
}

void ProjectLog::say(const std::string& name, std::string_view text) {
  const std::lock_guard lock(mutex_);
  write(true, name, std::string(text) + "\n");
  note();
}

void ProjectLog::write(bool standard_error, const std::string& name, std::string_view text) {
  Stream& stream = standard_error ? *err_ : *out_;
  changed_ = true;
  std::string line;
  // The Engine cuts long lines into pieces: they are put together again, unless another container
  // comes in between.
  if (stream.open_line != name) {
    if (!stream.open_line.empty()) line += '\n';
    line += name + " | ";
  }
  line += text;
  stream.open_line = line.ends_with('\n') ? "" : name;
  stream.writer.write(line.data(), line.size());
}

void ProjectLog::note() {
  if (!changed_) return;
  changed_ = false;
  const auto place = [](const Stream& stream) {
    return Json{stream.writer.file_index(), stream.writer.file_size_bytes(), stream.open_line};
  };
  Json json{{"out", place(*out_)}, {"err", place(*err_)}, {"cursors", Json::object()}};
  for (const auto& [name, cursor] : cursors_) {
    json["cursors"][name] = {cursor.time(), cursor.count()};
  }
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  const std::string note = fmt::format("{:0{}}\n{}", text.size(), length_digits, text);
  [[maybe_unused]] const ssize_t written = ::pwrite(note_file_.get(), note.data(), note.size(), 0);
}

std::uint64_t ProjectLog::lost_bytes() const {
  const std::lock_guard lock(mutex_);
  return out_->writer.lost_bytes() + err_->writer.lost_bytes();
}

}  // namespace yurt::drivers::compose
