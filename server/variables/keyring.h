// Keyring: seals and opens variables with the root keys of the state, which are themselves sealed
// with the servers' key file (docs/decisions/0007-variables-encryption.md).
//
// A root key in the clear exists in memory only. Thread-safe.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include "base/result.h"
#include "proto/release.pb.h"
#include "server/state/tables.h"

namespace yurt::server {

class Keyring {
 public:
  // Reads the key file: 32 bytes in base64. One that does not exist is made, with mode 0600, when
  // `create`. Without one nothing can be sealed or opened, and each attempt says so.
  [[nodiscard]] static Result<std::unique_ptr<Keyring>> open(const std::filesystem::path& key_file,
                                                             bool create);
  // Of a key in memory; for tests.
  explicit Keyring(std::string wrapping_key) : wrapping_key_(std::move(wrapping_key)) {}

  // A new active root key. failed_precondition without a key file.
  [[nodiscard]] Result<model::RootKey> make_root_key(const std::string& key_id,
                                                     std::int64_t now_wall_ns) const;

  // Puts the items into `out` under the active key; `out` names the variable already. not_found
  // when there is no active key.
  [[nodiscard]] Status seal(const Tables& tables,
                            const google::protobuf::Map<std::string, std::string>& items,
                            model::SealedVariable& out);
  // corrupt when the key file is not the one that the root key was wrapped with.
  [[nodiscard]] Result<model::Variable> open(const Tables& tables,
                                             const model::SealedVariable& sealed);

 private:
  [[nodiscard]] Result<std::string> unwrap(const model::RootKey& key);

  std::filesystem::path key_file_;
  std::string wrapping_key_;                      // "": there is no key file
  std::mutex mutex_;                              // guards unwrapped_
  std::map<std::string, std::string> unwrapped_;  // by key ID
};

// The key that new variables are sealed with; null when there is none yet.
[[nodiscard]] RootKeyRef active_root_key(const Tables& tables);

// Everything but the items, the lock's ID left out: only its holder knows it.
[[nodiscard]] model::VariableMetadata shown(const model::SealedVariable& sealed);
// The same with items.
void fill_variable(const model::VariableMetadata& metadata, model::Variable& out);

}  // namespace yurt::server
