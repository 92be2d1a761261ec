// Plans too long for one command: cut into parts that are committed one after the other. Pure.
#pragma once

#include <vector>

#include "scheduler/plan.h"

namespace yurt::server {

// How many changes one part may hold: far below what a command can carry, whatever each says.
inline constexpr std::size_t max_plan_part = 5000;

[[nodiscard]] bool is_long(const scheduler::Plan& plan);

// The parts in order: stops and preemptions first, so that what makes room is never behind what
// needs it; a new deployment with the first, deployments' new statuses with the last.
// A crash between two parts leaves a plan half committed, as a refusal of some nodes does: the
// evaluation is not finished and plans the rest.
[[nodiscard]] std::vector<scheduler::Plan> parts_of(const scheduler::Plan& plan);

}  // namespace yurt::server
