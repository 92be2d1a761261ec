#include "server/api/snapshot_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/base64.h"
#include "server/state/rows.h"

namespace yurt::server {
namespace {

// Rows are encoded so many at a time, so that memory stays bounded.
constexpr std::size_t rows_at_a_time = 4096;

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

Result<UniqueFd> temporary_file() {
  std::error_code error;
  const auto folder = std::filesystem::temp_directory_path(error);
  if (error) return Error{ErrorCode::io, "no folder for temporary files: " + error.message()};
  UniqueFd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file.valid()) return system_error("open a temporary file in " + folder.string(), errno);
  return file;
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

// Turns a batch of rows into the records of state.bin.
class RecordWriter final : public rocksdb::WriteBatch::Handler {
 public:
  rocksdb::Status PutCF(std::uint32_t, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    append_length(records, key.size());
    records.append(key.data(), key.size());
    append_length(records, value.size());
    records.append(value.data(), value.size());
    return rocksdb::Status::OK();
  }
  std::string records;
};

// Writes every row of the state, some thousand at a time.
class StateWriter {
 public:
  StateWriter(const Tables& tables, std::function<Status(std::string_view)> sink)
      : tables_(tables), sink_(std::move(sink)) {}

  Status run() {
    YURT_TRY(table(tables_.jobs, [this](const auto& row) { changes_.jobs.push_back({{}, row}); }));
    YURT_TRY(table(tables_.nodes, [this](const auto& row) {
      changes_.nodes.push_back({{}, row});
    }));
    YURT_TRY(table(tables_.evals, [this](const auto& row) {
      changes_.evals.push_back({{}, row});
    }));
    YURT_TRY(table(tables_.allocs, [this](const auto& row) {
      changes_.allocs.push_back({{}, row});
    }));
    YURT_TRY(table(tables_.deployments, [this](const auto& row) {
      changes_.deployments.push_back({{}, row});
    }));
    YURT_TRY(
        table(tables_.node_pools, [this](const auto& row) { changes_.node_pools.push_back(row); }));
    YURT_TRY(
        table(tables_.namespaces, [this](const auto& row) { changes_.namespaces.push_back(row); }));
    changes_.scheduler_config = tables_.scheduler_config;
    return flush();
  }

 private:
  template <typename Map, typename Add>
  Status table(const Map& rows, Add add) {
    Status status;
    rows.each([&](const auto&, const auto& row) {
      add(row);
      if (++waiting_ >= rows_at_a_time) status = flush();
      return status.ok();
    });
    return status.ok() ? flush() : status;
  }

  Status flush() {
    waiting_ = 0;
    changes_.index = tables_.index;
    rocksdb::WriteBatch batch;
    write_rows(changes_, tables_, batch);
    changes_ = Changes();
    RecordWriter writer;
    const auto status = batch.Iterate(&writer);
    if (!status.ok()) return Error{ErrorCode::internal, "rows: " + status.ToString()};
    return sink_(writer.records);
  }

  const Tables& tables_;
  const std::function<Status(std::string_view)> sink_;
  Changes changes_;
  std::size_t waiting_ = 0;
};

// A tar written through gzip into a file, with the digest of what was written.
class TarWriter {
 public:
  explicit TarWriter(int fd) : fd_(fd), archive_(archive_write_new(), &archive_write_free) {
    archive_write_add_filter_gzip(archive_.get());
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

Result<SnapshotArchive> write_snapshot_archive(const Snapshot& snapshot,
                                               const SnapshotOrigin& origin) {
  // A tar says a file's size before its content: the rows are written once to find it out.
  YURT_ASSIGN(const UniqueFd state, temporary_file());
  Sha256 state_sha;
  std::uint64_t state_bytes = 0;
  YURT_TRY(StateWriter(snapshot.tables(), [&](std::string_view records) {
             state_sha.add(records);
             state_bytes += records.size();
             return write_all(state.get(), records);
           }).run());

  const std::string meta = nlohmann::json{
      {"Index", snapshot.index()},
      {"Version", origin.version},
      {"Region", origin.region},
      {"Time", origin.time_ns}}.dump();
  Sha256 meta_sha;
  meta_sha.add(meta);
  const std::string sums =
      hex(meta_sha.finish()) + "  meta.json\n" + hex(state_sha.finish()) + "  state.bin\n";

  SnapshotArchive out;
  YURT_ASSIGN(out.file, temporary_file());
  TarWriter tar(out.file.get());
  YURT_TRY(tar.add_file("meta.json", meta, origin.time_ns));
  YURT_TRY(tar.begin("state.bin", state_bytes, origin.time_ns));
  YURT_TRY(copy_into(tar, state.get()));
  YURT_TRY(tar.add_file("SHA256SUMS", sums, origin.time_ns));
  YURT_TRY(tar.finish());
  out.size_bytes = tar.size_bytes();
  out.digest = "sha-256=" + base64_encode(tar.digest());
  if (::lseek(out.file.get(), 0, SEEK_SET) < 0) return system_error("read a snapshot", errno);
  return out;
}

}  // namespace yurt::server
