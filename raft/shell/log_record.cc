#include "raft/shell/log_record.h"

#include <memory>

#include "raft/shell/checksum.h"
#include "raft/shell/wire_peers.h"

namespace yurt::raft {
namespace {

constexpr std::size_t checksum_bytes = 4;

template <typename Number>
void put_little(char* at, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) at[i] = static_cast<char>(number >> (8 * i));
}

template <typename Number>
Number get_little(const char* at) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) {
    number |= static_cast<Number>(static_cast<unsigned char>(at[i])) << (8 * i);
  }
  return number;
}

// The index is covered too, so that a value found under the wrong key is noticed.
std::uint32_t entry_checksum(Index index, std::string_view after_checksum) {
  char number[sizeof index];
  put_little(number, index);
  return crc32c(crc32c(0, {number, sizeof number}), after_checksum);
}

Error bad_entry(Index index, const char* what) {
  return {ErrorCode::corrupt, "log entry " + std::to_string(index) + ' ' + what};
}

template <typename Stored>
Result<Stored> parse_mark(std::string_view key, std::string_view value) {
  YURT_ASSIGN(const std::string bytes, open_mark(key, value));
  Stored stored;
  if (!stored.ParseFromString(bytes)) {
    return Error{ErrorCode::corrupt, "the log's record " + std::string(key) + " does not parse"};
  }
  return stored;
}

}  // namespace

std::string entry_key(Index index) {
  std::string key(1 + sizeof index, 'e');
  for (std::size_t i = 0; i < sizeof index; ++i) {
    key[1 + i] = static_cast<char>(index >> (8 * (sizeof index - 1 - i)));
  }
  return key;
}

std::optional<Index> index_of_key(std::string_view key) {
  if (key.size() != 1 + sizeof(Index) || key[0] != 'e') return std::nullopt;
  Index index = 0;
  for (const char byte : key.substr(1)) index = index << 8 | static_cast<unsigned char>(byte);
  return index;
}

std::array<char, entry_header_bytes> encode_entry_header(const Entry& entry) {
  std::array<char, entry_header_bytes> header;
  put_little(header.data() + checksum_bytes, entry.term);
  header[checksum_bytes + 8] = static_cast<char>(entry.kind);
  const std::string_view fields(header.data() + checksum_bytes, header.size() - checksum_bytes);
  put_little(header.data(), crc32c(entry_checksum(entry.index, fields), entry.bytes()));
  return header;
}

Result<Entry> decode_entry(Index index, std::string_view value) {
  if (value.size() < entry_header_bytes) return bad_entry(index, "is too short");
  if (get_little<std::uint32_t>(value.data()) !=
      entry_checksum(index, value.substr(checksum_bytes))) {
    return bad_entry(index, "does not match its checksum");
  }
  Entry entry;
  entry.index = index;
  entry.term = get_little<Term>(value.data() + checksum_bytes);
  entry.kind = static_cast<EntryKind>(value[checksum_bytes + 8]);
  if (entry.kind < EntryKind::command || entry.kind > EntryKind::configuration) {
    return bad_entry(index, "is of a kind that this version does not know");
  }
  if (value.size() > entry_header_bytes) {
    entry.payload = std::make_shared<const std::string>(value.substr(entry_header_bytes));
  }
  return entry;
}

Result<Term> decode_entry_term(Index index, std::string_view value) {
  if (value.size() < entry_header_bytes) return bad_entry(index, "is too short");
  return get_little<Term>(value.data() + checksum_bytes);
}

std::string seal_mark(std::string_view bytes) {
  std::string value(checksum_bytes, '\0');
  put_little(value.data(), crc32c(0, bytes));
  value += bytes;
  return value;
}

Result<std::string> open_mark(std::string_view key, std::string_view value) {
  if (value.size() < checksum_bytes ||
      get_little<std::uint32_t>(value.data()) != crc32c(0, value.substr(checksum_bytes))) {
    return Error{ErrorCode::corrupt,
                 "the log's record " + std::string(key) + " does not match its checksum"};
  }
  return std::string(value.substr(checksum_bytes));
}

std::string encode_hard_state(const HardState& state) {
  wire::StoredHardState stored;
  stored.set_term(state.term);
  stored.set_vote(state.vote);
  return seal_mark(stored.SerializeAsString());
}

Result<HardState> decode_hard_state(std::string_view value) {
  YURT_ASSIGN(const auto stored, parse_mark<wire::StoredHardState>(hard_state_key, value));
  return HardState{stored.term(), stored.vote()};
}

std::string encode_start(const LogStart& start) {
  wire::StoredStart stored;
  stored.set_index(start.index);
  stored.set_term(start.term);
  return seal_mark(stored.SerializeAsString());
}

Result<LogStart> decode_start(std::string_view value) {
  YURT_ASSIGN(const auto stored, parse_mark<wire::StoredStart>(start_key, value));
  return LogStart{stored.index(), stored.term()};
}

std::string encode_configurations(const std::vector<ConfigurationAt>& history) {
  wire::StoredConfigurations stored;
  for (const ConfigurationAt& at : history) {
    auto& out = *stored.add_history();
    out.set_index(at.index);
    to_wire(at.configuration, *out.mutable_peers());
  }
  return seal_mark(stored.SerializeAsString());
}

Result<std::vector<ConfigurationAt>> decode_configurations(std::string_view value) {
  YURT_ASSIGN(const auto stored, parse_mark<wire::StoredConfigurations>(configurations_key, value));
  std::vector<ConfigurationAt> history;
  for (const auto& at : stored.history()) history.push_back({at.index(), from_wire(at.peers())});
  return history;
}

std::string encode_install(const PendingInstall& install) {
  wire::StoredInstall stored;
  *stored.mutable_snapshot() = to_wire(install.snapshot);
  stored.set_folder(install.folder);
  return seal_mark(stored.SerializeAsString());
}

Result<PendingInstall> decode_install(std::string_view value) {
  YURT_ASSIGN(const auto stored, parse_mark<wire::StoredInstall>(install_key, value));
  return PendingInstall{from_wire(stored.snapshot()), stored.folder()};
}

}  // namespace yurt::raft
