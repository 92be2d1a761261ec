#include "scheduler/reconcile/update_block.h"

#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::scheduler {

const model::UpdateStrategy* update_block(const model::Job& job, const model::TaskGroup& group) {
  const model::UpdateStrategy* block = group.has_update() ? &group.update()
                                       : job.has_update() ? &job.update()
                                                          : nullptr;
  return block != nullptr && block->max_parallel() > 0 ? block : nullptr;
}

model::DeploymentState deployment_part(const model::UpdateStrategy& block, int desired_total,
                                       int desired_canaries) {
  model::DeploymentState part;
  part.set_auto_revert(block.auto_revert());
  part.set_auto_promote(block.auto_promote());
  part.set_progress_deadline(block.progress_deadline());
  part.set_desired_total(desired_total);
  part.set_desired_canaries(desired_canaries);
  return part;
}

}  // namespace yurt::scheduler
