// How the log's entries and marks are written as keys and values of the log's RocksDB.
//
// Entry: key "e" + index (8 bytes, big-endian, so that keys sort as indexes do); value = CRC-32C
// (4 bytes) over index, term, kind and payload, then term (8), kind (1), payload. Marks are the
// small records beside the log: keys begin with "m", values are a CRC-32C and a Stored... message
// of raft.proto. Numbers in values are little-endian. Pure; any thread. Errors: corrupt, when a
// value is not what was written under that key.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "raft/core/configuration.h"
#include "raft/core/entry.h"
#include "raft/core/snapshot.h"

namespace yurt::raft {

[[nodiscard]] std::string entry_key(Index index);
// nullopt when `key` is not an entry's.
[[nodiscard]] std::optional<Index> index_of_key(std::string_view key);

// What stands before the payload in the entry's value.
inline constexpr std::size_t entry_header_bytes = 4 + 8 + 1;
[[nodiscard]] std::array<char, entry_header_bytes> encode_entry_header(const Entry& entry);
[[nodiscard]] Result<Entry> decode_entry(Index index, std::string_view value);
// Only the term, without looking at the payload or its checksum.
[[nodiscard]] Result<Term> decode_entry_term(Index index, std::string_view value);

inline constexpr std::string_view hard_state_key = "m/vote";
inline constexpr std::string_view start_key = "m/start";
inline constexpr std::string_view configurations_key = "m/configurations";
inline constexpr std::string_view install_key = "m/install";
inline constexpr std::string_view identity_key = "m/identity";

// A received snapshot, whole and synced in `folder` (a name, not a path), that is being restored.
struct PendingInstall {
  SnapshotMeta snapshot;
  std::string folder;

  bool operator==(const PendingInstall&) const = default;
};

// A mark's value: `bytes` behind their checksum.
[[nodiscard]] std::string seal_mark(std::string_view bytes);
[[nodiscard]] Result<std::string> open_mark(std::string_view key, std::string_view value);

[[nodiscard]] std::string encode_hard_state(const HardState& state);
[[nodiscard]] Result<HardState> decode_hard_state(std::string_view value);
[[nodiscard]] std::string encode_start(const LogStart& start);
[[nodiscard]] Result<LogStart> decode_start(std::string_view value);
[[nodiscard]] std::string encode_configurations(const std::vector<ConfigurationAt>& history);
[[nodiscard]] Result<std::vector<ConfigurationAt>> decode_configurations(std::string_view value);
[[nodiscard]] std::string encode_install(const PendingInstall& install);
[[nodiscard]] Result<PendingInstall> decode_install(std::string_view value);

}  // namespace yurt::raft
