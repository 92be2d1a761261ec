#include "raft/shell/wal_damage.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "raft/shell/checksum.h"

namespace yurt::raft {
namespace {

constexpr std::size_t block_bytes = 32 * 1024;
constexpr std::size_t header_bytes = 7;

enum RecordType : unsigned char { zero = 0, full = 1, first = 2, middle = 3, last = 4 };

std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8U; }

struct Record {
  RecordType type = zero;
  std::size_t bytes = 0;  // with its header
};

// The whole and undamaged record at `at`; records never cross a block's end.
std::optional<Record> record_at(std::string_view file, std::size_t at) {
  const std::size_t block_end = std::min(file.size(), (at / block_bytes + 1) * block_bytes);
  if (at + header_bytes > block_end) return std::nullopt;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(file[at + i]); };
  const unsigned char type = byte(6);
  const std::size_t length = byte(4) | (static_cast<std::size_t>(byte(5)) << 8);
  if (type < full || type > last || at + header_bytes + length > block_end) return std::nullopt;
  const std::uint32_t stored = byte(0) | (static_cast<std::uint32_t>(byte(1)) << 8) |
                               (static_cast<std::uint32_t>(byte(2)) << 16) |
                               (static_cast<std::uint32_t>(byte(3)) << 24);
  if (masked(crc32c(0, file.substr(at + 6, 1 + length))) != stored) return std::nullopt;
  return Record{static_cast<RecordType>(type), header_bytes + length};
}

bool starts_batch(const std::optional<Record>& record) {
  return record && (record->type == full || record->type == first);
}

bool all_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

// Whether a batch starts anywhere at or after `at`. Tries every offset, since the damage may have
// hit the length that tells where the next record is.
bool batch_starts_after(std::string_view file, std::size_t at) {
  for (; at + header_bytes <= file.size(); ++at) {
    if (file[at + 6] != full && file[at + 6] != first) continue;
    if (starts_batch(record_at(file, at))) return true;
  }
  return false;
}

// Where the first record is that is neither whole nor the file's early end; nullopt if all is well.
std::optional<std::size_t> first_damage(std::string_view file) {
  std::size_t at = 0;
  while (at < file.size()) {
    const std::size_t left_in_block = block_bytes - at % block_bytes;
    if (left_in_block < header_bytes) {
      at += left_in_block;
      continue;
    }
    const std::optional<Record> record = record_at(file, at);
    if (!record) {
      if (all_zero(file.substr(at))) return std::nullopt;
      return at;
    }
    at += record->bytes;
  }
  return std::nullopt;
}

}  // namespace

Result<WalDamage> examine_wal(const std::filesystem::path& folder) {
  std::error_code failure;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
    if (entry.path().extension() == ".log") files.push_back(entry.path());
  }
  if (failure) return system_error("cannot list " + folder.string(), failure.value());
  // RocksDB pads the numbers with zeros, so names sort by age.
  std::sort(files.begin(), files.end());

  WalDamage found = WalDamage::none;
  for (const auto& path : files) {
    YURT_ASSIGN(const std::string content, read_file(path));
    std::size_t unread = 0;
    if (found == WalDamage::none) {
      const std::optional<std::size_t> damage = first_damage(content);
      if (!damage) continue;
      found = WalDamage::torn_tail;
      unread = *damage + 1;
    }
    if (batch_starts_after(content, unread)) return WalDamage::synced;
  }
  return found;
}

}  // namespace yurt::raft
