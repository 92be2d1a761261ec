#include "server/api/snapshot_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <memory>

#include "base/base64.h"
#include "proto/storage.pb.h"
#include "server/state/row_keys.h"

namespace yurt::server {
namespace {

constexpr std::size_t piece_bytes = 256 << 10;

class Sha256 {
 public:
  Sha256() { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  [[nodiscard]] std::string finish() {
    std::string out(32, '\0');
    unsigned size = 32;
    EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(out.data()), &size);
    return out;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(),
                                                                   &EVP_MD_CTX_free};
};

std::string hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("write a snapshot", errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

void append_length(std::string& out, std::size_t length) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(length >> shift & 255);
}

// Writes rows as state.bin has them, in larger pieces, and counts them.
class RowWriter {
 public:
  explicit RowWriter(std::function<Status(std::string_view)> sink) : sink_(std::move(sink)) {}

  Status add(std::string_view key, std::string_view value) {
    append_length(piece_, key.size());
    piece_ += key;
    append_length(piece_, value.size());
    piece_ += value;
    model::SnapshotTable& table = tables_[key.empty() ? '\0' : key[0]];
    ++table.rows;
    table.bytes += key.size() + value.size();
    return piece_.size() >= piece_bytes ? flush() : Status();
  }
  Status flush() {
    const Status written = sink_(piece_);
    piece_.clear();
    return written;
  }
  [[nodiscard]] std::vector<model::SnapshotTable> tables() const {
    std::vector<model::SnapshotTable> out;
    for (const auto& [kind, table] : tables_) {
      out.push_back(table);
      out.back().type = row::name_of(kind);
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.type < b.type; });
    return out;
  }

 private:
  const std::function<Status(std::string_view)> sink_;
  std::string piece_;
  std::map<char, model::SnapshotTable> tables_;
};

// A tar written through gzip into a file, with the digest of what was written.
class TarWriter {
 public:
  explicit TarWriter(int fd) : fd_(fd), archive_(archive_write_new(), &archive_write_free) {
    archive_write_add_filter_gzip(archive_.get());
    archive_write_set_bytes_in_last_block(archive_.get(), 1);  // no padding: the end is the end
    archive_write_set_format_pax_restricted(archive_.get());
    archive_write_open2(archive_.get(), this, nullptr, &TarWriter::on_bytes, nullptr, nullptr);
  }

  Status begin(const char* name, std::uint64_t size_bytes, std::int64_t time_ns) {
    const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                              &archive_entry_free);
    archive_entry_set_pathname(entry.get(), name);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size_bytes));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0600);
    archive_entry_set_mtime(entry.get(), time_ns / 1'000'000'000, 0);
    return check(archive_write_header(archive_.get(), entry.get()));
  }
  Status add(std::string_view bytes) {
    return check(static_cast<int>(archive_write_data(archive_.get(), bytes.data(), bytes.size())));
  }
  Status add_file(const char* name, std::string_view content, std::int64_t time_ns) {
    YURT_TRY(begin(name, content.size(), time_ns));
    return add(content);
  }
  Status finish() { return check(archive_write_close(archive_.get())); }

  [[nodiscard]] std::string digest() { return sha_.finish(); }
  [[nodiscard]] std::uint64_t size_bytes() const { return size_bytes_; }

 private:
  static la_ssize_t on_bytes(archive*, void* self, const void* data, std::size_t size) {
    auto& writer = *static_cast<TarWriter*>(self);
    const std::string_view bytes(static_cast<const char*>(data), size);
    if (!write_all(writer.fd_, bytes)) return -1;
    writer.sha_.add(bytes);
    writer.size_bytes_ += size;
    return static_cast<la_ssize_t>(size);
  }

  Status check(int result) {
    if (result >= ARCHIVE_OK) return {};
    const char* reason = archive_error_string(archive_.get());
    return Error{ErrorCode::io, std::string("write a snapshot: ") +
                                    (reason == nullptr ? "the file can't be written" : reason)};
  }

  const int fd_;
  Sha256 sha_;
  std::uint64_t size_bytes_ = 0;
  std::unique_ptr<archive, decltype(&archive_write_free)> archive_;
};

Status copy_into(TarWriter& tar, int fd) {
  if (::lseek(fd, 0, SEEK_SET) < 0) return system_error("read a snapshot", errno);
  std::array<char, 256 << 10> buffer;
  while (true) {
    const auto n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("read a snapshot", errno);
    if (n == 0) return {};
    YURT_TRY(tar.add({buffer.data(), static_cast<std::size_t>(n)}));
  }
}

}  // namespace

Result<UniqueFd> temporary_file() {
  std::error_code error;
  const auto folder = std::filesystem::temp_directory_path(error);
  if (error) return Error{ErrorCode::io, "no folder for temporary files: " + error.message()};
  UniqueFd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file.valid()) return system_error("open a temporary file in " + folder.string(), errno);
  return file;
}

Result<SnapshotArchive> write_snapshot_archive(const EachRow& each_row, model::SnapshotMeta meta) {
  // A tar says a file's size before its content: the rows are written once to find it out.
  YURT_ASSIGN(const UniqueFd state, temporary_file());
  Sha256 state_sha;
  meta.state_bytes = 0;
  RowWriter rows([&](std::string_view piece) {
    state_sha.add(piece);
    meta.state_bytes += piece.size();
    return write_all(state.get(), piece);
  });
  YURT_TRY(each_row([&](std::string_view key, std::string_view value) -> Status {
    if (key == row::key(row::meta, "")) {
      model::StoredMeta stored;
      if (!stored.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
        return Error{ErrorCode::corrupt, "the state database's own row cannot be read"};
      }
      meta.index = stored.applied_index();
    }
    return rows.add(key, value);
  }));
  YURT_TRY(rows.flush());
  meta.tables = rows.tables();

  const std::string meta_json = model::snapshot_meta_json(meta);
  Sha256 meta_sha;
  meta_sha.add(meta_json);
  const std::string sums =
      hex(meta_sha.finish()) + "  meta.json\n" + hex(state_sha.finish()) + "  state.bin\n";

  SnapshotArchive out;
  YURT_ASSIGN(out.file, temporary_file());
  TarWriter tar(out.file.get());
  YURT_TRY(tar.add_file("meta.json", meta_json, meta.time_ns));
  YURT_TRY(tar.begin("state.bin", meta.state_bytes, meta.time_ns));
  YURT_TRY(copy_into(tar, state.get()));
  YURT_TRY(tar.add_file("SHA256SUMS", sums, meta.time_ns));
  YURT_TRY(tar.finish());
  out.size_bytes = tar.size_bytes();
  out.digest = "sha-256=" + base64_encode(tar.digest());
  if (::lseek(out.file.get(), 0, SEEK_SET) < 0) return system_error("read a snapshot", errno);
  return out;
}

}  // namespace yurt::server
