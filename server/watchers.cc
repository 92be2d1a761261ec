#include "server/watchers.h"

#include <algorithm>

namespace yurt::server {

Watchers::Watchers(StateStore& store, Timers& timers) : store_(store), timers_(timers) {
  static_cast<void>(store_.subscribe(this));
}

Watchers::~Watchers() { store_.unsubscribe(this); }

bool Watchers::has_changed(const Tables& now, const Waiter& waiter) {
  return std::any_of(waiter.tables.begin(), waiter.tables.end(),
                     [&](Table table) { return now.index_of(table) > waiter.index; });
}

void Watchers::when_changed(std::vector<Table> tables, std::uint64_t index,
                            std::int64_t deadline_ns, std::function<void()> done) {
  std::uint64_t id = 0;
  {
    std::lock_guard lock(mutex_);
    id = next_++;
    Waiter& waiter = waiters_[id];
    waiter.tables = std::move(tables);
    waiter.index = index;
    waiter.done = std::move(done);
    waiter.timer = timers_.at(deadline_ns, [this, id] {
      if (auto call = take(id)) call();
    });
  }
  // A change before the waiter was in place would be missed without this second look.
  const Snapshot snapshot = store_.snapshot();
  std::function<void()> call;
  {
    std::lock_guard lock(mutex_);
    const auto found = waiters_.find(id);
    if (found == waiters_.end() || !has_changed(snapshot.tables(), found->second)) return;
  }
  if ((call = take(id))) call();
}

std::function<void()> Watchers::take(std::uint64_t id) {
  std::lock_guard lock(mutex_);
  const auto found = waiters_.find(id);
  if (found == waiters_.end()) return nullptr;
  auto done = std::move(found->second.done);
  timers_.cancel(found->second.timer);
  waiters_.erase(found);
  return done;
}

void Watchers::on_changes(const ChangesRef&) {
  std::vector<std::function<void()>> calls;
  {
    std::lock_guard lock(mutex_);
    if (waiters_.empty()) return;
    const Snapshot snapshot = store_.snapshot();
    for (auto at = waiters_.begin(); at != waiters_.end();) {
      if (!has_changed(snapshot.tables(), at->second)) {
        ++at;
        continue;
      }
      timers_.cancel(at->second.timer);
      calls.push_back(std::move(at->second.done));
      at = waiters_.erase(at);
    }
  }
  for (auto& call : calls) call();
}

}  // namespace yurt::server
