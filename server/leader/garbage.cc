#include "server/leader/garbage.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "proto/job.pb.h"
#include "server/state/transaction.h"

namespace yurt::server {
namespace {

class Collector {
 public:
  Collector(const Snapshot& state, std::int64_t now_ns, const GarbageSettings& settings, bool force)
      : state_(state), now_ns_(now_ns), settings_(settings), force_(force) {}

  model::CollectGarbage run() {
    state_.tables().allocs.each([&](const AllocId&, const AllocRef& alloc) {
      by_eval_[alloc->eval].push_back(alloc.get());
      return true;
    });
    collect_jobs();
    collect_evals();
    collect_orphaned_allocs();
    collect_deployments();
    collect_nodes();
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool old(std::int64_t time_ns, std::int64_t age_ns) const {
    return force_ || time_ns + age_ns <= now_ns_;
  }

  // An allocation that failed and may still be replaced must stay, since its replacement counts
  // attempts from it.
  [[nodiscard]] bool alloc_is_done(const Allocation& alloc, std::int64_t age_ns) const {
    if (!alloc.client_terminal() && !(alloc.server_terminal() && node_is_gone(alloc))) return false;
    if (alloc.client == ClientStatus::failed && alloc.desired == DesiredStatus::run &&
        alloc.more().next.is_nil()) {
      const JobRef job = state_.job({alloc.job->namespace_(), alloc.job->id()});
      const auto& policy = alloc.task_group().reschedule();
      if (job && !job->stop() && job->status() != "dead" &&
          (policy.unlimited() || policy.attempts() > 0)) {
        return false;
      }
    }
    return old(alloc.modify_time, age_ns) && !lent_its_place(alloc);
  }

  // Whether a canary stands in its place: should that fail, this one's version comes back.
  [[nodiscard]] bool lent_its_place(const Allocation& alloc) const {
    AllocRef next = state_.alloc(alloc.more().next);
    while (next && next->more().canary) {
      if (!next->terminal()) return true;
      next = state_.alloc(next->more().next);
    }
    return false;
  }

  [[nodiscard]] bool node_is_gone(const Allocation& alloc) const {
    const NodeRef node = state_.node(alloc.node);
    return !node || node->status() == "down";
  }

  [[nodiscard]] bool eval_is_done(const model::Evaluation& eval, std::int64_t age_ns) const {
    return !is_live(eval) && old(eval.modify_time(), age_ns);
  }

  void take_alloc(const Allocation& alloc) {
    if (taken_.insert(alloc.id).second) out_.add_allocations(alloc.id.to_bytes());
  }
  void take_eval(const EvalId& id) {
    if (taken_evals_.insert(id).second) out_.add_evaluations(id.to_bytes());
  }

  void collect_jobs() {
    state_.tables().held.each([&](const JobKey& key, const Present&) {
      if (const JobRecordRef record = state_.job_record(key)) {
        for (const auto& after : record->waiting_for) waited_for_.insert({key.ns, after->job()});
      }
      return true;
    });
    state_.tables().jobs.each([&](const JobKey& key, const JobRecordRef& record) {
      const model::Job& job = *record->job;
      if (job.status() != "dead") return true;
      // Others would be told that what they wait for is gone; children that wait go with their job.
      if (waited_for_.contains(key) || record->children.waiting > 0) return true;
      const bool tagged = std::any_of(record->versions.begin(), record->versions.end(),
                                      [](const JobRef& job) { return job->has_version_tag(); });
      const std::int64_t age = settings_.job_age_ns;
      if (tagged || !old(job.submit_time(), age)) return true;
      const auto allocs = state_.allocs_of_job(key);
      const auto evals = state_.evals_of_job(key);
      for (const AllocRef& alloc : allocs) {
        if (!alloc_is_done(*alloc, age)) return true;
      }
      for (const EvalRef& eval : evals) {
        if (!eval_is_done(*eval, age)) return true;
      }
      for (const AllocRef& alloc : allocs) take_alloc(*alloc);
      for (const EvalRef& eval : evals) take_eval(EvalId::parse_or_nil(eval->id()));
      auto* name = out_.add_jobs();
      name->set_namespace_(key.ns);
      name->set_id(key.id);
      return true;
    });
  }

  void collect_evals() {
    state_.tables().evals.each([&](const EvalId& id, const EvalRef& eval) {
      const bool batch = eval->type() == "batch" || eval->type() == "sysbatch";
      const std::int64_t age = batch ? settings_.batch_eval_age_ns : settings_.eval_age_ns;
      if (!eval_is_done(*eval, age)) return true;
      const auto allocs = by_eval_.find(id);
      if (allocs != by_eval_.end()) {
        for (const Allocation* alloc : allocs->second) {
          if (!alloc_is_done(*alloc, age) || (batch && job_still_counts(*alloc))) return true;
        }
        for (const Allocation* alloc : allocs->second) take_alloc(*alloc);
      }
      take_eval(id);
      return true;
    });
  }

  // Finished batch work of a live job must be remembered, or it would run again.
  [[nodiscard]] bool job_still_counts(const Allocation& alloc) const {
    const JobRef job = state_.job({alloc.job->namespace_(), alloc.job->id()});
    return job && !job->stop() && job->status() != "dead" &&
           job->create_index() == alloc.job->create_index() &&
           job->version() == alloc.job->version();
  }

  // Allocations whose evaluation is gone, e.g. because it went with an earlier job of the name.
  void collect_orphaned_allocs() {
    for (const auto& [eval, allocs] : by_eval_) {
      if (state_.eval(eval)) continue;
      for (const Allocation* alloc : allocs) {
        if (!job_still_counts(*alloc) && alloc_is_done(*alloc, settings_.eval_age_ns)) {
          take_alloc(*alloc);
        }
      }
    }
  }

  void collect_deployments() {
    std::unordered_set<DeploymentId> used;
    for (const auto& [eval, allocs] : by_eval_) {
      for (const Allocation* alloc : allocs) {
        if (!alloc->terminal()) used.insert(alloc->more().deployment);
      }
    }
    state_.tables().deployments.each([&](const DeploymentId& id, const DeploymentRef& row) {
      if (!is_live(*row) && !used.contains(id) &&
          old(row->modify_time(), settings_.deployment_age_ns)) {
        out_.add_deployments(id.to_bytes());
      }
      return true;
    });
  }

  void collect_nodes() {
    state_.tables().nodes.each([&](const NodeId& id, const NodeRef& node) {
      if (node->status() != "down" ||
          !old(node->status_updated_at() * nanoseconds_per_second, settings_.node_age_ns)) {
        return true;
      }
      for (const AllocRef& alloc : state_.allocs_of_node(id)) {
        if (!alloc->terminal()) return true;
      }
      out_.add_nodes(id.to_bytes());
      return true;
    });
  }

  const Snapshot& state_;
  const std::int64_t now_ns_;
  const GarbageSettings& settings_;
  const bool force_;
  std::set<JobKey> waited_for_;
  model::CollectGarbage out_;
  std::unordered_map<EvalId, std::vector<const Allocation*>> by_eval_;
  std::unordered_set<AllocId> taken_;
  std::unordered_set<EvalId> taken_evals_;
};

}  // namespace

model::CollectGarbage find_garbage(const Snapshot& state, std::int64_t now_ns,
                                   const GarbageSettings& settings, bool force) {
  return Collector(state, now_ns, settings, force).run();
}

std::vector<model::CollectGarbage> in_pieces(const model::CollectGarbage& garbage) {
  constexpr int most_objects = 20'000;
  std::vector<model::CollectGarbage> pieces;
  int room = 0;
  const auto take = [&](const auto& objects, auto into) {
    for (const auto& object : objects) {
      if (room == 0) {
        pieces.emplace_back();
        room = most_objects;
      }
      --room;
      *into(pieces.back()) = object;
    }
  };
  using Piece = model::CollectGarbage;
  // What refers to others before what is referred to.
  take(garbage.allocations(), [](Piece& piece) { return piece.add_allocations(); });
  take(garbage.evaluations(), [](Piece& piece) { return piece.add_evaluations(); });
  take(garbage.deployments(), [](Piece& piece) { return piece.add_deployments(); });
  take(garbage.jobs(), [](Piece& piece) { return piece.add_jobs(); });
  take(garbage.nodes(), [](Piece& piece) { return piece.add_nodes(); });
  return pieces;
}

}  // namespace yurt::server
