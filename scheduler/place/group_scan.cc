// GroupPlacer's scan: every feasible node gets its score.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "scheduler/devices/fragmentation.h"
#include "scheduler/place/group_placer.h"
#include "scheduler/rank/binpack.h"
#include "scheduler/rank/job_anti_affinity.h"
#include "scheduler/rank/worst_fit.h"

namespace yurt::scheduler {
namespace {

double free_share(std::int64_t used, std::int64_t capacity) {
  return capacity > 0 ? 1.0 - static_cast<double>(used) / static_cast<double>(capacity) : 0.0;
}

// A node whose free shares add up to more than this scores less than `score`: since 10^x is convex,
// 10^a + 10^b is at least 2 × 10^((a + b) / 2). A little is added for what rounding may do.
double most_free_for(double score) {
  if (!(score > 0)) return std::numeric_limits<double>::infinity();
  return 2 * std::log10((20 - 18 * score) / 2) + 1e-6;
}

}  // namespace

std::uint64_t GroupPlacer::tie(Slot slot) const {
  std::uint64_t hash = context_.proposal.view().columns().id_hash[slot] ^ context_.tie_seed;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

GroupPlacer::Scored GroupPlacer::score(Slot slot) const {
  const ClusterView& view = context_.proposal.view();
  const NodeColumns& columns = view.columns();
  const double free_cpu =
      free_share(columns.cpu_used[slot] + cpu_on(ask_, view, slot), columns.cpu_capacity[slot]);
  const double free_memory =
      free_share(columns.memory_used[slot] + ask_.totals.memory_mb, columns.memory_capacity[slot]);
  Scored scored;
  scored.pack = context_.settings.worst_fit ? worst_fit_score(free_cpu, free_memory)
                                            : binpack_score(free_cpu, free_memory);
  scored.own = {scored.pack, 1};
  const auto emit = [&](double value) {
    if (value == 0) return;
    scored.own.sum += value;
    ++scored.own.emitted;
  };
  const std::uint32_t collisions = slot < own_->size() ? (*own_)[slot] : 0;
  if (collisions > 0) scored.anti_affinity = job_anti_affinity_score(collisions, count_);
  emit(scored.anti_affinity);
  if (!affinity_of_slot_.empty()) scored.affinity = affinity_of_slot_[slot];
  emit(scored.affinity);
  if (!ask_.devices.empty()) {
    const auto found = devices_on(ask_, view, slot);
    if (const auto* choice = std::get_if<DeviceChoice>(&found)) {
      scored.devices = choice->affinity;
      // The spread algorithm wants nodes equally used, not devices left free.
      if (!context_.settings.worst_fit) {
        scored.device_packing = packing_score(choice->added_fragmentation);
      }
    } else {
      scored.lack = std::get<DeviceLack>(found);
    }
    emit(scored.devices);
    emit(scored.device_packing);
  }
  return scored;
}

void GroupPlacer::put(Slot slot) {
  if (!given_up_.empty()) given_up_.erase(slot);
  if (!victims_.empty()) victims_.erase(slot);
  if (host_taken(slot) || sums_refusal(ask_, context_.proposal.view(), slot) != nullptr) {
    candidates_.drop(slot);
    return;
  }
  const Scored scored = score(slot);
  if (scored.lack != DeviceLack::nothing) {
    given_up_[slot] = {name_of(scored.lack), false};
    candidates_.drop(slot);
    return;
  }
  candidates_.put(slot, combination_of_slot_.empty() ? 0 : combination_of_slot_[slot], scored.own,
                  tie(slot));
}

std::uint32_t GroupPlacer::combination_of(Slot slot) {
  std::vector<std::optional<std::string>> values;
  const model::Node& node = *context_.proposal.view().node(slot);
  for (const SpreadBlock& spread : spreads_) values.push_back(spread.target.resolve(node));
  combinations_.push_back(std::move(values));
  return static_cast<std::uint32_t>(combinations_.size() - 1);
}

void GroupPlacer::scan() {
  Proposal& proposal = context_.proposal;
  const ClusterView& view = proposal.view();
  scanned_ = true;
  epoch_ = proposal.epoch();
  own_ = &proposal.own_by_slot(group_.name());
  given_up_.clear();
  victims_.clear();

  spreads_.clear();
  double weights = 0;
  const auto weight_of = [](const model::Spread& spread) {
    return spread.has_weight() ? spread.weight() : 50;
  };
  for (const auto* blocks : {&group_.spread(), &job_->spread()}) {
    for (const auto& spread : *blocks) weights += weight_of(spread);
  }
  for (const auto* blocks : {&group_.spread(), &job_->spread()}) {
    for (const auto& spread : *blocks) {
      spreads_.push_back(
          {Target(spread.attribute()),
           SpreadUse(spread, count_, weights > 0 ? weight_of(spread) / weights : 0)});
    }
  }
  for (PropertyLimit& limit : limits_) limit.clear();
  if (!spreads_.empty() || !limits_.empty()) {
    for (const Allocation* alloc : proposal.own_running()) note(*alloc, 1);
  }

  if (affinity_of_slot_.empty() && !affinity_.empty()) {
    affinity_of_slot_.assign(view.slot_bound(), 0);
    std::unordered_map<NameId, double> of_class;
    for (Slot slot : nodes_.feasible) {
      if (affinity_.is_unique()) {
        affinity_of_slot_[slot] = affinity_.score(*view.node(slot));
        continue;
      }
      auto [at, is_new] = of_class.try_emplace(view.columns().computed_class[slot], 0);
      if (is_new) at->second = affinity_.score(*view.node(slot));
      affinity_of_slot_[slot] = at->second;
    }
  }
  if (combination_of_slot_.empty() && !spreads_.empty()) {
    const bool unique = std::any_of(spreads_.begin(), spreads_.end(), [](const SpreadBlock& block) {
      return block.target.is_unique();
    });
    combination_of_slot_.assign(view.slot_bound(), 0);
    std::unordered_map<NameId, std::uint32_t> of_class;
    std::map<std::vector<std::optional<std::string>>, std::uint32_t> known;
    for (Slot slot : nodes_.feasible) {
      const NameId computed_class = view.columns().computed_class[slot];
      const auto same_class = of_class.find(computed_class);
      if (!unique && same_class != of_class.end()) {
        combination_of_slot_[slot] = same_class->second;
        continue;
      }
      const std::uint32_t fresh = combination_of(slot);
      const auto [at, is_new] = known.try_emplace(combinations_.back(), fresh);
      if (!is_new) combinations_.pop_back();
      combination_of_slot_[slot] = at->second;
      of_class[computed_class] = at->second;
    }
  }
  refresh_spread();
  if (may_offer()) {
    offer_all();
  } else {
    put_all();
  }
}

void GroupPlacer::put_all() {
  candidates_.reset(context_.proposal.view().slot_bound(),
                    std::max<std::size_t>(1, combinations_.size()));
  for (Slot slot : nodes_.feasible) put(slot);
}

bool GroupPlacer::may_offer() const {
  constexpr int few = 16;
  return !all_put_ && count_ <= few && !context_.settings.worst_fit && spreads_.empty() &&
         affinity_of_slot_.empty() && ask_.devices.empty() && !distinct_hosts_of_job_ &&
         !distinct_hosts_of_group_ && ask_.cores == 0 && own_->empty();
}

void GroupPlacer::offer_all() {
  constexpr std::size_t kept = 32;
  const ClusterView& view = context_.proposal.view();
  const NodeColumns& columns = view.columns();
  candidates_.reset(view.slot_bound(), 1);
  candidates_.begin_offers(kept);
  double least_kept = candidates_.least_kept();
  double most_free = most_free_for(least_kept);
  for (Slot slot : nodes_.feasible) {
    if (sums_refusal(ask_, view, slot) != nullptr) continue;
    const double free_cpu =
        free_share(columns.cpu_used[slot] + ask_.totals.cpu_mhz, columns.cpu_capacity[slot]);
    const double free_memory = free_share(columns.memory_used[slot] + ask_.totals.memory_mb,
                                          columns.memory_capacity[slot]);
    if (free_cpu + free_memory > most_free) {
      candidates_.leave_behind(slot);
      continue;
    }
    candidates_.offer(slot, binpack_score(free_cpu, free_memory), tie(slot));
    if (candidates_.least_kept() != least_kept) {
      least_kept = candidates_.least_kept();
      most_free = most_free_for(least_kept);
    }
  }
  candidates_.settle();
}

void GroupPlacer::refresh_spread() {
  if (spreads_.empty()) {
    spread_of_combination_.assign(1, 0);
    return;
  }
  spread_of_combination_.resize(std::max<std::size_t>(1, combinations_.size()));
  for (std::size_t i = 0; i < combinations_.size(); ++i) {
    double sum = 0;
    for (std::size_t s = 0; s < spreads_.size(); ++s) {
      sum += spreads_[s].use.score(combinations_[i][s]);
    }
    spread_of_combination_[i] = sum;
  }
}

}  // namespace yurt::scheduler
