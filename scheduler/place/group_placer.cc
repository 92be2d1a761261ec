#include "scheduler/place/group_placer.h"

#include <algorithm>

#include "base/assert.h"
#include "scheduler/rank/preemption_score.h"
#include "scheduler/rank/reschedule_penalty.h"

namespace yurt::scheduler {
namespace {

bool wants_distinct_hosts(const model::Constraint& constraint) {
  return is_distinct_hosts(constraint) && constraint.value() != "false";
}

template <typename Constraints>
bool any_distinct_hosts(const Constraints& constraints) {
  return std::any_of(constraints.begin(), constraints.end(), wants_distinct_hosts);
}

}  // namespace

GroupPlacer::GroupPlacer(PlacerContext& context, JobRef job, int group, const MemoryGrants& memory)
    : context_(context),
      job_(std::move(job)),
      group_(job_->group(group)),
      count_(std::max(1, group_.has_count() ? group_.count() : 1)),
      ask_(group_, context.settings.memory_oversubscription, memory),
      filter_(*job_, group_),
      nodes_(context.proposal.view(), *job_, filter_),
      affinity_(*job_, group_),
      distinct_hosts_of_job_(any_distinct_hosts(job_->constraint())),
      distinct_hosts_of_group_(any_distinct_hosts(group_.constraint())) {
  for (const auto& constraint : job_->constraint()) {
    if (is_distinct_property(constraint)) limits_.emplace_back(constraint, true);
  }
  for (const auto& constraint : group_.constraint()) {
    if (is_distinct_property(constraint)) limits_.emplace_back(constraint, false);
  }
}

GroupPlacer::~GroupPlacer() = default;

bool GroupPlacer::host_taken(Slot slot) const {
  if (distinct_hosts_of_job_ && context_.proposal.own_on(slot) > 0) return true;
  return distinct_hosts_of_group_ && context_.proposal.own_on(slot, group_.name()) > 0;
}

void GroupPlacer::note(const Allocation& alloc, int by) {
  if (spreads_.empty() && limits_.empty()) return;
  const ClusterView& view = context_.proposal.view();
  const Slot slot = view.slot_of(alloc.node);
  if (slot == no_slot || !view.node(slot)) return;
  const bool same_group = alloc.task_group().name() == group_.name();
  for (PropertyLimit& limit : limits_) {
    if (limit.whole_job() || same_group) limit.add(limit.target().resolve(*view.node(slot)), by);
  }
  if (!same_group) return;
  for (SpreadBlock& spread : spreads_) {
    const auto value = spread.target.resolve(*view.node(slot));
    if (value) by > 0 ? spread.use.add(*value) : spread.use.remove(*value);
  }
}

void GroupPlacer::arrived(const Allocation& alloc) {
  if (!scanned_ || context_.proposal.epoch() != epoch_ + 1) {
    scanned_ = false;
    return;
  }
  ++epoch_;
  note(alloc, 1);
  refresh_spread();
  const Slot slot = context_.proposal.view().slot_of(alloc.node);
  if (candidates_.contains(slot)) put(slot);
}

void GroupPlacer::left(const Allocation& alloc) {
  // With a limit per property value, nodes that were given up may be good again: start over.
  if (!scanned_ || context_.proposal.epoch() != epoch_ + 1 || !limits_.empty()) {
    scanned_ = false;
    return;
  }
  ++epoch_;
  if (!alloc.terminal()) note(alloc, -1);
  refresh_spread();
  const Slot slot = context_.proposal.view().slot_of(alloc.node);
  const bool feasible =
      slot != no_slot && std::binary_search(nodes_.feasible.begin(), nodes_.feasible.end(), slot);
  if (feasible) put(slot);
}

std::string GroupPlacer::property_refusal(Slot slot) const {
  for (const PropertyLimit& limit : limits_) {
    auto refusal = limit.refusal(limit.target().resolve(*context_.proposal.view().node(slot)));
    if (!refusal.empty()) return refusal;
  }
  return "";
}

std::optional<GroupPlacer::Choice> GroupPlacer::take(Slot slot, double score) {
  if (std::string refusal = property_refusal(slot); !refusal.empty()) {
    given_up_[slot] = {std::move(refusal), true};
    candidates_.drop(slot);
    return std::nullopt;
  }
  auto granted = grant_on(ask_, context_.proposal.view(), slot, context_.random);
  if (auto* refusal = std::get_if<Refusal>(&granted)) {
    given_up_[slot] = {std::move(*refusal), false};
    candidates_.drop(slot);
    return std::nullopt;
  }
  return Choice{slot, std::get<Grant>(std::move(granted)), {}, score};
}

Candidates::Best GroupPlacer::best_penalized(const std::vector<Slot>& penalized) const {
  Candidates::Best best;
  for (Slot slot : penalized) {
    if (!candidates_.contains(slot)) continue;
    Candidates::Own own = score(slot).own;
    own.sum += reschedule_penalty_score;
    ++own.emitted;
    const std::uint32_t combination = combination_of_slot_.empty() ? 0 : combination_of_slot_[slot];
    const double value = Candidates::mean(own, spread_of_combination_[combination]);
    const std::uint64_t own_tie = tie(slot);
    if (best.slot == no_slot || value > best.score || (value == best.score && own_tie > best.tie)) {
      best = {slot, value, own_tie};
    }
  }
  return best;
}

std::optional<GroupPlacer::Choice> GroupPlacer::choose(const Wish& wish) {
  if (!scanned_ || epoch_ != context_.proposal.epoch()) scan();
  const ClusterView& view = context_.proposal.view();
  if (wish.preferred) {
    const Slot slot = view.slot_of(*wish.preferred);
    if (slot != no_slot && candidates_.contains(slot)) {
      if (auto choice = take(slot, 0)) return choice;
    }
  }
  std::vector<Slot> penalized;
  for (const NodeId& node : wish.penalized) {
    const Slot slot = view.slot_of(node);
    if (slot != no_slot && std::find(penalized.begin(), penalized.end(), slot) == penalized.end()) {
      penalized.push_back(slot);
    }
  }
  for (;;) {
    Candidates::Best best = candidates_.best(spread_of_combination_, penalized);
    if (best.doubtful) {
      all_put_ = true;
      put_all();
      continue;
    }
    if (!penalized.empty()) {
      const Candidates::Best other = best_penalized(penalized);
      if (other.slot != no_slot && (best.slot == no_slot || other.score > best.score)) best = other;
    }
    if (best.slot == no_slot) break;
    if (auto choice = take(best.slot, best.score)) return choice;
  }
  return std::nullopt;
}

std::optional<std::vector<AllocRef>> GroupPlacer::victims_on(Slot slot) {
  const NodeId& node = context_.proposal.view().node_id(slot);
  auto victims =
      choose_victims(context_.proposal, slot, context_.state.allocs_of_node(node), ask_,
                     {job_->namespace_(), job_->id()}, job_->priority(), context_.preempted);
  // Trying left the proposal as it was.
  epoch_ = context_.proposal.epoch();
  return victims;
}

GroupPlacer::Choice GroupPlacer::evict(Slot slot, std::vector<AllocRef> victims, double score) {
  for (const AllocRef& victim : victims) {
    context_.proposal.leave(victim);
    ++context_.preempted[preemption_key(*victim)];
  }
  epoch_ = context_.proposal.epoch();
  auto granted = grant_on(ask_, context_.proposal.view(), slot, context_.random);
  YURT_ASSERT(std::holds_alternative<Grant>(granted));
  return {slot, std::get<Grant>(std::move(granted)), std::move(victims), score};
}

std::optional<GroupPlacer::Choice> GroupPlacer::choose_by_preemption() {
  if (!context_.settings.preemption) return std::nullopt;
  if (!scanned_ || epoch_ != context_.proposal.epoch()) scan();
  const std::vector<AllocRef>* victims = nullptr;
  Candidates::Best best;
  for (Slot slot : nodes_.feasible) {
    if (host_taken(slot) || !property_refusal(slot).empty()) continue;
    auto [at, is_new] = victims_.try_emplace(slot);
    if (is_new) at->second = victims_on(slot);
    if (!at->second) continue;
    Candidates::Own own = score(slot).own;
    std::vector<int> priorities;
    for (const AllocRef& victim : *at->second) priorities.push_back(victim->job->priority());
    own.sum += preemption_score(net_priority(priorities));
    ++own.emitted;
    const std::uint32_t combination = combination_of_slot_.empty() ? 0 : combination_of_slot_[slot];
    const double value = Candidates::mean(own, spread_of_combination_[combination]);
    if (best.slot == no_slot || value > best.score ||
        (value == best.score && tie(slot) > best.tie)) {
      best = {slot, value, tie(slot)};
      victims = &*at->second;
    }
  }
  if (best.slot == no_slot) return std::nullopt;
  Choice choice = evict(best.slot, *victims, best.score);
  put(best.slot);
  return choice;
}

std::optional<GroupPlacer::Choice> GroupPlacer::choose_on(Slot slot, std::string& refusal) {
  own_ = &context_.proposal.own_by_slot(group_.name());
  const ClusterView& view = context_.proposal.view();
  refusal.clear();
  if (const char* dimension = sums_refusal(ask_, view, slot)) {
    refusal = dimension;
  } else {
    auto granted = grant_on(ask_, view, slot, context_.random);
    if (auto* grant = std::get_if<Grant>(&granted)) {
      return Choice{slot, std::move(*grant), {}, score(slot).own.sum};
    }
    refusal = std::get<Refusal>(std::move(granted));
  }
  return std::nullopt;
}

std::optional<GroupPlacer::Choice> GroupPlacer::choose_on_by_preemption(Slot slot) {
  if (!context_.settings.preemption) return std::nullopt;
  own_ = &context_.proposal.own_by_slot(group_.name());
  auto victims = victims_on(slot);
  if (!victims) return std::nullopt;
  return evict(slot, *std::move(victims), 0);
}

bool GroupPlacer::may_stay_on(Slot slot) {
  const ClusterView& view = context_.proposal.view();
  if (slot == no_slot || !view.node(slot)) return false;
  const model::Node& node = *view.node(slot);
  if (!addresses_pool(*job_, node.node_pool()) || !addresses_datacenter(*job_, node.datacenter()) ||
      !filter_.refusal(node).empty() || sums_refusal(ask_, view, slot) != nullptr) {
    return false;
  }
  if (distinct_hosts_of_job_ || distinct_hosts_of_group_) {
    for (const Allocation* other : context_.proposal.own_running()) {
      const bool counts = distinct_hosts_of_job_ || other->task_group().name() == group_.name();
      if (counts && view.slot_of(other->node) == slot) return false;
    }
  }
  if (limits_.empty()) return true;
  for (PropertyLimit& limit : limits_) limit.clear();
  scanned_ = false;
  spreads_.clear();
  for (const Allocation* alloc : context_.proposal.own_running()) note(*alloc, 1);
  return property_refusal(slot).empty();
}

std::int64_t GroupPlacer::largest_memory_mb() const {
  std::int64_t largest = 0;
  const NodeColumns& columns = context_.proposal.view().columns();
  for (Slot slot : nodes_.feasible) {
    largest = std::max<std::int64_t>(largest, columns.memory_capacity[slot]);
  }
  return largest;
}

void GroupPlacer::count_exhausted(model::AllocMetric& metric, Slot slot,
                                  const std::string& dimension) const {
  metric.set_nodes_exhausted(metric.nodes_exhausted() + 1);
  ++(*metric.mutable_dimension_exhausted())[dimension];
  const model::Node& node = *context_.proposal.view().node(slot);
  if (!node.node_class().empty()) ++(*metric.mutable_class_exhausted())[node.node_class()];
  if (metric.resources_exhausted_size() > 0) return;
  for (const auto& task : group_.task()) {
    auto& wanted = (*metric.mutable_resources_exhausted())[task.name()];
    wanted = task.resources();
    wanted.set_disk(static_cast<int>(ask_.totals.disk_mb));
    const auto& memory = ask_.message->tasks().at(task.name()).memory();
    wanted.set_memory(static_cast<int>(memory.memory_mb()));
  }
}

void GroupPlacer::fill_scores(model::AllocMetric& metric) {
  for (const Candidates::Best& best : candidates_.top(5, spread_of_combination_)) {
    const Scored scored = score(best.slot);
    auto* meta = metric.add_score_meta_data();
    meta->set_node_id(context_.proposal.view().node(best.slot)->id());
    auto& scores = *meta->mutable_scores();
    scores["binpack"] = scored.pack;
    scores["job-anti-affinity"] = scored.anti_affinity;
    if (!affinity_.empty()) scores["node-affinity"] = scored.affinity;
    if (scored.devices != 0) scores["devices"] = scored.devices;
    if (scored.device_packing != 0) scores["device-packing"] = scored.device_packing;
    if (!spreads_.empty()) {
      scores["allocation-spread"] = spread_of_combination_[combination_of_slot_[best.slot]];
    }
    meta->set_norm_score(best.score);
  }
}

model::AllocMetric GroupPlacer::metrics(bool with_exhausted) {
  model::AllocMetric metric;
  metric.set_nodes_evaluated(nodes_.evaluated);
  metric.set_nodes_in_pool(nodes_.in_pool);
  metric.set_node_pool(job_->node_pool().empty() ? "default" : job_->node_pool());
  for (const auto& [name, count] : nodes_.available)
    (*metric.mutable_nodes_available())[name] = count;
  int filtered = nodes_.evaluated - static_cast<int>(nodes_.feasible.size());
  for (const auto& [reason, count] : nodes_.constraint_filtered) {
    (*metric.mutable_constraint_filtered())[reason] = count;
  }
  for (const auto& [name, count] : nodes_.class_filtered) {
    (*metric.mutable_class_filtered())[name] = count;
  }
  if (with_exhausted) {
    const ClusterView& view = context_.proposal.view();
    for (Slot slot : nodes_.feasible) {
      const auto late = given_up_.find(slot);
      if (host_taken(slot)) {
        ++filtered;
        ++(*metric.mutable_constraint_filtered())["distinct_hosts"];
      } else if (const char* dimension = sums_refusal(ask_, view, slot)) {
        count_exhausted(metric, slot, dimension);
      } else if (late != given_up_.end() && late->second.filtered) {
        ++filtered;
        ++(*metric.mutable_constraint_filtered())[late->second.reason];
      } else if (late != given_up_.end()) {
        count_exhausted(metric, slot, late->second.reason);
      }
    }
  } else if (scanned_) {
    fill_scores(metric);
  }
  metric.set_nodes_filtered(filtered);
  return metric;
}

}  // namespace yurt::scheduler
