#include "proto/snapshot_file.h"

#include <archive.h>
#include <archive_entry.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

namespace yurt::model {
namespace {

using Json = nlohmann::json;

// No row is larger than a command, by far.
constexpr std::size_t most_row_bytes = 64 << 20;
constexpr std::size_t most_small_file_bytes = 1 << 20;

Error damaged(const std::string& why) {
  return {ErrorCode::corrupt, "this is no whole snapshot: " + why};
}

class Digest {
 public:
  Digest() { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  [[nodiscard]] std::string hex() {
    unsigned char sum[32];
    unsigned size = sizeof sum;
    EVP_DigestFinal_ex(context_.get(), sum, &size);
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const unsigned char byte : sum) {
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
    return out;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(),
                                                                   &EVP_MD_CTX_free};
};

// Cuts state.bin, which comes in pieces, into rows.
class RowCutter {
 public:
  explicit RowCutter(const SnapshotRow& row) : row_(row) {}

  Status add(std::string_view bytes) {
    buffer_.append(bytes);
    std::size_t at = 0;
    while (true) {
      const auto key = field(at);
      if (!key) break;
      const auto value = field(at + 4 + key->size());
      if (!value) break;
      if (key->empty()) return damaged("state.bin has a row without a key");
      if (row_) YURT_TRY(row_(*key, *value));
      at += 8 + key->size() + value->size();
    }
    if (too_long_) return damaged("state.bin is not made of rows");
    buffer_.erase(0, at);
    return {};
  }
  [[nodiscard]] Status finish() const {
    return buffer_.empty() ? Status() : damaged("state.bin ends within a row");
  }

 private:
  // The length-prefixed field at `at`; none while it is not there whole.
  std::optional<std::string_view> field(std::size_t at) {
    if (buffer_.size() < at + 4) return std::nullopt;
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      length = length << 8 | static_cast<unsigned char>(buffer_[at + i]);
    }
    too_long_ |= length > most_row_bytes;
    if (too_long_ || buffer_.size() - at - 4 < length) return std::nullopt;
    return std::string_view(buffer_).substr(at + 4, length);
  }

  const SnapshotRow& row_;
  std::string buffer_;
  bool too_long_ = false;
};

class Reader {
 public:
  Reader(int fd, const SnapshotRow& row)
      : fd_(fd), rows_(row), archive_(archive_read_new(), &archive_read_free) {}

  Result<SnapshotMeta> run() {
    if (::lseek(fd_, 0, SEEK_SET) < 0) return system_error("read the snapshot", errno);
    archive_read_support_filter_gzip(archive_.get());
    archive_read_support_format_tar(archive_.get());
    if (archive_read_open_fd(archive_.get(), fd_, 256 << 10) != ARCHIVE_OK) return failure();
    archive_entry* entry = nullptr;
    int result = 0;
    while ((result = archive_read_next_header(archive_.get(), &entry)) == ARCHIVE_OK) {
      const char* name = archive_entry_pathname(entry);
      YURT_TRY(file(name == nullptr ? "" : name));
    }
    if (result != ARCHIVE_EOF) return failure();
    return check();
  }

 private:
  Error failure() {
    const char* reason = archive_error_string(archive_.get());
    return damaged(reason == nullptr ? "it cannot be read" : reason);
  }

  Status file(const std::string& name) {
    if (name == "state.bin") {
      has_state_ = true;
      YURT_TRY(contents([this](std::string_view bytes) -> Status {
        state_digest_.add(bytes);
        state_bytes_ += bytes.size();
        return rows_.add(bytes);
      }));
      return rows_.finish();
    }
    std::string* into = name == "meta.json" ? &meta_ : name == "SHA256SUMS" ? &sums_ : nullptr;
    if (into == nullptr) return damaged("it holds a file \"" + name + "\"");
    return contents([&](std::string_view bytes) -> Status {
      into->append(bytes);
      return into->size() <= most_small_file_bytes ? Status() : damaged(name + " is too large");
    });
  }

  template <typename Sink>
  Status contents(Sink sink) {
    const void* data = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    int result = 0;
    while ((result = archive_read_data_block(archive_.get(), &data, &size, &offset)) ==
           ARCHIVE_OK) {
      YURT_TRY(sink(std::string_view(static_cast<const char*>(data), size)));
    }
    return result == ARCHIVE_EOF ? Status() : Status(failure());
  }

  Result<SnapshotMeta> check() {
    if (meta_.empty() || sums_.empty() || !has_state_) {
      return damaged("meta.json, state.bin or SHA256SUMS is missing");
    }
    Digest meta_digest;
    meta_digest.add(meta_);
    if (sums_ != meta_digest.hex() + "  meta.json\n" + state_digest_.hex() + "  state.bin\n") {
      return damaged("its checksums do not match");
    }
    const Json json = Json::parse(meta_, nullptr, false);
    const auto text = [&](const char* name) {
      const auto found = json.find(name);
      return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    if (!json.is_object() || !json.contains("Index") || !json["Index"].is_number_unsigned()) {
      return damaged("meta.json cannot be read");
    }
    SnapshotMeta out;
    out.index = json["Index"].get<std::uint64_t>();
    out.version = text("Version");
    out.region = text("Region");
    if (json.contains("Time") && json["Time"].is_number_integer()) {
      out.time_ns = json["Time"].get<std::int64_t>();
    }
    if (json.contains("Tables") && json["Tables"].is_array()) {
      for (const Json& table : json["Tables"]) {
        if (!table.is_object()) return damaged("meta.json cannot be read");
        out.tables.push_back({table.value("Type", ""), table.value("Rows", std::uint64_t{0}),
                              table.value("Bytes", std::uint64_t{0})});
      }
    }
    out.state_bytes = state_bytes_;
    return out;
  }

  const int fd_;
  RowCutter rows_;
  std::unique_ptr<archive, decltype(&archive_read_free)> archive_;
  std::string meta_, sums_;
  Digest state_digest_;
  std::uint64_t state_bytes_ = 0;
  bool has_state_ = false;
};

}  // namespace

std::string snapshot_meta_json(const SnapshotMeta& meta) {
  Json tables = Json::array();
  for (const SnapshotTable& table : meta.tables) {
    tables.push_back({{"Type", table.type}, {"Rows", table.rows}, {"Bytes", table.bytes}});
  }
  return Json{{"Index", meta.index},
              {"Version", meta.version},
              {"Region", meta.region},
              {"Time", meta.time_ns},
              {"Tables", std::move(tables)}}
      .dump();
}

Result<SnapshotMeta> read_snapshot_file(int fd, const SnapshotRow& row) {
  // The sums are trusted last: what they vouch for may still be the work of another program.
  try {
    return Reader(fd, row).run();
  } catch (const Json::exception& error) {
    return damaged(std::string("meta.json cannot be read: ") + error.what());
  }
}

}  // namespace yurt::model
