#include "server/broker/eval_broker.h"

#include <algorithm>

#include "proto/state.pb.h"

namespace yurt::server {
namespace {

JobKey job_of(const model::Evaluation& eval) { return {eval.namespace_(), eval.job_id()}; }

// The first redelivery comes after a second, later ones after (n − 1) × 20 seconds.
std::int64_t redelivery_delay(int attempts) {
  return attempts <= 1 ? nanoseconds_per_second : (attempts - 1) * 20 * nanoseconds_per_second;
}

}  // namespace

EvalBroker::Order EvalBroker::order_of(const model::Evaluation& eval) {
  return {eval.priority(), eval.create_index(), EvalId::parse_or_nil(eval.id())};
}

void EvalBroker::enqueue(const EvalRef& eval) {
  std::lock_guard lock(mutex_);
  const auto id = EvalId::parse_or_nil(eval->id());
  if (stopping_ || id.is_nil() || !entries_.try_emplace(id, Entry{eval}).second) return;
  if (eval->wait_until() > clock_.wall_ns()) {
    delayed_.emplace(eval->wait_until(), id);
  } else {
    admit(id);
  }
}

void EvalBroker::admit(const EvalId& id) {
  const Entry& entry = entries_.at(id);
  JobQueue& queue = jobs_[job_of(*entry.eval)];
  if (queue.active) {
    queue.waiting.insert(order_of(*entry.eval));
    return;
  }
  queue.active = id;
  ready_.insert(order_of(*entry.eval));
  ready_signal_.notify_one();
}

std::vector<EvalBroker::Delivery> EvalBroker::dequeue(std::size_t max) {
  std::unique_lock lock(mutex_);
  ready_signal_.wait(lock, [&] { return stopping_ || poked_ || !ready_.empty(); });
  poked_ = false;
  std::vector<Delivery> out;
  if (stopping_) return out;
  while (!ready_.empty() && out.size() < max) {
    const EvalId id = ready_.begin()->id;
    ready_.erase(ready_.begin());
    Entry& entry = entries_.at(id);
    entry.token = next_token_++;
    entry.answer_by = clock_.steady_ns() + nack_timeout_ns;
    ++entry.attempts;
    out_.insert(id);
    out.push_back({entry.eval, entry.token, entry.attempts});
  }
  return out;
}

void EvalBroker::ack(const EvalId& id, std::uint64_t token) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.token != token) return;
  settle(id, false);
}

void EvalBroker::nack(const EvalId& id, std::uint64_t token) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.token != token) return;
  settle(id, true);
}

void EvalBroker::settle(const EvalId& id, bool again) {
  Entry& entry = entries_.at(id);
  out_.erase(id);
  entry.token = 0;
  if (again && entry.attempts < delivery_limit) {
    // The job stays taken, so that nothing newer of it overtakes meanwhile.
    redeliver_.emplace(clock_.steady_ns() + redelivery_delay(entry.attempts), id);
    return;
  }
  if (again) verdicts_.failed.push_back(entry.eval);
  erase(id);
}

void EvalBroker::erase(const EvalId& id) {
  const JobKey key = job_of(*entries_.at(id).eval);
  entries_.erase(id);
  const auto at = jobs_.find(key);
  JobQueue& queue = at->second;
  queue.active.reset();
  if (queue.waiting.empty()) {
    jobs_.erase(at);
    return;
  }
  // Scheduling the newest does what the older ones asked for as well.
  const auto newest = std::max_element(
      queue.waiting.begin(), queue.waiting.end(),
      [](const Order& a, const Order& b) { return a.create_index < b.create_index; });
  const EvalId next = newest->id;
  for (const Order& order : queue.waiting) {
    if (order.id == next) continue;
    verdicts_.superseded.push_back(entries_.at(order.id).eval);
    entries_.erase(order.id);
  }
  queue.waiting.clear();
  admit(next);
}

void EvalBroker::tick() {
  std::lock_guard lock(mutex_);
  const std::int64_t wall = clock_.wall_ns(), steady = clock_.steady_ns();
  while (!delayed_.empty() && delayed_.begin()->first <= wall) {
    const EvalId id = delayed_.begin()->second;
    delayed_.erase(delayed_.begin());
    if (entries_.contains(id)) admit(id);
  }
  while (!redeliver_.empty() && redeliver_.begin()->first <= steady) {
    const EvalId id = redeliver_.begin()->second;
    redeliver_.erase(redeliver_.begin());
    const auto found = entries_.find(id);
    if (found == entries_.end()) continue;
    ready_.insert(order_of(*found->second.eval));
    ready_signal_.notify_one();
  }
  std::vector<EvalId> late;
  for (const EvalId& id : out_) {
    if (entries_.at(id).answer_by <= steady) late.push_back(id);
  }
  for (const EvalId& id : late) settle(id, true);
}

EvalBroker::Verdicts EvalBroker::take_verdicts() {
  std::lock_guard lock(mutex_);
  return std::exchange(verdicts_, {});
}

BrokerFigures EvalBroker::figures() const {
  std::lock_guard lock(mutex_);
  std::size_t waiting = 0;
  for (const auto& [key, queue] : jobs_) waiting += queue.waiting.size();
  return {ready_.size(), out_.size(), waiting, delayed_.size() + redeliver_.size()};
}

void EvalBroker::poke() {
  std::lock_guard lock(mutex_);
  poked_ = true;
  ready_signal_.notify_all();
}

bool EvalBroker::stopped() const {
  std::lock_guard lock(mutex_);
  return stopping_;
}

void EvalBroker::stop() {
  std::lock_guard lock(mutex_);
  stopping_ = true;
  ready_signal_.notify_all();
}

}  // namespace yurt::server
