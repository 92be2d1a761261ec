#include "server/state/deployment_edits.h"

#include "proto/job.pb.h"

namespace yurt::server {

void DeploymentEdits::count_health(const Allocation& alloc, std::optional<bool> before) {
  const AllocExtra& extra = alloc.more();
  if (before == extra.deployment_healthy) return;
  model::DeploymentState* state = group(extra.deployment, alloc.task_group().name());
  if (state == nullptr) return;
  if (before) {
    if (*before) {
      state->set_healthy_allocs(state->healthy_allocs() - 1);
    } else {
      state->set_unhealthy_allocs(state->unhealthy_allocs() - 1);
    }
  }
  if (!extra.deployment_healthy.value_or(false)) {
    state->set_unhealthy_allocs(state->unhealthy_allocs() + 1);
    return;
  }
  state->set_healthy_allocs(state->healthy_allocs() + 1);
  // Progress: its time starts over.
  if (state->progress_deadline() > 0) {
    state->set_require_progress_by(transaction_.time() + state->progress_deadline());
  }
}

}  // namespace yurt::server
