#include "scheduler/blocked_eval.h"

#include "scheduler/reconcile/descriptions.h"

namespace yurt::scheduler {

model::Evaluation blocked_evaluation(RunContext& run) {
  const bool again = run.request.eval.status() == "blocked";
  model::Evaluation blocked =
      run.new_evaluation(again ? run.eval : EvalId::generate(run.request.random));
  if (again) blocked.set_previous_eval(run.request.eval.previous_eval());
  blocked.set_triggered_by("queued-allocs");
  blocked.set_status("blocked");
  blocked.set_status_description(description::blocked);
  blocked.set_snapshot_index(run.request.state.index());
  auto& eligibility = *blocked.mutable_class_eligibility();
  for (const auto& [group, metric] : run.outcome.failed_groups) {
    (*blocked.mutable_failed_tg_allocs())[group] = metric;
    const int index = RunContext::group_index(*run.job, group);
    if (index < 0) continue;
    const AlternativesPlacer& placer = run.placer(run.job, index);
    if (placer.escapes_class()) blocked.set_escaped_computed_class(true);
    for (const auto& [name, eligible] : placer.class_eligibility()) {
      // Eligible for one of the groups is enough to be worth waking for.
      eligibility[name] = eligibility[name] || eligible;
    }
  }
  for (const auto& [group, count] : run.outcome.queued) {
    (*blocked.mutable_queued_allocations())[group] = count;
  }
  return blocked;
}

}  // namespace yurt::scheduler
