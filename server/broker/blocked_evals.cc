#include "server/broker/blocked_evals.h"

#include "proto/state.pb.h"

namespace yurt::server {

BlockedEvals::Key BlockedEvals::key_of(const model::Evaluation& eval) {
  const bool per_node = eval.type() == "system" || eval.type() == "sysbatch";
  return {{eval.namespace_(), eval.job_id()}, per_node ? eval.node_id() : std::string()};
}

bool BlockedEvals::wants(const model::Evaluation& eval, const std::string& computed_class) {
  if (eval.escaped_computed_class()) return true;
  const auto seen = eval.class_eligibility().find(computed_class);
  return seen == eval.class_eligibility().end() || seen->second;
}

BlockedEvals::Blocked BlockedEvals::block(const EvalRef& eval) {
  std::lock_guard lock(mutex_);
  Blocked out;
  bool missed = all_unblocked_at_ > eval->snapshot_index();
  for (const auto& [computed_class, index] : class_unblocked_at_) {
    missed |= index > eval->snapshot_index() && wants(*eval, computed_class);
  }
  EvalRef& slot = blocked_[key_of(*eval)];
  if (slot && slot->id() != eval->id()) {
    if (slot->create_index() > eval->create_index()) {
      out.superseded = eval;
      return out;
    }
    out.superseded = slot;
  }
  slot = eval;
  if (missed) {
    blocked_.erase(key_of(*eval));
    out.ready = true;
  }
  return out;
}

std::vector<EvalRef> BlockedEvals::untrack(const JobKey& job) {
  std::lock_guard lock(mutex_);
  std::vector<EvalRef> out;
  std::erase_if(blocked_, [&](const auto& entry) {
    if (entry.first.job != job) return false;
    out.push_back(entry.second);
    return true;
  });
  return out;
}

void BlockedEvals::forget(const EvalId& id) {
  std::lock_guard lock(mutex_);
  const std::string text = id.to_string();
  std::erase_if(blocked_, [&](const auto& entry) { return entry.second->id() == text; });
}

std::vector<EvalRef> BlockedEvals::unblock_class(const std::string& computed_class,
                                                 std::uint64_t index) {
  std::lock_guard lock(mutex_);
  class_unblocked_at_[computed_class] = index;
  std::vector<EvalRef> out;
  std::erase_if(blocked_, [&](const auto& entry) {
    if (!entry.first.node_id.empty() || !wants(*entry.second, computed_class)) return false;
    out.push_back(entry.second);
    return true;
  });
  return out;
}

std::vector<EvalRef> BlockedEvals::unblock_node(const NodeId& node) {
  std::lock_guard lock(mutex_);
  const std::string id = node.to_string();
  std::vector<EvalRef> out;
  std::erase_if(blocked_, [&](const auto& entry) {
    if (entry.first.node_id != id) return false;
    out.push_back(entry.second);
    return true;
  });
  return out;
}

std::vector<EvalRef> BlockedEvals::unblock_all(std::uint64_t index) {
  std::lock_guard lock(mutex_);
  all_unblocked_at_ = index;
  std::vector<EvalRef> out;
  for (auto& [key, eval] : blocked_) out.push_back(eval);
  blocked_.clear();
  return out;
}

std::size_t BlockedEvals::size() const {
  std::lock_guard lock(mutex_);
  return blocked_.size();
}

}  // namespace yurt::server
