#include "server/variables/keyring.h"

#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/file.h"
#include "base/log.h"
#include "server/variables/seal.h"

namespace yurt::server {
namespace {

constexpr const char* algorithm = "aes256-gcm";

std::string additional_data(const model::VariableMetadata& metadata) {
  return metadata.namespace_() + '\0' + metadata.path();
}

std::string text_of(const google::protobuf::Map<std::string, std::string>& items) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [key, value] : items) json[key] = value;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<std::string> read_wrapping_key(const std::filesystem::path& path) {
  YURT_ASSIGN(std::string text, read_file(path));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.pop_back();
  }
  auto key = base64_decode(text);
  if (!key.ok() || key->size() != seal_key_bytes) {
    return Error{ErrorCode::invalid_argument,
                 "the key file " + path.string() +
                     " must hold 32 bytes in base64, as `head -c 32 /dev/urandom | base64` makes"};
  }
  struct stat file {};
  if (::stat(path.c_str(), &file) == 0 && (file.st_mode & 077) != 0) {
    YURT_LOG(warn, "server", "others than its owner may read the key file {}: chmod 600 it",
             path.string());
  }
  return *key;
}

}  // namespace

Result<std::unique_ptr<Keyring>> Keyring::open(const std::filesystem::path& key_file, bool create) {
  auto key = read_wrapping_key(key_file);
  if (!key.ok() && key.error().code == ErrorCode::not_found && create) {
    std::string made = make_seal_key();
    YURT_TRY(write_file_atomically(key_file, base64_encode(made) + "\n", 0600));
    key = std::move(made);
  }
  if (!key.ok() && key.error().code != ErrorCode::not_found) return key.error();
  auto keyring = std::make_unique<Keyring>(key.ok() ? *key : std::string());
  keyring->key_file_ = key_file;
  return keyring;
}

Result<model::RootKey> Keyring::make_root_key(const std::string& key_id,
                                              std::int64_t now_wall_ns) const {
  if (wrapping_key_.empty()) {
    return Error{ErrorCode::failed_precondition,
                 "variables need a key file, the same on all servers: put one at " +
                     key_file_.string() +
                     " (or where server.key_file says) and restart the "
                     "servers; `head -c 32 /dev/urandom | base64` makes one"};
  }
  model::RootKey key;
  key.set_key_id(key_id);
  key.set_algorithm(algorithm);
  key.set_state("active");
  key.set_create_time(now_wall_ns);
  Sealed sealed = yurt::server::seal(wrapping_key_, make_seal_key(), key_id);
  key.set_nonce(std::move(sealed.nonce));
  key.set_wrapped(std::move(sealed.bytes));
  return key;
}

Result<std::string> Keyring::unwrap(const model::RootKey& key) {
  const std::lock_guard lock(mutex_);
  const auto known = unwrapped_.find(key.key_id());
  if (known != unwrapped_.end()) return known->second;
  if (wrapping_key_.empty()) {
    return Error{ErrorCode::failed_precondition,
                 "this server has no key file to open variables with: copy the other servers' to " +
                     key_file_.string() + " and restart it"};
  }
  auto plain = unseal(wrapping_key_, key.nonce(), key.wrapped(), key.key_id());
  if (!plain.ok()) {
    return Error{ErrorCode::corrupt, "root key " + key.key_id() + " was wrapped with another key " +
                                         "file than " + key_file_.string() +
                                         ": all servers need the same one, a restored snapshot "
                                         "that of its cluster"};
  }
  unwrapped_.emplace(key.key_id(), *plain);
  return plain;
}

Status Keyring::seal(const Tables& tables,
                     const google::protobuf::Map<std::string, std::string>& items,
                     model::SealedVariable& out) {
  const RootKeyRef active = active_root_key(tables);
  if (!active) return Error{ErrorCode::not_found, "there is no active root key yet"};
  YURT_ASSIGN(const std::string key, unwrap(*active));
  Sealed sealed = yurt::server::seal(key, text_of(items), additional_data(out.metadata()));
  out.set_key_id(active->key_id());
  out.set_nonce(std::move(sealed.nonce));
  out.set_sealed(std::move(sealed.bytes));
  return {};
}

Result<model::Variable> Keyring::open(const Tables& tables, const model::SealedVariable& sealed) {
  model::Variable out;
  fill_variable(shown(sealed), out);
  if (sealed.nonce().empty()) return out;  // made by taking its lock: it has no items
  const std::string what = "variable \"" + out.path() + "\"";
  const RootKeyRef* key = tables.root_keys.find(sealed.key_id());
  if (key == nullptr) {
    return Error{ErrorCode::corrupt,
                 what + " cannot be opened: its root key " + sealed.key_id() + " was removed"};
  }
  const auto unwrapped = unwrap(**key);
  if (!unwrapped.ok()) return unwrapped.error().within(what);
  const auto plain =
      unseal(*unwrapped, sealed.nonce(), sealed.sealed(), additional_data(sealed.metadata()));
  if (!plain.ok()) return plain.error().within(what);
  const auto items = nlohmann::json::parse(*plain, nullptr, false);
  if (!items.is_object()) return Error{ErrorCode::corrupt, what + " holds no items"};
  for (const auto& [name, value] : items.items()) {
    if (value.is_string()) (*out.mutable_items())[name] = value.get<std::string>();
  }
  return out;
}

RootKeyRef active_root_key(const Tables& tables) {
  RootKeyRef newest;
  tables.root_keys.each([&](const std::string&, const RootKeyRef& key) {
    const bool better =
        key->state() == "active" && (!newest || key->modify_index() > newest->modify_index());
    if (better) newest = key;
    return true;
  });
  return newest;
}

model::VariableMetadata shown(const model::SealedVariable& sealed) {
  model::VariableMetadata out = sealed.metadata();
  if (out.has_lock()) out.mutable_lock()->clear_id();
  return out;
}

void fill_variable(const model::VariableMetadata& metadata, model::Variable& out) {
  out.set_namespace_(metadata.namespace_());
  out.set_path(metadata.path());
  out.set_create_index(metadata.create_index());
  out.set_modify_index(metadata.modify_index());
  out.set_create_time(metadata.create_time());
  out.set_modify_time(metadata.modify_time());
  if (metadata.has_lock()) *out.mutable_lock() = metadata.lock();
}

}  // namespace yurt::server
