#include "server/agents/watches.h"

#include <utility>
#include <vector>

namespace yurt::server {

void Watches::set(const void* agent, const Send& send, const model::WatchSet& watches) {
  const auto shared = std::make_shared<const Send>(send);
  std::vector<std::pair<Key, std::uint64_t>> fresh;
  {
    const std::lock_guard lock(mutex_);
    std::set<Key> wanted;
    for (const auto& watch : watches.watches()) {
      Key key{watch.kind(), watch.namespace_(), watch.name()};
      const bool known = watchers_[key].contains(agent);
      watchers_[key][agent] = {watch.id(), shared};
      if (!known) fresh.emplace_back(key, watch.id());
      wanted.insert(std::move(key));
    }
    forget(agent, wanted);
    of_agents_[agent] = std::move(wanted);
  }
  // After they are known: a change in between is told twice, never missed.
  const Snapshot state = store_.snapshot();
  for (const auto& [key, id] : fresh) {
    model::ServerMessage message;
    *message.mutable_watch_result() = evaluate(key, state);
    message.mutable_watch_result()->set_id(id);
    send(std::move(message));
  }
}

void Watches::drop(const void* agent) {
  const std::lock_guard lock(mutex_);
  forget(agent, {});
  of_agents_.erase(agent);
}

void Watches::forget(const void* agent, const std::set<Key>& kept) {
  const auto known = of_agents_.find(agent);
  if (known == of_agents_.end()) return;
  for (const Key& key : known->second) {
    if (kept.contains(key)) continue;
    const auto watched = watchers_.find(key);
    if (watched == watchers_.end()) continue;
    watched->second.erase(agent);
    if (watched->second.empty()) watchers_.erase(watched);
  }
}

bool Watches::note(const Changes& changes) {
  const std::lock_guard lock(mutex_);
  if (watchers_.empty()) return false;
  if (changes.replaced) {
    for (const auto& [key, agents] : watchers_) changed_.insert(key);
  }
  for (const auto& change : changes.variables) note_variable(change.key);
  for (const auto& change : changes.services) {
    const model::ServiceRegistration& service = change.after ? *change.after : *change.before;
    const Key one{model::Watch::SERVICE, service.namespace_(), service.service_name()};
    if (watchers_.contains(one)) changed_.insert(one);
    const Key all{model::Watch::SERVICE_LIST, service.namespace_(), ""};
    if (watchers_.contains(all)) changed_.insert(all);
  }
  return !changed_.empty();
}

void Watches::note_variable(const JobKey& changed) {
  const Key exact{model::Watch::VARIABLE, changed.ns, changed.id};
  if (watchers_.contains(exact)) changed_.insert(exact);
  const int list = model::Watch::VARIABLE_LIST;
  for (auto at = watchers_.lower_bound({list, changed.ns, ""}); at != watchers_.end(); ++at) {
    const Key& key = at->first;
    if (key.kind != list || key.ns != changed.ns) break;
    if (changed.id.starts_with(key.name)) changed_.insert(key);
  }
}

void Watches::push() {
  std::set<Key> changed;
  {
    const std::lock_guard lock(mutex_);
    changed.swap(changed_);
  }
  if (changed.empty()) return;
  const Snapshot state = store_.snapshot();
  for (const Key& key : changed) {
    model::ServerMessage message;
    *message.mutable_watch_result() = evaluate(key, state);
    std::vector<Watcher> watchers;
    {
      const std::lock_guard lock(mutex_);
      const auto found = watchers_.find(key);
      if (found == watchers_.end()) continue;
      for (const auto& [agent, watcher] : found->second) watchers.push_back(watcher);
    }
    for (const Watcher& watcher : watchers) {
      message.mutable_watch_result()->set_id(watcher.id);
      (*watcher.send)(message);
    }
  }
}

model::WatchResult Watches::evaluate(const Key& key, const Snapshot& state) {
  model::WatchResult result;
  const Tables& tables = state.tables();
  result.set_index(tables.index);
  if (key.kind == model::Watch::VARIABLE) {
    const auto* found = tables.variables.find({key.ns, key.name});
    if (found == nullptr) return result;
    auto opened = keyring_.open(tables, **found);
    if (opened.ok()) {
      *result.mutable_variable() = std::move(*opened);
    } else {
      result.set_error(opened.error().message);
    }
  } else if (key.kind == model::Watch::VARIABLE_LIST) {
    tables.variables.scan({key.ns, key.name}, [&](const JobKey& at, const SealedVariableRef& row) {
      if (at.ns != key.ns || !at.id.starts_with(key.name)) return false;
      *result.add_variables() = shown(*row);
      return true;
    });
  } else if (key.kind == model::Watch::SERVICE) {
    for (const ServiceRef& service : state.services_named(key.ns, key.name)) {
      *result.add_services() = *service;
    }
  } else {
    std::map<std::string, std::set<std::string>> tags;
    tables.services.scan({key.ns, "", ""}, [&](const ServiceKey& at, const ServiceRef& service) {
      if (at.ns != key.ns) return false;
      tags[at.name].insert(service->tags().begin(), service->tags().end());
      return true;
    });
    for (const auto& [name, of_name] : tags) {
      auto& stub = *result.add_service_names();
      stub.set_service_name(name);
      for (const std::string& tag : of_name) stub.add_tags(tag);
    }
  }
  return result;
}

}  // namespace yurt::server
