#include "server/leader/variable_locks.h"

#include "proto/command.pb.h"
#include "proto/release.pb.h"

namespace yurt::server {
namespace {

// A proposal to expire a lock may be lost; it is repeated after this.
constexpr std::int64_t expire_again_ns = 1'000'000'000;

}  // namespace

void VariableLocks::hold(const JobKey& key, const model::SealedVariable& variable,
                         std::int64_t now_ns) {
  const auto& lock = variable.metadata().lock();
  held_[key] = {lock.id(), lock.ttl(), now_ns + lock.ttl()};
}

void VariableLocks::restore(const Snapshot& state, std::int64_t now_ns) {
  const std::lock_guard guard(mutex_);
  state.tables().variables.each([&](const JobKey& key, const SealedVariableRef& variable) {
    if (variable->metadata().has_lock()) hold(key, *variable, now_ns);
    return true;
  });
}

void VariableLocks::note(const Changes& changes, std::int64_t now_ns) {
  if (changes.variables.empty() && changes.renewed_locks.empty()) return;
  const std::lock_guard guard(mutex_);
  for (const auto& change : changes.variables) {
    const bool locked = change.after && change.after->metadata().has_lock();
    const auto known = held_.find(change.key);
    if (!locked) {
      if (known != held_.end()) held_.erase(known);
    } else if (known == held_.end() ||
               known->second.lock_id != change.after->metadata().lock().id()) {
      hold(change.key, *change.after, now_ns);
    }
  }
  for (const JobKey& key : changes.renewed_locks) {
    const auto known = held_.find(key);
    if (known != held_.end()) known->second.deadline_ns = now_ns + known->second.ttl_ns;
  }
}

std::vector<model::Command> VariableLocks::expire(std::int64_t now_ns) {
  const std::lock_guard guard(mutex_);
  std::vector<model::Command> out;
  for (auto& [key, held] : held_) {
    if (held.deadline_ns > now_ns) continue;
    held.deadline_ns = now_ns + expire_again_ns;
    auto& change = *out.emplace_back().mutable_change_variables()->add_changes();
    change.set_kind(model::VariableChange::LOCK_EXPIRE);
    change.set_lock_id(held.lock_id);
    change.mutable_variable()->mutable_metadata()->set_namespace_(key.ns);
    change.mutable_variable()->mutable_metadata()->set_path(key.id);
  }
  return out;
}

std::size_t VariableLocks::size() const {
  const std::lock_guard guard(mutex_);
  return held_.size();
}

}  // namespace yurt::server
