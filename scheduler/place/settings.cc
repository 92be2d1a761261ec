#include "scheduler/place/settings.h"

#include "proto/state.pb.h"

namespace yurt::scheduler {

Settings settings_for(const StateView& state, const model::Job& job) {
  Settings settings;
  settings.preemption = job.type() == "system";
  if (const auto config = state.scheduler_config()) {
    settings.worst_fit = config->scheduler_algorithm() == "spread";
    settings.memory_oversubscription = config->memory_oversubscription_enabled();
    if (config->has_preemption_config()) {
      const auto& preemption = config->preemption_config();
      settings.preemption = job.type() == "system"     ? preemption.system_scheduler_enabled()
                            : job.type() == "sysbatch" ? preemption.sysbatch_scheduler_enabled()
                            : job.type() == "batch"    ? preemption.batch_scheduler_enabled()
                                                       : preemption.service_scheduler_enabled();
    }
  }
  const auto pool = state.node_pool(job.node_pool().empty() ? "default" : job.node_pool());
  if (pool && pool->has_scheduler_configuration()) {
    const auto& own = pool->scheduler_configuration();
    if (own.has_scheduler_algorithm() && !own.scheduler_algorithm().empty()) {
      settings.worst_fit = own.scheduler_algorithm() == "spread";
    }
    if (own.has_memory_oversubscription_enabled()) {
      settings.memory_oversubscription = own.memory_oversubscription_enabled();
    }
  }
  return settings;
}

}  // namespace yurt::scheduler
