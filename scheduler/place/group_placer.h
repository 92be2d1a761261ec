// GroupPlacer: finds the best node for one allocation of a group after the other.
//
// The first question scans every feasible node; after that only what changed is scored again (see
// rank/candidates.h). Whoever changes the proposal for an allocation of the job tells the placer
// (`arrived`, `left`); after changes it was not told of it starts over. One per job version and
// group and run; not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "proto/state.pb.h"
#include "scheduler/place/addressed_nodes.h"
#include "scheduler/place/grant.h"
#include "scheduler/place/group_ask.h"
#include "scheduler/place/property_limit.h"
#include "scheduler/place/proposal.h"
#include "scheduler/place/settings.h"
#include "scheduler/preempt/victims.h"
#include "scheduler/rank/allocation_spread.h"
#include "scheduler/rank/candidates.h"
#include "scheduler/rank/node_affinity.h"

namespace yurt::scheduler {

// What a run's placers share.
struct PlacerContext {
  const StateView& state;
  Proposal& proposal;
  Random& random;
  std::uint64_t tie_seed;
  Settings settings;
  PreemptedCounts preempted;
};

class GroupPlacer {
 public:
  // `context` must outlive the placer.
  GroupPlacer(PlacerContext& context, JobRef job, int group, const MemoryGrants& memory = {});
  ~GroupPlacer();

  // One allocation's wishes.
  struct Wish {
    std::vector<NodeId> penalized;    // it failed there before
    std::optional<NodeId> preferred;  // its data is there: taken whatever the scores, if it fits
  };
  struct Choice {
    Slot slot = no_slot;
    Grant grant;
    std::vector<AllocRef> victims;  // to be preempted for it
    double score = 0;
  };
  // nullopt: no node has room.
  [[nodiscard]] std::optional<Choice> choose(const Wish& wish);
  // The last resort: by evicting others. nullopt also where preemption is not allowed.
  [[nodiscard]] std::optional<Choice> choose_by_preemption();

  // The same for one given node, whether others would be better or not (system jobs). `refusal`
  // says why not. REQUIRES: the node is feasible
  [[nodiscard]] std::optional<Choice> choose_on(Slot slot, std::string& refusal);
  [[nodiscard]] std::optional<Choice> choose_on_by_preemption(Slot slot);

  // The proposal now has, or has no more, this allocation of the job.
  void arrived(const Allocation& alloc);
  void left(const Allocation& alloc);

  // May an allocation of the group that runs on this node stay there with the job's new version?
  // It is taken out of the proposal while this is asked.
  [[nodiscard]] bool may_stay_on(Slot slot);

  // What was seen, for an allocation placed now or, after choose() found nothing, for one that
  // wasn't: with_exhausted adds why feasible nodes did not take it.
  [[nodiscard]] model::AllocMetric metrics(bool with_exhausted);
  // Adds one node's refusal to a metric, as metrics() does for all.
  void count_exhausted(model::AllocMetric& metric, Slot slot, const std::string& dimension) const;

  // The memory of the largest node that may take the group; 0: none may.
  [[nodiscard]] std::int64_t largest_memory_mb() const;

  [[nodiscard]] const AddressedNodes& nodes() const { return nodes_; }
  [[nodiscard]] const GroupFilter& filter() const { return filter_; }
  [[nodiscard]] const GroupAsk& ask() const { return ask_; }

 private:
  struct SpreadBlock {
    Target target;
    SpreadUse use;
  };
  struct Scored {
    Candidates::Own own;
    double pack = 0, anti_affinity = 0, affinity = 0, devices = 0, device_packing = 0;
    DeviceLack lack = DeviceLack::nothing;  // of devices; then they have no scores
  };
  void scan();
  // The end of a scan: every feasible node becomes a candidate.
  void put_all();
  // The same for a group that wants few placements by resources alone: see Candidates::offer.
  [[nodiscard]] bool may_offer() const;
  void offer_all();
  void put(Slot slot);
  [[nodiscard]] Scored score(Slot slot) const;
  [[nodiscard]] bool host_taken(Slot slot) const;
  [[nodiscard]] std::uint32_t combination_of(Slot slot);
  void refresh_spread();
  void note(const Allocation& alloc, int by);
  // "" or why distinct_property rules the node out.
  [[nodiscard]] std::string property_refusal(Slot slot) const;
  [[nodiscard]] std::uint64_t tie(Slot slot) const;
  [[nodiscard]] std::optional<Choice> take(Slot slot, double score);
  [[nodiscard]] Candidates::Best best_penalized(const std::vector<Slot>& penalized) const;
  [[nodiscard]] std::optional<std::vector<AllocRef>> victims_on(Slot slot);
  [[nodiscard]] Choice evict(Slot slot, std::vector<AllocRef> victims, double score);
  void fill_scores(model::AllocMetric& metric);

  PlacerContext& context_;
  JobRef job_;
  const model::TaskGroup& group_;
  int count_;
  GroupAsk ask_;
  GroupFilter filter_;
  AddressedNodes nodes_;
  NodeAffinity affinity_;
  std::vector<double> affinity_of_slot_;  // empty: no affinities
  bool distinct_hosts_of_job_ = false, distinct_hosts_of_group_ = false;
  std::vector<PropertyLimit> limits_;

  bool scanned_ = false;
  bool all_put_ = false;  // since few were not enough
  std::uint64_t epoch_ = 0;
  const std::vector<std::uint32_t>* own_ = nullptr;
  Candidates candidates_;
  std::vector<SpreadBlock> spreads_;
  std::vector<std::uint32_t> combination_of_slot_;  // empty: no spread
  std::vector<std::vector<std::optional<std::string>>> combinations_;
  std::vector<double> spread_of_combination_;
  // Why a candidate was given up after its sums fitted; filters or exhausted dimensions.
  struct GivenUp {
    std::string reason;
    bool filtered;
  };
  std::unordered_map<Slot, GivenUp> given_up_;
  // Whom each node would have to lose, as long as nothing changes there; nullopt: it wouldn't do.
  std::unordered_map<Slot, std::optional<std::vector<AllocRef>>> victims_;
};

}  // namespace yurt::scheduler
