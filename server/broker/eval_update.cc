#include "server/broker/eval_update.h"

#include "base/ids.h"

namespace yurt::server {
namespace {

void set_outcome(model::Evaluation& eval, const scheduler::Outcome& outcome,
                 std::uint64_t snapshot_index) {
  eval.set_snapshot_index(snapshot_index);
  eval.clear_failed_tg_allocs();
  for (const auto& [group, metric] : outcome.failed_groups) {
    (*eval.mutable_failed_tg_allocs())[group] = metric;
  }
  eval.clear_queued_allocations();
  for (const auto& [group, queued] : outcome.queued) {
    (*eval.mutable_queued_allocations())[group] = queued;
  }
  if (outcome.plan.deployment) eval.set_deployment_id(outcome.plan.deployment->id());
  if (eval.annotate_plan()) *eval.mutable_plan_annotations() = outcome.annotations;
}

}  // namespace

std::vector<model::Evaluation> finished_evals(const model::Evaluation& eval,
                                              const scheduler::Outcome& outcome,
                                              std::uint64_t snapshot_index) {
  std::vector<model::Evaluation> out;
  model::Evaluation done = eval;
  set_outcome(done, outcome, snapshot_index);
  done.set_status("complete");
  done.clear_status_description();
  for (const auto& followup : outcome.followups) {
    done.set_next_eval(followup.id());
    out.push_back(followup);
  }
  if (outcome.blocked) {
    done.set_blocked_eval(outcome.blocked->id());
    model::Evaluation blocked = *outcome.blocked;
    blocked.set_previous_eval(eval.id());
    set_outcome(blocked, outcome, snapshot_index);
    blocked.clear_deployment_id();
    blocked.clear_plan_annotations();
    out.push_back(std::move(blocked));
  }
  out.insert(out.begin(), std::move(done));
  return out;
}

model::Evaluation still_blocked(const model::Evaluation& eval, const scheduler::Outcome& outcome,
                                std::uint64_t snapshot_index) {
  model::Evaluation out = eval;
  set_outcome(out, outcome, snapshot_index);
  *out.mutable_class_eligibility() = outcome.blocked->class_eligibility();
  out.set_escaped_computed_class(outcome.blocked->escaped_computed_class());
  return out;
}

model::Evaluation cancelled(const model::Evaluation& eval) {
  model::Evaluation out = eval;
  out.set_status("canceled");
  out.set_status_description("cancelled because a newer evaluation of the job replaced it");
  return out;
}

std::vector<model::Evaluation> out_of_attempts(const model::Evaluation& eval,
                                               const scheduler::Outcome& outcome,
                                               std::uint64_t snapshot_index, Random& random) {
  model::Evaluation failed = eval;
  failed.set_snapshot_index(snapshot_index);
  failed.set_status("failed");
  failed.set_status_description("maximum attempts reached");
  if (outcome.plan.place.empty() && !outcome.blocked) return {failed};
  model::Evaluation blocked = outcome.blocked ? *outcome.blocked : eval;
  if (!outcome.blocked) {
    blocked.set_id(EvalId::generate(random).to_string());
    blocked.set_escaped_computed_class(true);
  }
  blocked.set_triggered_by("max-plan-attempts");
  blocked.set_status("blocked");
  blocked.set_status_description("created due to placement conflicts");
  blocked.set_previous_eval(eval.id());
  blocked.set_snapshot_index(snapshot_index);
  failed.set_blocked_eval(blocked.id());
  return {failed, blocked};
}

}  // namespace yurt::server
