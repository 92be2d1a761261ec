#include "agent/artifact/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string_view>

#include "agent/fs/confined_root.h"

namespace yurt::agent {
namespace {

constexpr std::array<std::string_view, 11> archive_endings = {
    ".tar", ".tar.gz", ".tgz",     ".tar.bz2", ".tbz2",   ".tar.xz",
    ".txz", ".zip",    ".tar.zst", ".tzst",    ".tar.lz4"};
constexpr std::array<std::string_view, 5> file_endings = {".gz", ".bz2", ".xz", ".zst", ".lz4"};

bool ends_with(const std::string& text, std::string_view ending) {
  return text.size() > ending.size() &&
         text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

Error escapes(const std::string& name) {
  return {ErrorCode::permission_denied,
          "the archive's entry \"" + name + "\" leads out of its folder"};
}

// Whether a link at `at` to `target` stays inside, taken literally. That is enough, since entries
// are never written through links.
bool stays_inside(const std::string& at, const std::string& target) {
  if (target.empty() || target[0] == '/') return false;
  const std::size_t slash = at.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : at.substr(0, slash + 1);
  return normalized_path(folder + target).ok();
}

class Unpacker {
 public:
  Unpacker(archive* source, ConfinedRoot root, const UnpackLimits& limits,
           const std::atomic<bool>& cancelled)
      : source_(source), root_(std::move(root)), limits_(limits), cancelled_(cancelled) {}

  Status run(const std::string& single_name) {
    archive_entry* entry = nullptr;
    while (true) {
      const int code = archive_read_next_header(source_, &entry);
      if (code == ARCHIVE_EOF) return {};
      if (code < ARCHIVE_WARN) return broken();
      if (++entries_ > limits_.max_entries) {
        return Error{ErrorCode::resource_exhausted, "the archive holds too many entries"};
      }
      const bool raw = archive_format(source_) == ARCHIVE_FORMAT_RAW;
      const char* named = archive_entry_pathname(entry);
      const std::string name = raw ? single_name : (named != nullptr ? named : "");
      YURT_TRY(one(entry, name));
    }
  }

 private:
  Error broken() const {
    const char* why = archive_error_string(source_);
    return {ErrorCode::corrupt,
            std::string("the archive can't be read: ") + (why != nullptr ? why : "unknown format")};
  }

  Status one(archive_entry* entry, const std::string& name) {
    if (!name.empty() && name[0] == '/') return escapes(name);
    const auto normalized = normalized_path(name);
    if (!normalized.ok()) return escapes(name);
    if (normalized->empty()) return {};
    const mode_t mode = archive_entry_perm(entry) & 0777;
    if (archive_entry_hardlink(entry) != nullptr) {
      return hard_link(*normalized, archive_entry_hardlink(entry));
    }
    switch (archive_entry_filetype(entry)) {
      case AE_IFDIR: {
        auto made = root_.make_folders(*normalized, mode | 0700, ConfinedRoot::Links::none);
        return made.ok() ? made : Status(named(name, made.error()));
      }
      case AE_IFREG:
      case 0: return file(*normalized, mode == 0 ? 0644 : mode);
      case AE_IFLNK: return symbolic_link(*normalized, archive_entry_symlink(entry));
      default:
        return Error{ErrorCode::permission_denied,
                     "the archive's entry \"" + name + "\" is neither a file, a folder nor a link"};
    }
  }

  static Error named(const std::string& name, const Error& error) {
    if (error.code == ErrorCode::permission_denied) return escapes(name);
    return error;
  }

  Result<UniqueFd> parent_of(const std::string& name) {
    const std::size_t slash = name.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : name.substr(0, slash);
    auto made = root_.make_folders(folder, 0755, ConfinedRoot::Links::none);
    if (!made.ok()) return named(name, made.error());
    return root_.open_folder(folder, ConfinedRoot::Links::none);
  }

  static std::string leaf(const std::string& name) { return name.substr(name.rfind('/') + 1); }

  Status file(const std::string& name, mode_t mode) {
    YURT_ASSIGN(const UniqueFd parent, parent_of(name));
    ::unlinkat(parent.get(), leaf(name).c_str(), 0);
    const UniqueFd out(::openat(parent.get(), leaf(name).c_str(),
                                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!out.valid()) return system_error(name, errno);
    const void* data = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    while (true) {
      if (cancelled_) return Error{ErrorCode::unavailable, "unpacking was cancelled"};
      const int code = archive_read_data_block(source_, &data, &size, &offset);
      if (code == ARCHIVE_EOF) break;
      if (code < ARCHIVE_WARN) return broken();
      bytes_ += static_cast<std::int64_t>(size);
      if (bytes_ > limits_.max_bytes || offset > limits_.max_bytes) {
        return Error{
            ErrorCode::resource_exhausted,
            "the archive unpacks to more than " + std::to_string(limits_.max_bytes) + " bytes"};
      }
      std::size_t written = 0;
      while (written < size) {
        const ssize_t n = ::pwrite(out.get(), static_cast<const char*>(data) + written,
                                   size - written, offset + static_cast<off_t>(written));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return system_error(name, errno);
        written += static_cast<std::size_t>(n);
      }
    }
    // A sparse end is not told as data.
    if (::fchmod(out.get(), mode) != 0) return system_error(name, errno);
    return {};
  }

  Status symbolic_link(const std::string& name, const char* target) {
    if (target == nullptr || !stays_inside(name, target)) return escapes(name);
    YURT_ASSIGN(const UniqueFd parent, parent_of(name));
    ::unlinkat(parent.get(), leaf(name).c_str(), 0);
    if (::symlinkat(target, parent.get(), leaf(name).c_str()) != 0)
      return system_error(name, errno);
    return {};
  }

  Status hard_link(const std::string& name, const std::string& target) {
    const auto normalized = normalized_path(target);
    if (!normalized.ok() || target[0] == '/' || normalized->empty()) return escapes(name);
    YURT_ASSIGN(const UniqueFd from, parent_of(*normalized));
    YURT_ASSIGN(const UniqueFd to, parent_of(name));
    ::unlinkat(to.get(), leaf(name).c_str(), 0);
    if (::linkat(from.get(), leaf(*normalized).c_str(), to.get(), leaf(name).c_str(), 0) != 0) {
      return system_error(name, errno);
    }
    return {};
  }

  archive* source_;
  ConfinedRoot root_;
  const UnpackLimits& limits_;
  const std::atomic<bool>& cancelled_;
  std::int64_t entries_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace

bool is_archive_name(const std::string& name) {
  for (const auto ending : archive_endings) {
    if (ends_with(name, ending)) return true;
  }
  for (const auto ending : file_endings) {
    if (ends_with(name, ending)) return true;
  }
  return false;
}

Status unpack(const std::filesystem::path& path, const std::string& archive_name,
              const std::filesystem::path& folder, const UnpackLimits& limits,
              const std::atomic<bool>& cancelled) {
  std::string single_name = archive_name;
  bool single = true;
  for (const auto ending : archive_endings) single &= !ends_with(archive_name, ending);
  for (const auto ending : file_endings) {
    if (single && ends_with(archive_name, ending)) {
      single_name = archive_name.substr(0, archive_name.size() - ending.size());
    }
  }
  const std::unique_ptr<archive, int (*)(archive*)> source(archive_read_new(), archive_read_free);
  archive_read_support_filter_all(source.get());
  if (single) {
    archive_read_support_format_raw(source.get());
  } else {
    archive_read_support_format_tar(source.get());
    archive_read_support_format_gnutar(source.get());
    archive_read_support_format_zip(source.get());
  }
  if (archive_read_open_filename(source.get(), path.c_str(), 1 << 16) != ARCHIVE_OK) {
    const char* why = archive_error_string(source.get());
    return Error{ErrorCode::corrupt, std::string("the archive can't be read: ") +
                                         (why != nullptr ? why : "unknown format")};
  }
  YURT_ASSIGN(ConfinedRoot root, ConfinedRoot::open(folder));
  return Unpacker(source.get(), std::move(root), limits, cancelled).run(single_name);
}

}  // namespace yurt::agent
