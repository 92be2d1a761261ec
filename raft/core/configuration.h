// Configuration: who takes part, and its history along the log.
//
// A server uses the newest configuration in its log, committed or not (thesis §4.1): it takes
// effect when appended and is undone when its entry is truncated. Values; not thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "raft/peer.h"

namespace yurt::raft {

struct Configuration {
  std::vector<Peer> peers;  // ascending by id, each id once

  [[nodiscard]] const Peer* find(PeerId id) const;  // null when not a member
  [[nodiscard]] bool is_voter(PeerId id) const;
  [[nodiscard]] std::size_t voter_count() const;
  // How many voters are a majority.
  [[nodiscard]] std::size_t quorum() const { return voter_count() / 2 + 1; }
  // True when the voters for whom `holds` is true are a majority. False when there is no voter.
  [[nodiscard]] bool majority(const std::function<bool(PeerId)>& holds) const;
  // The greatest value that a majority of the voters has reached; 0 when there is no voter.
  [[nodiscard]] std::uint64_t majority_value(
      const std::function<std::uint64_t(PeerId)>& value) const;

  // A copy with `peer` added (replacing a member with the same id), or without member `id`.
  [[nodiscard]] Configuration with(Peer peer) const;
  [[nodiscard]] Configuration without(PeerId id) const;

  bool operator==(const Configuration&) const = default;
};

// The payload of a configuration entry: a version byte, then length-prefixed little-endian fields.
[[nodiscard]] std::string encode(const Configuration& configuration);
// Fails with `corrupt` when `bytes` are not what encode() wrote.
[[nodiscard]] Result<Configuration> decode_configuration(std::string_view bytes);

struct ConfigurationAt {
  Index index = 0;  // of its entry; every entry from here on was appended under it
  Configuration configuration;

  bool operator==(const ConfigurationAt&) const = default;
};

// The configurations that matter: those in the log, and the newest one at or before its start.
class ConfigurationHistory {
 public:
  ConfigurationHistory() = default;
  // REQUIRES: ascending by index.
  explicit ConfigurationHistory(std::vector<ConfigurationAt> history);

  // The newest; empty (no peers) when none is known.
  [[nodiscard]] const Configuration& current() const;
  [[nodiscard]] Index current_index() const;  // 0 when none is known
  // The one in force at `index`; empty when none is known.
  [[nodiscard]] const Configuration& at(Index index) const;
  [[nodiscard]] const std::vector<ConfigurationAt>& all() const { return history_; }

  // REQUIRES: index > current_index()
  void append(Index index, Configuration configuration);
  // Forgets those at `index` and above; true when that changed anything.
  bool truncate_from(Index index);
  // Forgets those that no index above `start` needs; true when that changed anything.
  bool cut_to(Index start);
  // Starts over with one configuration, taken from a snapshot at `index`.
  void reset(Index index, Configuration configuration);

 private:
  std::vector<ConfigurationAt> history_;
};

}  // namespace yurt::raft
