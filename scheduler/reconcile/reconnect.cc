#include "scheduler/reconcile/reconnect.h"

#include <algorithm>

#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::scheduler {
namespace {

// The score with which the allocation's node was chosen; 0 when it was not kept.
double placed_score(const Allocation& alloc) {
  if (!alloc.metrics) return 0;
  const std::string node = alloc.node.to_string();
  double best = 0;
  for (const auto& meta : alloc.metrics->score_meta_data()) {
    if (meta.node_id() == node) return meta.norm_score();
    best = std::max(best, meta.norm_score());
  }
  return best;
}

bool running_longer(const Allocation& original, const Allocation& replacement) {
  const std::int64_t own = original.started_at, other = replacement.started_at;
  if (own == 0) return false;
  return other == 0 || own <= other;
}

}  // namespace

bool original_stays(const Allocation& original, const std::vector<AllocRef>& replacements) {
  if (original.client == ClientStatus::failed) return false;
  if (replacements.empty()) return true;
  const auto any = [&](auto condition) {
    return std::any_of(replacements.begin(), replacements.end(), condition);
  };
  if (any([&](const AllocRef& alloc) { return alloc->job->version() > original.job->version(); })) {
    return false;
  }
  const std::string& strategy = original.task_group().disconnect().reconcile();
  if (strategy == "keep_original") return true;
  if (strategy == "keep_replacement") return false;
  if (strategy == "longest_running") {
    return !any([&](const AllocRef& alloc) { return !running_longer(original, *alloc); });
  }
  return !any([&](const AllocRef& alloc) { return placed_score(*alloc) > placed_score(original); });
}

std::vector<AllocRef> replacements_of(const Allocation& original,
                                      const std::vector<AllocRef>& allocs) {
  std::vector<AllocRef> found;
  std::copy_if(allocs.begin(), allocs.end(), std::back_inserter(found), [&](const AllocRef& other) {
    return other->name_index == original.name_index && !other->terminal();
  });
  return found;
}

Update as_reconnected(const AllocRef& alloc) {
  Update update;
  update.alloc = alloc;
  update.client = alloc->client;
  return update;
}

}  // namespace yurt::scheduler
