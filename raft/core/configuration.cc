#include "raft/core/configuration.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/assert.h"

namespace yurt::raft {
namespace {

constexpr char format_version = 1;

void put(std::string& out, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

// Takes eight bytes off the front of `bytes`; false when there are fewer.
bool take(std::string_view& bytes, std::uint64_t& value) {
  if (bytes.size() < 8) return false;
  value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  bytes.remove_prefix(8);
  return true;
}

Error corrupt() {
  return {ErrorCode::corrupt, "a membership entry of the Raft log is not readable"};
}

}  // namespace

const Peer* Configuration::find(PeerId id) const {
  for (const auto& peer : peers) {
    if (peer.id == id) return &peer;
  }
  return nullptr;
}

bool Configuration::is_voter(PeerId id) const {
  const Peer* peer = find(id);
  return peer != nullptr && peer->voter;
}

std::size_t Configuration::voter_count() const {
  return static_cast<std::size_t>(
      std::count_if(peers.begin(), peers.end(), [](const Peer& peer) { return peer.voter; }));
}

bool Configuration::majority(const std::function<bool(PeerId)>& holds) const {
  std::size_t count = 0;
  for (const auto& peer : peers) {
    if (peer.voter && holds(peer.id)) ++count;
  }
  return count >= quorum();
}

std::uint64_t Configuration::majority_value(
    const std::function<std::uint64_t(PeerId)>& value) const {
  std::vector<std::uint64_t> values;
  for (const auto& peer : peers) {
    if (peer.voter) values.push_back(value(peer.id));
  }
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end(), std::greater<>());
  return values[quorum() - 1];
}

Configuration Configuration::with(Peer peer) const {
  Configuration result = without(peer.id);
  const auto place = std::find_if(result.peers.begin(), result.peers.end(),
                                  [&](const Peer& other) { return other.id > peer.id; });
  result.peers.insert(place, std::move(peer));
  return result;
}

Configuration Configuration::without(PeerId id) const {
  Configuration result = *this;
  std::erase_if(result.peers, [&](const Peer& peer) { return peer.id == id; });
  return result;
}

std::string encode(const Configuration& configuration) {
  std::string out(1, format_version);
  put(out, configuration.peers.size());
  for (const auto& peer : configuration.peers) {
    put(out, peer.id);
    put(out, peer.voter ? 1 : 0);
    put(out, peer.address.size());
    out += peer.address;
  }
  return out;
}

Result<Configuration> decode_configuration(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != format_version) return corrupt();
  bytes.remove_prefix(1);
  std::uint64_t count = 0;
  if (!take(bytes, count)) return corrupt();
  Configuration configuration;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t id = 0, voter = 0, length = 0;
    if (!take(bytes, id) || !take(bytes, voter) || !take(bytes, length)) return corrupt();
    if (voter > 1 || length > bytes.size()) return corrupt();
    if (!configuration.peers.empty() && configuration.peers.back().id >= id) return corrupt();
    configuration.peers.push_back({id, std::string(bytes.substr(0, length)), voter == 1});
    bytes.remove_prefix(length);
  }
  if (!bytes.empty()) return corrupt();
  return configuration;
}

}  // namespace yurt::raft
