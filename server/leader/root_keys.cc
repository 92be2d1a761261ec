#include "server/leader/root_keys.h"

#include "proto/command.pb.h"

namespace yurt::server {
namespace {

// Sealed anew in one command: at most 4 MiB of items.
constexpr std::size_t resealed_at_once = 64;

Result<model::Command> reseal(const Snapshot& state, Keyring& keyring,
                              const std::vector<SealedVariableRef>& variables) {
  model::Command command;
  for (const SealedVariableRef& variable : variables) {
    YURT_ASSIGN(const model::Variable opened, keyring.open(state.tables(), *variable));
    auto& change = *command.mutable_change_variables()->add_changes();
    change.set_kind(model::VariableChange::RESEAL);
    change.set_cas(variable->metadata().modify_index());
    *change.mutable_variable()->mutable_metadata() = variable->metadata();
    YURT_TRY(keyring.seal(state.tables(), opened.items(), *change.mutable_variable()));
  }
  return command;
}

}  // namespace

model::Command rotation(const Snapshot& state, const model::RootKey& key, bool full) {
  model::Command command;
  auto& upsert = *command.mutable_upsert_root_keys();
  *upsert.add_keys() = key;
  state.tables().root_keys.each([&](const std::string&, const RootKeyRef& old) {
    const char* becomes = full ? "rekeying" : "inactive";
    const bool stays = old->state() == becomes || old->state() == "rekeying";
    if (stays) return true;
    model::RootKey changed = *old;
    changed.set_state(becomes);
    *upsert.add_keys() = std::move(changed);
    return true;
  });
  return command;
}

std::vector<SealedVariableRef> variables_sealed_with(const Snapshot& state,
                                                     const std::string& key_id, std::size_t most) {
  std::vector<SealedVariableRef> out;
  state.tables().variables.each([&](const JobKey&, const SealedVariableRef& variable) {
    if (variable->key_id() == key_id) out.push_back(variable);
    return out.size() < most;
  });
  return out;
}

Result<std::vector<model::Command>> next_root_key_step(const Snapshot& state, Keyring& keyring,
                                                       std::int64_t now_wall_ns,
                                                       std::int64_t age_ns,
                                                       const std::string& new_key_id) {
  std::vector<model::Command> out;
  const RootKeyRef active = active_root_key(state.tables());
  if (!active) return out;
  if (age_ns > 0 && now_wall_ns - active->create_time() >= age_ns) {
    YURT_ASSIGN(const model::RootKey key, keyring.make_root_key(new_key_id, now_wall_ns));
    out.push_back(rotation(state, key, false));
    return out;
  }
  RootKeyRef leaving;
  state.tables().root_keys.each([&](const std::string&, const RootKeyRef& key) {
    if (key->state() == "rekeying") leaving = key;
    return !leaving;
  });
  if (!leaving) return out;
  const auto variables = variables_sealed_with(state, leaving->key_id(), resealed_at_once);
  if (!variables.empty()) {
    YURT_ASSIGN(auto command, reseal(state, keyring, variables));
    out.push_back(std::move(command));
    return out;
  }
  model::RootKey done = *leaving;
  done.set_state("inactive");
  *out.emplace_back().mutable_upsert_root_keys()->add_keys() = std::move(done);
  return out;
}

}  // namespace yurt::server
