#include "server/broker/plan_parts.h"

#include <algorithm>
#include <iterator>

namespace yurt::server {

bool is_long(const scheduler::Plan& plan) {
  return plan.place.size() + plan.stop.size() + plan.update.size() + plan.preempt.size() >
         max_plan_part;
}

std::vector<scheduler::Plan> parts_of(const scheduler::Plan& plan) {
  std::vector<scheduler::Plan> parts;
  std::size_t room = 0;
  const auto begin_part = [&] {
    scheduler::Plan part;
    part.eval = plan.eval;
    part.job = plan.job;
    part.all_at_once = plan.all_at_once;
    part.snapshot_index = plan.snapshot_index;
    parts.push_back(std::move(part));
    room = max_plan_part;
  };
  const auto take = [&](const auto& from, auto member) {
    for (std::size_t at = 0; at < from.size();) {
      if (room == 0) begin_part();
      const std::size_t count = std::min(room, from.size() - at);
      const auto first = from.begin() + static_cast<std::ptrdiff_t>(at);
      auto& into = parts.back().*member;
      into.insert(into.end(), first, first + static_cast<std::ptrdiff_t>(count));
      at += count;
      room -= count;
    }
  };
  begin_part();
  parts.front().deployment = plan.deployment;
  take(plan.stop, &scheduler::Plan::stop);
  take(plan.preempt, &scheduler::Plan::preempt);
  take(plan.update, &scheduler::Plan::update);
  take(plan.place, &scheduler::Plan::place);
  parts.back().deployment_updates = plan.deployment_updates;
  return parts;
}

}  // namespace yurt::server
