// Variables, their locks, and the root keys they are sealed with.
#include "proto/command.pb.h"
#include "server/state/apply.h"

namespace yurt::server {
namespace {

using Kind = model::VariableChange;

struct VariableStep {
  Transaction& transaction;
  const model::VariableChange& change;
  const JobKey key;
  const SealedVariableRef now;  // null: there is none

  [[nodiscard]] bool locked() const { return now && now->metadata().has_lock(); }
  [[nodiscard]] bool by_holder() const {
    return locked() && now->metadata().lock().id() == change.lock_id();
  }
  [[nodiscard]] bool index_fits() const {
    if (!change.has_cas()) return true;
    return change.cas() == (now ? now->metadata().modify_index() : 0);
  }

  [[nodiscard]] Applied conflict() const {
    return {.index = transaction.index(), .conflict = true, .variable = now};
  }
  [[nodiscard]] Applied done(SealedVariableRef after) const {
    return {.index = transaction.index(), .variable = std::move(after)};
  }

  [[nodiscard]] Applied set() const {
    if ((locked() && !by_holder()) || !index_fits()) return conflict();
    model::SealedVariable after = change.variable();
    after.mutable_metadata()->clear_lock();
    if (locked()) *after.mutable_metadata()->mutable_lock() = now->metadata().lock();
    after.set_lock_free_at(now ? now->lock_free_at() : 0);
    return done(transaction.put_variable(key, std::move(after)));
  }

  [[nodiscard]] Applied remove() const {
    if ((locked() && !by_holder()) || !index_fits()) return conflict();
    transaction.remove_variable(key);
    return done(nullptr);
  }

  [[nodiscard]] Applied acquire() const {
    const model::VariableLock& wanted = change.variable().metadata().lock();
    const bool blocked = now && now->lock_free_at() > transaction.time();
    if (locked() || blocked || !index_fits()) return conflict();
    // Without items of its own the request keeps those that are there.
    const bool brings_items = !change.variable().nonce().empty();
    model::SealedVariable after = now && !brings_items ? *now : change.variable();
    *after.mutable_metadata()->mutable_lock() = wanted;
    after.set_lock_free_at(0);
    return done(transaction.put_variable(key, std::move(after)));
  }

  [[nodiscard]] Applied renew() const {
    if (!by_holder()) return conflict();
    transaction.note_renewed_lock(key);
    return done(now);
  }

  [[nodiscard]] Applied unlock(bool expired) const {
    if (!by_holder()) return conflict();
    model::SealedVariable after = *now;
    const std::int64_t delay = after.metadata().lock().lock_delay();
    after.set_lock_free_at(expired ? transaction.time() + delay : 0);
    after.mutable_metadata()->clear_lock();
    return done(transaction.put_variable(key, std::move(after)));
  }

  [[nodiscard]] Applied reseal() const {
    if (!now || !index_fits()) return conflict();
    transaction.reseal_variable(key, change.variable());
    return done(transaction.variable(key));
  }
};

Applied apply_change(Transaction& transaction, const model::VariableChange& change) {
  const auto& metadata = change.variable().metadata();
  const JobKey key{metadata.namespace_(), metadata.path()};
  const VariableStep step{transaction, change, key, transaction.variable(key)};
  switch (change.kind()) {
    case Kind::DELETE: return step.remove();
    case Kind::LOCK_ACQUIRE: return step.acquire();
    case Kind::LOCK_RENEW: return step.renew();
    case Kind::LOCK_RELEASE: return step.unlock(false);
    case Kind::LOCK_EXPIRE: return step.unlock(true);
    case Kind::RESEAL: return step.reseal();
    case Kind::SET:
    default: return step.set();
  }
}

}  // namespace

Result<Applied> apply(Transaction& transaction, const model::ChangeVariables& command) {
  for (const auto& change : command.changes()) {
    const std::string& ns = change.variable().metadata().namespace_();
    if (transaction.tables().namespaces.find(ns) == nullptr) {
      return Error{ErrorCode::invalid_argument, "namespace \"" + ns + "\" does not exist"};
    }
  }
  // Each stands for itself; what the last one answered is told.
  Applied applied{.index = transaction.index()};
  for (const auto& change : command.changes()) applied = apply_change(transaction, change);
  return applied;
}

Result<Applied> apply(Transaction& transaction, const model::UpsertRootKeys& command) {
  for (const auto& key : command.keys()) {
    if (key.wrapped().empty()) {
      transaction.remove_root_key(key.key_id());
    } else {
      transaction.put_root_key(key);
    }
  }
  return Applied{.index = transaction.index()};
}

}  // namespace yurt::server
