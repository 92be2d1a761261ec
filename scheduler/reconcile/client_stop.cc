#include "scheduler/reconcile/client_stop.h"

#include <algorithm>

#include "base/clock.h"
#include "proto/job.pb.h"
#include "scheduler/reconcile/fate.h"

namespace yurt::scheduler {

std::optional<std::int64_t> client_stops_at(const Allocation& alloc, std::int64_t lost_at_ns,
                                            std::int64_t now_ns) {
  const DisconnectRules rules = disconnect_rules(alloc.task_group());
  if (rules.stop_on_client_after == 0) return std::nullopt;
  std::int64_t kill_timeout_ns = 5 * nanoseconds_per_second;  // what tasks have by default
  for (const auto& task : alloc.task_group().task()) {
    kill_timeout_ns = std::max(kill_timeout_ns, task.kill_timeout());
  }
  const std::int64_t at = lost_at_ns + rules.stop_on_client_after + kill_timeout_ns;
  return at > now_ns ? std::optional(at) : std::nullopt;
}

}  // namespace yurt::scheduler
