// RunContext: what one scheduling run knows and collects, whatever kind of job it is for.
// Internal to the scheduler; one per run.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "scheduler/place/alternatives_placer.h"
#include "scheduler/place/proposal.h"
#include "scheduler/reconcile/group_pass.h"
#include "scheduler/scheduler.h"

namespace yurt::scheduler {

class RunContext {
 public:
  explicit RunContext(const Request& request);

  const Request& request;
  JobKey key;
  JobRef job;                    // null: purged
  std::vector<AllocRef> allocs;  // all of the job
  EvalId eval;
  Proposal proposal;
  PlacerContext placing;
  Outcome outcome;

  [[nodiscard]] bool stopped() const;
  // The placer of a group in one version of the job, made when first asked for.
  [[nodiscard]] AlternativesPlacer& placer(const JobRef& version, int group,
                                           const MemoryGrants& memory = {});
  [[nodiscard]] NodeHealth health(const NodeId& node) const;
  [[nodiscard]] std::int64_t status_changed_at(const NodeId& node) const;
  // What an update of the job to its newest version means for a running allocation.
  [[nodiscard]] UpdateKind update_kind(const AllocRef& alloc);
  // Whether the job's newest stable version has the same in this group: it has proven itself.
  [[nodiscard]] bool is_proven(const std::string& group);
  // The group of that name in `version`; -1: none.
  [[nodiscard]] static int group_index(const model::Job& version, const std::string& name);

  // Puts a new allocation into plan and proposal. `extra` null: nothing beyond the defaults.
  AllocRef commit_placement(AlternativesPlacer& placer, GroupPlacer::Choice choice,
                            const JobRef& version, int group, std::uint32_t name_index,
                            std::shared_ptr<const model::AllocMetric> metrics,
                            std::shared_ptr<AllocExtra> extra);
  // The job is stopped or purged: nothing of it may run on.
  void stop_everything();
  // Puts a stop into plan and proposal.
  void commit_stop(Stop stop);
  void add_followup(const FollowUp& followup);
  // An evaluation of this job for later, with everything set but its reason.
  [[nodiscard]] model::Evaluation new_evaluation(const EvalId& id) const;
  void annotate(const std::string& group, const model::DesiredUpdates& desired);

 private:
  // The part of a group that a running allocation can't take over; made once.
  [[nodiscard]] const std::string& form(const JobRef& version, int group);

  std::map<std::tuple<const model::Job*, int, MemoryGrants>, std::unique_ptr<AlternativesPlacer>>
      placers_;
  std::map<std::pair<const model::Job*, int>, std::string> forms_;  // destructive_form, remembered
  std::vector<JobRef> versions_;  // keeps what the keys above point to
};

}  // namespace yurt::scheduler
