#include "scheduler/reconcile/group_pass.h"

#include <algorithm>
#include <unordered_set>

#include "base/clock.h"
#include "scheduler/reconcile/canaries.h"
#include "scheduler/reconcile/client_stop.h"
#include "scheduler/reconcile/descriptions.h"
#include "scheduler/reconcile/followups.h"
#include "scheduler/reconcile/lent_place.h"
#include "scheduler/reconcile/name_index.h"
#include "scheduler/reconcile/reconnect.h"
#include "scheduler/reconcile/serving.h"
#include "scheduler/reconcile/surplus.h"
#include "scheduler/reconcile/untainted.h"
#include "scheduler/reconcile/update_block.h"

namespace yurt::scheduler {
namespace {

using Allocs = std::vector<AllocRef>;

constexpr std::int64_t give_back_interval_ns = 5 * nanoseconds_per_second;

class GroupPass {
 public:
  explicit GroupPass(const GroupInput& input)
      : in_(input),
        batch_(input.job.type() == "batch"),
        count_(input.group == nullptr     ? 0
               : input.group->has_count() ? input.group->count()
                                          : 1) {
    const auto& current = in_.deployment.current;
    if (current == nullptr) return;
    const auto state = current->task_groups().find(in_.name);
    if (state == current->task_groups().end()) return;
    state_ = &state->second;
    deployment_ = DeploymentId::parse_or_nil(current->id());
  }

  GroupResult run() {
    if (in_.group == nullptr || count_ <= 0) {
      stop_all();
      return std::move(out_);
    }
    strategy_ = batch_ ? nullptr : update_block(in_.job, *in_.group);
    Allocs all = drop_finished();
    stop_obsolete_canaries(all);
    classify(all);
    settle_reconnecting();
    canarying_ = state_ != nullptr && state_->desired_canaries() > 0 && !state_->promoted();
    count_names();
    stop_surplus();
    sort_updates();
    find_places();
    request_canaries();
    place();
    delay();
    decide_deployment();
    return std::move(out_);
  }

 private:
  // --- 0
  Allocs drop_finished() {
    Allocs kept;
    for (const AllocRef& alloc : in_.allocs) {
      if (alloc->server_terminal()) wait_for_client_to_stop(*alloc);
      const bool over =
          alloc->server_terminal() && (!batch_ || alloc->more().transition.reschedule);
      const bool of_older_run = batch_ && alloc->terminal() && is_older(*alloc);
      if (over || of_older_run) {
        ignored();
      } else {
        kept.push_back(alloc);
      }
    }
    return kept;
  }

  void stop_all() {
    for (const AllocRef& alloc : in_.allocs) {
      if (alloc->terminal()) {
        ignored();
        continue;
      }
      const NodeHealth health = in_.health(alloc->node);
      const bool lost = health == NodeHealth::down || health == NodeHealth::gone;
      if (lost) {
        stop(alloc, description::lost, ClientStatus::lost);
      } else {
        stop(alloc, description::not_needed);
      }
    }
  }

  // --- 1
  [[nodiscard]] bool is_canary(const Allocation& alloc) const {
    return alloc.more().canary && state_ != nullptr && !state_->promoted() &&
           alloc.more().deployment == deployment_;
  }

  void stop_obsolete_canaries(Allocs& all) {
    const auto obsolete = [&](const Allocation& alloc) {
      if (!alloc.more().canary) return false;
      const bool current = state_ != nullptr && alloc.more().deployment == deployment_;
      return !current || (!state_->promoted() && in_.deployment.failed);
    };
    const int least = strategy_ != nullptr ? count_ - strategy_->max_parallel() : 0;
    const auto spared = spared_canaries(in_.allocs, obsolete, least);
    std::erase_if(all, [&](const AllocRef& alloc) {
      if (!obsolete(*alloc) || spared.contains(alloc->id)) return false;
      if (!alloc->terminal()) stop(alloc, description::not_needed);
      return true;
    });
    if (spared.empty() || !in_.deployment.failed) return;
    // Nobody tells when the old version is healthy in the places it has back.
    out_.followups.push_back({in_.new_eval_id(), in_.now_ns + give_back_interval_ns,
                              "deployment-watcher", description::gives_back});
  }

  // --- 2
  void classify(const Allocs& all) {
    for (const AllocRef& alloc : all) {
      switch (fate_of(*alloc, in_.health(alloc->node), in_.now_ns)) {
        case Fate::ignore: ignored(); break;
        case Fate::untainted: classify_untainted(alloc); break;
        case Fate::migrate: migrate_.push_back(alloc); break;
        case Fate::lost: lost_.push_back(alloc); break;
        case Fate::disconnecting: disconnecting_.push_back(alloc); break;
        case Fate::reconnecting: reconnecting_.push_back(alloc); break;
      }
    }
  }

  void classify_untainted(const AllocRef& alloc) {
    StandingRules rules{batch_, in_.eval, {}, in_.now_ns};
    rules.oom_retry = in_.oom_retry(alloc).has_value();
    if (state_ != nullptr && !in_.deployment.failed) rules.deployment = deployment_;
    const StandingAnswer answer = standing_of(*alloc, rules);
    switch (answer.standing) {
      case Standing::over: return ignored();
      case Standing::reschedule_now: reschedule_now_.push_back(alloc); return;
      case Standing::reschedule_later: later_.push_back({alloc, answer.due_ns}); break;
      case Standing::keeps_slot: break;
    }
    untainted_.push_back(alloc);
  }

  // --- 3
  void settle_reconnecting() {
    for (const AllocRef& original : reconnecting_) {
      const Allocs replacements = replacements_of(*original, untainted_);
      if (!original_stays(*original, replacements)) {
        stop(original, description::reconnected);
        continue;
      }
      for (const AllocRef& replacement : replacements) {
        stop(replacement, description::reconnected);
        std::erase(untainted_, replacement);
      }
      out_.update.push_back(as_reconnected(original));
      out_.desired.set_reconnect(out_.desired.reconnect() + 1);
      untainted_.push_back(original);
    }
  }

  [[nodiscard]] std::optional<std::int64_t> client_stops_at(const Allocation& alloc) const {
    if (in_.health(alloc.node) == NodeHealth::gone) return std::nullopt;
    return scheduler::client_stops_at(alloc, in_.status_changed_at(alloc.node), in_.now_ns);
  }

  void wait_for_client_to_stop(const Allocation& alloc) {
    if (alloc.client == ClientStatus::lost && alloc.more().next.is_nil() &&
        in_.health(alloc.node) == NodeHealth::down && client_stops_at(alloc)) {
      waits_for_clients_ = true;
    }
  }

  void count_names() {
    for (const Allocs* set : {&untainted_, &migrate_, &reschedule_now_, &lost_, &disconnecting_}) {
      for (const AllocRef& alloc : *set) {
        if (!leaves_for_good(*alloc)) names_.use(alloc->name_index);
      }
    }
  }

  // --- 4
  void stop_surplus() {
    for (const AllocRef& alloc : lost_) stop_lost(alloc);

    SurplusInput input{untainted_, migrate_, {}, {}, count_};
    input.counts = [&](const Allocation& alloc) {
      return alloc.client != ClientStatus::unknown && !(canarying_ && is_canary(alloc));
    };
    input.promoted_canaries = promoted_canaries(state_);
    std::unordered_set<AllocId> gone;
    const auto drop = [&](const AllocRef& alloc) {
      stop(alloc, description::not_needed);
      names_.release(alloc->name_index);
      return gone.insert(alloc->id).second;
    };
    for (const AllocRef& alloc : choose_surplus(input)) drop(alloc);
    for (Allocs* set : {&untainted_, &migrate_}) {
      std::erase_if(*set, [&](const AllocRef& alloc) { return gone.contains(alloc->id); });
    }
    // Of those that failed, as many are replaced as are still wanted.
    std::ptrdiff_t room = count_ - moving();
    for (const AllocRef& alloc : untainted_) room -= input.counts(*alloc) ? 1 : 0;
    std::erase_if(reschedule_now_, [&](const AllocRef& alloc) {
      return !is_canary(*alloc) && room-- <= 0 && drop(alloc);
    });
    // Where two shared a name, one may have stayed.
    for (const AllocRef& alloc : untainted_) names_.use(alloc->name_index);
  }

  void stop_lost(const AllocRef& alloc) {
    if (const auto at = client_stops_at(*alloc)) {
      waits_for_clients_ = true;
      lost_later_.push_back({alloc, *at});
      return;
    }
    stop(alloc, description::lost, ClientStatus::lost);
  }

  // --- 5
  void sort_updates() {
    for (const AllocRef& alloc : untainted_) {
      // What is disconnected can't be updated; what is over need not be.
      const bool skip = alloc->client == ClientStatus::unknown || alloc->server_terminal() ||
                        (batch_ && alloc->client == ClientStatus::complete);
      const UpdateKind kind = skip ? UpdateKind::ignore : in_.update_kind(alloc);
      if (kind == UpdateKind::destructive) {
        destructive_.push_back(alloc);
        continue;
      }
      kind == UpdateKind::in_place ? out_.in_place.push_back(alloc) : ignored();
      // Down, and not to be replaced now: counted where its deployment does not count it.
      const bool judged = !deployment_.is_nil() && alloc->more().deployment == deployment_;
      if (!judged && alloc->client != ClientStatus::unknown && !serves(*alloc)) ++down_;
    }
    std::sort(destructive_.begin(), destructive_.end(), replaced_before);
    out_.desired.set_in_place_update(out_.in_place.size());
  }

  // --- 6
  void find_places() {
    const auto part = [&](const Allocation& alloc) { return !is_canary(alloc); };
    places_ = survey_places(in_.allocs, {&untainted_, &reschedule_now_, &migrate_, &disconnecting_},
                            part, count_);
  }

  void request_canaries() {
    const int wanted = strategy_ != nullptr ? strategy_->canary() : 0;
    std::ptrdiff_t have = 0;
    for (const Allocs* set : {&untainted_, &reschedule_now_, &migrate_}) {
      for (const AllocRef& alloc : *set) have += is_canary(*alloc) ? 1 : 0;
    }
    const bool promoted = state_ != nullptr && state_->promoted();
    canaries_required_ =
        !destructive_.empty() && have < wanted && !promoted && !in_.proven(in_.name);
    canarying_ = canarying_ || canaries_required_;
    if (!canaries_required_ || in_.deployment.paused || in_.deployment.failed) return;
    out_.place =
        canary_requests({*strategy_, in_.job_ref, count_, wanted - have, untainted_, destructive_,
                         [this](const Allocation& alloc) { return is_canary(alloc); }},
                        places_, names_);
    out_.desired.set_canary(out_.place.size());
  }

  // --- 7
  [[nodiscard]] int update_limit() const {
    if (strategy_ == nullptr || (destructive_.empty() && migrate_.empty())) return count_;
    if (in_.deployment.paused || in_.deployment.failed || canarying_) return 0;
    int limit = strategy_->max_parallel() - down_;
    for (const AllocRef& alloc : untainted_) {
      if (deployment_.is_nil() || alloc->more().deployment != deployment_) continue;
      if (!alloc->more().deployment_healthy) {
        --limit;
      } else if (!*alloc->more().deployment_healthy) {
        return 0;
      }
    }
    return std::max(0, limit);
  }

  // --- 8 to 11
  // While canaries are out, everything else keeps the version it had.
  [[nodiscard]] JobRef version_for(const AllocRef& previous) const {
    return canarying_ && !is_canary(*previous) ? previous->job : in_.job_ref;
  }

  [[nodiscard]] PlaceRequest successor(const AllocRef& previous) const {
    PlaceRequest request;
    request.name_index = previous->name_index;
    request.job = version_for(previous);
    request.previous = previous;
    request.canary = is_canary(*previous);
    return request;
  }

  [[nodiscard]] bool has_successor(const AllocRef& alloc) const {
    if (!alloc->more().next.is_nil()) return true;
    return std::any_of(untainted_.begin(), untainted_.end(),
                       [&](const AllocRef& other) { return other->more().previous == alloc->id; });
  }

  void place() {
    int limit = update_limit();
    const bool ready = !in_.deployment.paused && !in_.deployment.failed && !canarying_;
    // A group whose clients may still run the old tasks places nothing.
    if (!waits_for_clients_) {
      std::vector<PlaceRequest> requests = wanted_placements(ready);
      limit -= std::min<int>(limit, static_cast<int>(requests.size()));
      add_place(static_cast<std::uint64_t>(requests.size()));
      std::move(requests.begin(), requests.end(), std::back_inserter(out_.place));
    }

    const auto updates =
        ready ? std::min<std::size_t>(destructive_.size(), static_cast<std::size_t>(limit)) : 0;
    for (std::size_t i = 0; i < updates; ++i) {
      PlaceRequest request = successor(destructive_[i]);
      request.job = in_.job_ref;
      request.stop_previous = true;
      request.stop_description = description::updating;
      out_.destructive.push_back(std::move(request));
    }
    out_.desired.set_destructive_update(updates);
    ignored(destructive_.size() - updates);

    for (const AllocRef& alloc : migrate_) {
      out_.stop.push_back({alloc, description::migrating, std::nullopt, EvalId{}});
      out_.desired.set_migrate(out_.desired.migrate() + 1);
      if (!alloc->more().transition.migrate_disable_placement) {
        out_.place.push_back(successor(alloc));
      }
    }
  }

  std::vector<PlaceRequest> wanted_placements(bool ready) {
    std::vector<PlaceRequest> requests;
    std::ptrdiff_t existing = moving();
    Allocs out_of_reach = disconnecting_;
    for (const AllocRef& alloc : untainted_) {
      if (canarying_ && is_canary(*alloc)) continue;
      if (alloc->client != ClientStatus::unknown) {
        ++existing;
      } else if (!has_successor(alloc)) {
        out_of_reach.push_back(alloc);
      }
    }
    for (const AllocRef& alloc : reschedule_now_) {
      if (!is_canary(*alloc)) ++existing;
      const bool of_failed =
          in_.deployment.failed && state_ != nullptr && alloc->more().deployment == deployment_;
      if (!ready && of_failed) {
        ignored();
        continue;
      }
      PlaceRequest request = successor(alloc);
      request.stop_previous = true;
      request.oom_retry = in_.oom_retry(alloc);
      request.reschedule = !request.oom_retry;
      request.stop_description =
          request.oom_retry ? request.oom_retry->description : description::rescheduled;
      requests.push_back(std::move(request));
      out_.desired.set_reschedule_now(out_.desired.reschedule_now() + 1);
    }
    // Those that may come back hold their place, or have it held for them.
    for (const AllocRef& alloc : out_of_reach) {
      const bool replace = disconnect_rules(alloc->task_group()).replace;
      if (replace && existing < count_) requests.push_back(successor(alloc));
      ++existing;
    }
    for (const AllocRef& alloc : lost_) {
      if (is_canary(*alloc)) continue;
      if (existing >= count_) {
        names_.release(alloc->name_index);
        continue;
      }
      ++existing;
      requests.push_back(successor(alloc));
    }
    if (!ready) {
      give_places_back(requests);
      return requests;
    }
    for (; existing < count_; ++existing) {
      PlaceRequest request;
      request.job = in_.job_ref;
      request.name_index = names_.take();
      requests.push_back(std::move(request));
    }
    return requests;
  }

  // The old version comes back to where its canaries are over.
  void give_places_back(std::vector<PlaceRequest>& requests) {
    if (in_.deployment.paused) return;
    for (const LentPlace& place : places_.open) {
      PlaceRequest request;
      request.name_index = place.owner->name_index;
      request.job = place.owner->job;
      request.previous = place.holder;
      requests.push_back(std::move(request));
    }
  }

  // Evaluations for what can't be done yet, and marks on the allocations that wait for them.
  void delay() {
    out_.desired.set_reschedule_later(later_.size());
    for (const auto& delayed :
         batch_followups(std::move(later_), "alloc-reschedule", description::delayed_reschedule,
                         in_.new_eval_id, out_.followups)) {
      out_.update.push_back(as_waiting(delayed));
    }
    for (const auto& delayed :
         batch_followups(std::move(lost_later_), "alloc-reschedule",
                         description::delayed_reschedule, in_.new_eval_id, out_.followups)) {
      out_.stop.push_back({delayed.alloc, description::lost, ClientStatus::lost, delayed.followup});
      out_.desired.set_stop(out_.desired.stop() + 1);
    }
    std::vector<Delayed> time_outs;
    for (const AllocRef& alloc : disconnecting_) {
      const std::int64_t lost_after = disconnect_rules(alloc->task_group()).lost_after;
      if (lost_after > 0) {
        time_outs.push_back({alloc, in_.now_ns + lost_after});
      } else {
        out_.update.push_back(as_unknown(alloc, EvalId{}));
      }
    }
    for (const auto& delayed :
         batch_followups(std::move(time_outs), "max-disconnect-timeout",
                         description::disconnect_timeout, in_.new_eval_id, out_.followups)) {
      out_.update.push_back(as_unknown(delayed.alloc, delayed.followup));
    }
    out_.desired.set_disconnect(disconnecting_.size());
  }

  void decide_deployment() {
    const bool had_this_version =
        std::any_of(in_.allocs.begin(), in_.allocs.end(),
                    [&](const AllocRef& alloc) { return !is_older(*alloc); });
    const bool updates = !destructive_.empty() || !out_.in_place.empty();
    if (in_.deployment.current == nullptr && strategy_ != nullptr &&
        (!had_this_version || updates)) {
      out_.new_deployment =
          deployment_part(*strategy_, count_, canaries_required_ ? strategy_->canary() : 0);
    }
    const bool settled = destructive_.empty() && out_.in_place.empty() && out_.place.empty() &&
                         migrate_.empty() && reschedule_now_.empty() &&
                         out_.desired.reschedule_later() == 0 && !canaries_required_;
    out_.deployment_complete =
        settled &&
        (state_ == nullptr || (state_->healthy_allocs() >=
                                   std::max(state_->desired_total(), state_->desired_canaries()) &&
                               (state_->desired_canaries() == 0 || state_->promoted())));
  }

  // Stopped without a successor, and no instance of this version: its place is free.
  [[nodiscard]] bool leaves_for_good(const Allocation& alloc) const {
    return alloc.more().transition.migrate_disable_placement && is_older(alloc);
  }
  [[nodiscard]] std::ptrdiff_t moving() const {
    return std::count_if(migrate_.begin(), migrate_.end(),
                         [&](const AllocRef& alloc) { return !leaves_for_good(*alloc); });
  }
  [[nodiscard]] bool is_older(const Allocation& alloc) const {
    return alloc.job->version() < in_.job.version() ||
           alloc.job->create_index() < in_.job.create_index();
  }
  void stop(const AllocRef& alloc, const char* why,
            std::optional<ClientStatus> client = std::nullopt) {
    out_.stop.push_back({alloc, why, client, EvalId{}});
    out_.desired.set_stop(out_.desired.stop() + 1);
  }
  void ignored(std::uint64_t count = 1) { out_.desired.set_ignore(out_.desired.ignore() + count); }
  void add_place(std::uint64_t count) { out_.desired.set_place(out_.desired.place() + count); }

  const GroupInput& in_;
  const bool batch_;
  const int count_;
  const model::UpdateStrategy* strategy_ = nullptr;
  const model::DeploymentState* state_ = nullptr;  // of the current deployment
  DeploymentId deployment_;
  bool canarying_ = false, canaries_required_ = false, waits_for_clients_ = false;
  int down_ = 0;
  Allocs untainted_, migrate_, lost_, disconnecting_, reconnecting_, reschedule_now_, destructive_;
  std::vector<Delayed> later_, lost_later_;
  LentPlaces places_;
  NameIndex names_;
  GroupResult out_;
};

}  // namespace

GroupResult reconcile_group(const GroupInput& input) { return GroupPass(input).run(); }

}  // namespace yurt::scheduler
