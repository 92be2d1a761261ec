#include "scheduler/reconcile/untainted.h"

#include "base/clock.h"
#include "scheduler/reconcile/reschedule_policy.h"

namespace yurt::scheduler {
namespace {

StandingAnswer standing_of_failed(const Allocation& alloc, const StandingRules& rules) {
  const AllocExtra& extra = alloc.more();
  if (extra.transition.force_reschedule || rules.oom_retry) return {Standing::reschedule_now};
  if (!rules.deployment.is_nil() && extra.deployment == rules.deployment &&
      !extra.transition.reschedule) {
    return {Standing::keeps_slot};
  }
  const auto due = reschedule_time(alloc);
  if (!due) return {Standing::keeps_slot};
  const bool waited_for_this = !extra.followup_eval.is_nil() && extra.followup_eval == rules.eval;
  if (waited_for_this || *due - rules.now_ns <= nanoseconds_per_second) {
    return {Standing::reschedule_now};
  }
  if (!extra.followup_eval.is_nil()) return {Standing::keeps_slot};  // waits already
  return {Standing::reschedule_later, *due};
}

}  // namespace

StandingAnswer standing_of(const Allocation& alloc, const StandingRules& rules) {
  if (alloc.terminal() && !alloc.more().next.is_nil()) return {Standing::over};
  if (rules.batch && alloc.server_terminal()) {
    const bool succeeded =
        alloc.desired == DesiredStatus::stop && alloc.client == ClientStatus::complete;
    return {succeeded || alloc.more().transition.migrate_disable_placement ? Standing::keeps_slot
                                                                           : Standing::over};
  }
  if (!rules.batch && (alloc.server_terminal() || alloc.client == ClientStatus::complete ||
                       alloc.client == ClientStatus::lost)) {
    return {Standing::over};
  }
  return alloc.client == ClientStatus::failed ? standing_of_failed(alloc, rules)
                                              : StandingAnswer{Standing::keeps_slot};
}

}  // namespace yurt::scheduler
