// Reschedule penalty: nodes on which an allocation failed before are worth less to its successor,
// but not excluded.
#pragma once

namespace yurt::scheduler {

inline constexpr double reschedule_penalty_score = -1.0;

}  // namespace yurt::scheduler
