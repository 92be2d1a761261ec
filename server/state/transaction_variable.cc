#include "proto/release.pb.h"
#include "server/state/transaction.h"

namespace yurt::server {

SealedVariableRef Transaction::variable(const JobKey& key) const {
  const auto* found = tables_.variables.find(key);
  return found == nullptr ? nullptr : *found;
}

SealedVariableRef Transaction::put_variable(const JobKey& key, model::SealedVariable variable) {
  const SealedVariableRef before = this->variable(key);
  auto& metadata = *variable.mutable_metadata();
  metadata.set_namespace_(key.ns);
  metadata.set_path(key.id);
  metadata.set_modify_index(index_);
  metadata.set_modify_time(time_);
  metadata.set_create_index(before ? before->metadata().create_index() : index_);
  metadata.set_create_time(before ? before->metadata().create_time() : time_);
  auto after = std::make_shared<const model::SealedVariable>(std::move(variable));
  tables_.variables.set(key, after);
  changes_.variables.push_back({key, before, after});
  touch(Table::variables);
  return after;
}

void Transaction::reseal_variable(const JobKey& key, const model::SealedVariable& sealed) {
  const SealedVariableRef before = variable(key);
  if (!before) return;
  auto after = std::make_shared<model::SealedVariable>(*before);
  after->set_key_id(sealed.key_id());
  after->set_nonce(sealed.nonce());
  after->set_sealed(sealed.sealed());
  tables_.variables.set(key, after);
  changes_.variables.push_back({key, before, after});
}

void Transaction::remove_variable(const JobKey& key) {
  const SealedVariableRef before = variable(key);
  if (!before) return;
  tables_.variables.erase(key);
  changes_.variables.push_back({key, before, nullptr});
  touch(Table::variables);
}

void Transaction::put_root_key(model::RootKey key) {
  const auto* before = tables_.root_keys.find(key.key_id());
  key.set_modify_index(index_);
  key.set_create_index(before != nullptr ? (*before)->create_index() : index_);
  auto after = std::make_shared<const model::RootKey>(std::move(key));
  tables_.root_keys.set(after->key_id(), after);
  changes_.root_keys.push_back({after->key_id(), after});
  touch(Table::root_keys);
}

void Transaction::remove_root_key(const std::string& id) {
  if (!tables_.root_keys.erase(id)) return;
  changes_.root_keys.push_back({id, nullptr});
  touch(Table::root_keys);
}

}  // namespace yurt::server
