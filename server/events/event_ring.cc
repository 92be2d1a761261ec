#include "server/events/event_ring.h"

#include <algorithm>

namespace yurt::server {
namespace {

// While somebody listens, this many are kept at least: how far a slow reader may fall behind.
constexpr std::size_t tolerated_lag_commands = 16'384;

}  // namespace

EventRing::ReaderId EventRing::add_reader(std::uint64_t index, std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  Reader reader{first_ + batches_.size(), index, std::move(wake)};
  if (index > 0) {
    while (reader.position > first_ &&
           batches_[reader.position - first_ - 1]->changes->index > index) {
      --reader.position;
    }
  }
  readers_.emplace(++last_reader_, std::move(reader));
  return last_reader_;
}

void EventRing::remove_reader(ReaderId id) {
  const std::lock_guard lock(mutex_);
  readers_.erase(id);
  trim();
}

EventRing::Outcome EventRing::next(ReaderId id,
                                   std::shared_ptr<const std::vector<EventGroup>>& out) {
  std::shared_ptr<Batch> batch;
  std::uint64_t after_index = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = readers_.find(id);
    if (found == readers_.end() || found->second.position < first_) return Outcome::behind;
    const std::size_t at = found->second.position - first_;
    if (at >= batches_.size()) return Outcome::none;
    batch = batches_[at];
    after_index = found->second.after_index;
    ++found->second.position;
  }
  std::call_once(batch->made, [&batch] {
    batch->events = std::make_shared<const std::vector<EventGroup>>(events_of(*batch->changes));
  });
  out = batch->events;
  const bool some_old = !out->empty() && out->front().index <= after_index;
  if (some_old) {
    auto newer = *out;
    std::erase_if(newer, [&](const EventGroup& group) { return group.index <= after_index; });
    out = std::make_shared<const std::vector<EventGroup>>(std::move(newer));
  }
  return Outcome::events;
}

void EventRing::on_changes(const ChangesRef& changes) {
  const std::lock_guard lock(mutex_);
  if (changes->replaced) {
    // Everybody who listens has to look at the state anew.
    first_ += batches_.size() + 1;
    batches_.clear();
    commands_ = 0;
  } else if (!changes->commands.empty()) {
    batches_.push_back(std::make_shared<Batch>(changes));
    commands_ += changes->commands.size();
    trim();
  } else {
    return;
  }
  for (const auto& [id, reader] : readers_) reader.wake();
}

void EventRing::trim() {
  const std::size_t kept =
      readers_.empty() ? kept_commands_ : std::max(kept_commands_, tolerated_lag_commands);
  while (!batches_.empty() && commands_ - batches_.front()->changes->commands.size() >= kept) {
    commands_ -= batches_.front()->changes->commands.size();
    batches_.pop_front();
    ++first_;
  }
  if (batches_.size() == 1 && kept == 0) {
    batches_.clear();
    commands_ = 0;
    ++first_;
  }
}

}  // namespace yurt::server
