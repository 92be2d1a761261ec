#include "scheduler/reconcile/update_block.h"

#include "proto/job.pb.h"

namespace yurt::scheduler {

const model::UpdateStrategy* update_block(const model::Job& job, const model::TaskGroup& group) {
  const model::UpdateStrategy* block = group.has_update() ? &group.update()
                                       : job.has_update() ? &job.update()
                                                          : nullptr;
  return block != nullptr && block->max_parallel() > 0 ? block : nullptr;
}

}  // namespace yurt::scheduler
