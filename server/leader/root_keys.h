// Root keys in time: a new one when the active one is old, and variables moved from keys that are
// to be given up to the active one.
//
// Functions of the state and the time; the leader proposes what they find. The keyring is used to
// open and seal variables.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/state/snapshot.h"
#include "server/variables/keyring.h"

namespace yurt::model {
class Command;
}

namespace yurt::server {

inline constexpr std::int64_t default_root_key_age_ns = 720 * 3'600'000'000'000;

// Makes `key` the active one. The others are kept for what is sealed with them; `full`: until all
// of that has been sealed anew.
[[nodiscard]] model::Command rotation(const Snapshot& state, const model::RootKey& key, bool full);

// At most `most` variables that are sealed with the key.
[[nodiscard]] std::vector<SealedVariableRef> variables_sealed_with(const Snapshot& state,
                                                                   const std::string& key_id,
                                                                   std::size_t most);

// What is to be done at `now_wall_ns`: the rotation of a key that is older than `age_ns`, with
// `new_key_id` as the new one's ID, or the next step away from a key that is being given up. Errors
// are told once each by the caller.
[[nodiscard]] Result<std::vector<model::Command>> next_root_key_step(const Snapshot& state,
                                                                     Keyring& keyring,
                                                                     std::int64_t now_wall_ns,
                                                                     std::int64_t age_ns,
                                                                     const std::string& new_key_id);

}  // namespace yurt::server
