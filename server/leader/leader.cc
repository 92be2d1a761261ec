#include "server/leader/leader.h"

#include <utility>

#include "base/log.h"
#include "proto/command.pb.h"
#include "proto/job.pb.h"
#include "server/broker/eval_update.h"
#include "server/leader/dependencies.h"
#include "server/leader/drain.h"
#include "server/leader/lanes.h"
#include "server/leader/root_keys.h"
#include "server/new_evals.h"
#include "server/state/transaction.h"

namespace yurt::server {
namespace {

constexpr std::int64_t millisecond = nanoseconds_per_millisecond;
// Room that is freed is looked at this often, so that a thousand ending tasks cause one retry.
constexpr std::int64_t retry_interval_ns = 10 * millisecond;
// Lanes, sweeps and dependencies are looked at when they move; a proposal that was lost on the way
// is made up for after this.
constexpr std::int64_t look_again_interval_ns = 5 * nanoseconds_per_second;

bool can_take_more(const NodeRef& node) {
  return node && node->status() == "ready" && node->scheduling_eligibility() == "eligible" &&
         !node->has_drain_strategy();
}

// Allocations to be moved, in commands that are never too long, each with an evaluation of every
// job in it.
class TransitionCommands {
 public:
  explicit TransitionCommands(Random& random) : random_(random) {}

  void add(const Allocation& alloc, bool unreplaced) {
    constexpr int most_entries = 10'000;
    if (commands_.empty() ||
        commands_.back().update_alloc_transitions().entries_size() >= most_entries) {
      commands_.emplace_back();
      jobs_.clear();
    }
    auto* update = commands_.back().mutable_update_alloc_transitions();
    auto* entry = update->add_entries();
    entry->set_id(alloc.id.to_bytes());
    entry->mutable_transition()->set_migrate(true);
    if (unreplaced) entry->mutable_transition()->set_migrate_disable_placement(true);
    if (jobs_.insert({alloc.job->namespace_(), alloc.job->id()}).second) {
      *update->add_evaluations() = new_eval(*alloc.job, "node-drain", random_);
    }
  }
  [[nodiscard]] std::vector<model::Command> take() { return std::move(commands_); }

 private:
  Random& random_;
  std::vector<model::Command> commands_;
  std::set<JobKey> jobs_;  // of the last command
};

}  // namespace

Leader::Leader(StateStore& store, Proposer& proposer, Timers& timers, Clock& clock, Random& random,
               Keyring& keyring, const LeaderSettings& settings)
    : store_(store),
      proposer_(proposer),
      timers_(timers),
      clock_(clock),
      random_(random),
      keyring_(keyring),
      settings_(settings),
      heartbeats_(settings.heartbeats),
      broker_(clock),
      deployments_(std::make_shared<DeploymentWatcher>(random)) {
  alive_->leader = this;
  applier_ = std::make_unique<PlanApplier>(store_, proposer_);
  restore(store_.subscribe(this));
  for (int i = 0; i < settings_.workers; ++i) {
    workers_.push_back(
        std::make_unique<Worker>(store_, broker_, blocked_, *applier_, proposer_, clock_));
  }
  every(retry_interval_ns, &Leader::retry_unblocked);
  every(retry_interval_ns, &Leader::admit_children);
  every(retry_interval_ns, &Leader::release_jobs);
  every(50 * millisecond, &Leader::launch_periodic_jobs);
  every(look_again_interval_ns, &Leader::look_again);
  every(100 * millisecond, &Leader::write_verdicts);
  every(500 * millisecond, &Leader::expire_nodes);
  every(250 * millisecond, &Leader::drain_nodes);
  every(200 * millisecond, &Leader::tend_deployments);
  every(250 * millisecond, &Leader::expire_locks);
  every(nanoseconds_per_second, &Leader::tend_root_keys);
  every(settings_.garbage_interval_ns, &Leader::collect_old_garbage);
  every(settings_.garbage_interval_ns, &Leader::trim_history);
}

Leader::~Leader() { stop(); }

void Leader::stop() {
  if (stopped_) return;
  stopped_ = true;
  {
    std::lock_guard lock(alive_->mutex);
    alive_->leader = nullptr;
  }
  store_.unsubscribe(this);
  broker_.stop();
  applier_->stop();
  for (auto& worker : workers_) worker->stop();
}

void Leader::every(std::int64_t interval_ns, void (Leader::*duty)()) {
  timers_.after(interval_ns, [alive = alive_, interval_ns, duty] {
    std::lock_guard lock(alive->mutex);
    if (alive->leader == nullptr) return;
    (alive->leader->*duty)();
    alive->leader->every(interval_ns, duty);
  });
}

void Leader::restore(const Snapshot& state) {
  state.tables().evals.each([&](const EvalId&, const EvalRef& eval) {
    if (eval->status() == "pending") broker_.enqueue(eval);
    if (eval->status() == "blocked") {
      const auto blocked = blocked_.block(eval);
      std::lock_guard lock(mutex_);
      if (blocked.superseded) superseded_.push_back(blocked.superseded);
    }
    return true;
  });
  const std::int64_t now = clock_.steady_ns();
  state.tables().nodes.each([&](const NodeId& id, const NodeRef& node) {
    if (node->status() != "down") heartbeats_.expect(id, now);
    if (node->has_drain_strategy()) draining_ = true;
    return true;
  });
  locks_.restore(state, now);
  deployments_->restore(state);
  std::lock_guard lock(mutex_);
  moved_lanes_ = parents_with_waiting(state);
  moved_periodic_jobs_ = periodic_jobs(state);
  moved_sweeps_ = sweeps_with_trials(state);
  // What was blocked before may fit by now: the old leader's unblocking is not known here.
  enqueue(blocked_.unblock_all(state.index()));
}

void Leader::enqueue(const std::vector<EvalRef>& evals) {
  for (const EvalRef& eval : evals) broker_.enqueue(eval);
}

void Leader::propose(model::Command command) {
  proposer_.propose(std::move(command), [](Result<Applied> applied) {
    // Whatever was to be done is still to be done, and is found again at the next round.
    if (!applied.ok()) YURT_LOG(debug, "leader", "{}", applied.error().message);
  });
}

// --- What the apply thread tells

void Leader::on_changes(const ChangesRef& changes) {
  for (const EvalChange& change : changes->evals) {
    if (!change.after) continue;
    const std::string& status = change.after->status();
    const bool moved = !change.before || change.before->status() != status;
    if (status == "pending" && moved) broker_.enqueue(change.after);
    if (status == "blocked" && moved) {
      const auto blocked = blocked_.block(change.after);
      if (blocked.ready) broker_.enqueue(change.after);
      std::lock_guard lock(mutex_);
      if (blocked.superseded) superseded_.push_back(blocked.superseded);
    }
    if (status == "canceled") blocked_.forget(EvalId::parse_or_nil(change.after->id()));
  }
  for (const NodeChange& change : changes->nodes) note_node(change, changes->index);
  for (const AllocChange& change : changes->allocs) note_freed(change);
  if (changes->scheduler_config) enqueue(blocked_.unblock_all(changes->index));
  locks_.note(*changes, clock_.steady_ns());
  deployments_->note(*changes);
  std::lock_guard lock(mutex_);
  freed_index_ = changes->index;
  note_moved_lanes(*changes, moved_lanes_);
  note_periodic_jobs(*changes, moved_periodic_jobs_);
  moved_sweeps_.insert(moved_sweeps_.end(), changes->sweeps.begin(), changes->sweeps.end());
  jobs_moved_ |= !changes->jobs.empty();
}

void Leader::note_freed(const AllocChange& change) {
  const bool took_room = change.before && !change.before->client_terminal();
  const bool takes_room = change.after && !change.after->client_terminal();
  if (!took_room || takes_room) return;
  std::lock_guard lock(mutex_);
  freed_nodes_.insert(change.before->node);
}

void Leader::note_node(const NodeChange& change, std::uint64_t index) {
  const NodeRef& any = change.after ? change.after : change.before;
  const auto id = NodeId::parse_or_nil(any->id());
  if (!change.after || change.after->status() == "down") {
    heartbeats_.forget(id);
    return;
  }
  if (change.after->has_drain_strategy()) draining_ = true;
  if (!can_take_more(change.after)) return;
  enqueue(blocked_.unblock_class(change.after->computed_class(), index));
  enqueue(blocked_.unblock_node(id));
}

// --- Duties on the timers' thread

void Leader::retry_unblocked() {
  broker_.tick();
  std::set<NodeId> nodes;
  std::uint64_t index = 0;
  {
    std::lock_guard lock(mutex_);
    nodes.swap(freed_nodes_);
    index = freed_index_;
  }
  if (nodes.empty()) return;
  const Snapshot state = store_.snapshot();
  std::set<std::string> classes;
  for (const NodeId& id : nodes) {
    const NodeRef node = state.node(id);
    if (!can_take_more(node)) continue;
    classes.insert(node->computed_class());
    enqueue(blocked_.unblock_node(id));
  }
  for (const std::string& computed_class : classes) {
    enqueue(blocked_.unblock_class(computed_class, index));
  }
}

void Leader::write_verdicts() {
  auto verdicts = broker_.take_verdicts();
  {
    std::lock_guard lock(mutex_);
    verdicts.superseded.insert(verdicts.superseded.end(), superseded_.begin(), superseded_.end());
    superseded_.clear();
  }
  if (verdicts.superseded.empty() && verdicts.failed.empty()) return;
  model::Command command;
  const auto write = [&](model::Evaluation eval) {
    constexpr int most_in_command = 1000;
    auto* upsert = command.mutable_upsert_evaluations();
    *upsert->add_evaluations() = std::move(eval);
    if (upsert->evaluations_size() >= most_in_command) propose(std::exchange(command, {}));
  };
  const Snapshot state = store_.snapshot();
  for (const EvalRef& eval : verdicts.superseded) {
    const EvalRef now = state.eval(EvalId::parse_or_nil(eval->id()));
    if (now && is_live(*now)) write(cancelled(*now));
  }
  for (const EvalRef& eval : verdicts.failed) {
    model::Evaluation failed = *eval;
    failed.set_status("failed");
    failed.set_status_description("evaluation reached delivery limit (3)");
    model::Evaluation followup = *eval;
    followup.set_id(EvalId::generate(random_).to_string());
    followup.set_triggered_by("failed-follow-up");
    followup.set_status("pending");
    followup.set_previous_eval(eval->id());
    followup.set_wait_until(clock_.wall_ns() + 60 * nanoseconds_per_second +
                            static_cast<std::int64_t>(random_.below(300) * nanoseconds_per_second));
    failed.set_next_eval(followup.id());
    write(std::move(failed));
    write(std::move(followup));
  }
  if (command.has_upsert_evaluations()) propose(std::move(command));
}

void Leader::expire_nodes() {
  const Snapshot state = store_.snapshot();
  for (const NodeId& id : heartbeats_.take_expired(clock_.steady_ns())) {
    const NodeRef node = state.node(id);
    if (!node || node->status() == "down" || node->status() == "disconnected") continue;
    bool may_return = false;
    for (const AllocRef& alloc : state.allocs_of_node(id)) {
      may_return |= !alloc->terminal() && alloc->task_group().disconnect().lost_after() > 0;
    }
    model::Node changed = *node;
    changed.set_status(may_return ? "disconnected" : "down");
    model::Command command;
    auto* update = command.mutable_update_node_status();
    update->set_node_id(id.to_bytes());
    update->set_status(changed.status());
    update->set_status_description("heartbeat missed");
    update->mutable_event()->set_message("Node heartbeat missed");
    update->mutable_event()->set_subsystem("Cluster");
    for (auto& eval : node_evals(state, changed, "node-update", random_)) {
      *update->add_evaluations() = std::move(eval);
    }
    YURT_LOG(warn, "leader", "node {} ({}) missed its heartbeat: {}", node->name(), node->id(),
             changed.status());
    propose(std::move(command));
  }
}

void Leader::drain_nodes() {
  // Taken back before looking, so that a drain that starts meanwhile is not missed.
  if (!draining_.exchange(false)) return;
  const Snapshot state = store_.snapshot();
  bool any = false;
  state.tables().nodes.each([&](const NodeId&, const NodeRef& node) {
    any |= node->has_drain_strategy();
    return !any;
  });
  if (!any) return;
  draining_ = true;
  const DrainStep step = next_drain_step(state, clock_.wall_ns());
  TransitionCommands commands(random_);
  for (const AllocRef& alloc : step.migrate) commands.add(*alloc, false);
  for (const AllocRef& alloc : step.stop_unreplaced) commands.add(*alloc, true);
  for (model::Command& command : commands.take()) propose(std::move(command));
  for (const NodeRef& node : step.finished) {
    model::Command command;
    auto* update = command.mutable_update_node_drain();
    update->set_node_id(NodeId::parse_or_nil(node->id()).to_bytes());
    update->set_complete(true);
    update->mutable_event()->set_message("Node drain complete");
    update->mutable_event()->set_subsystem("Drain");
    propose(std::move(command));
  }
}

void Leader::tend_deployments() {
  for (auto& proposal : deployments_->look(store_.snapshot(), clock_.wall_ns())) {
    auto about = std::make_shared<DeploymentWatcher::Proposal>();
    about->about = std::move(proposal.about);
    proposer_.propose(std::move(proposal.command),
                      [watcher = deployments_, about](const Result<Applied>& applied) {
                        if (applied.ok()) return;
                        YURT_LOG(debug, "leader", "{}", applied.error().message);
                        watcher->failed(*about);
                      });
  }
}

void Leader::launch_periodic_jobs() {
  std::set<JobKey> moved;
  {
    std::lock_guard lock(mutex_);
    moved.swap(moved_periodic_jobs_);
  }
  const std::int64_t now = clock_.wall_ns();
  const auto due = periodic_.next_due();
  if (moved.empty() && (!due || *due > now)) return;
  const Snapshot state = store_.snapshot();
  periodic_.look_at(state, moved);
  for (auto& launch : periodic_.take_due(state, now, random_)) propose(std::move(launch));
}

void Leader::admit_children() {
  std::set<JobKey> parents;
  std::vector<SweepRef> sweeps;
  {
    std::lock_guard lock(mutex_);
    parents.swap(moved_lanes_);
    sweeps.swap(moved_sweeps_);
  }
  if (parents.empty() && sweeps.empty()) return;
  const Snapshot state = store_.snapshot();
  for (const JobKey& parent : parents) {
    if (auto admission = next_admission(state, parent, random_)) propose(std::move(*admission));
  }
  std::set<JobKey> seen;
  for (const SweepRef& moved : sweeps) {
    const JobKey key{moved->record->namespace_(), moved->record->id()};
    const SweepRef* sweep = state.tables().sweeps.find(key);
    if (sweep == nullptr || !seen.insert(key).second) continue;
    for (auto& command : stop_trials(state, **sweep, random_)) propose(std::move(command));
  }
}

void Leader::look_again() {
  const Snapshot state = store_.snapshot();
  auto parents = parents_with_waiting(state);
  auto sweeps = sweeps_with_trials(state);
  std::lock_guard lock(mutex_);
  moved_lanes_.merge(parents);
  moved_sweeps_.insert(moved_sweeps_.end(), sweeps.begin(), sweeps.end());
  jobs_moved_ = true;
}

void Leader::release_jobs() {
  {
    std::lock_guard lock(mutex_);
    if (!std::exchange(jobs_moved_, false)) return;
  }
  const Snapshot state = store_.snapshot();
  if (state.tables().held.empty()) return;
  if (auto release = next_release(state, random_)) propose(std::move(*release));
}

void Leader::expire_locks() {
  for (model::Command& command : locks_.expire(clock_.steady_ns())) propose(std::move(command));
}

void Leader::tend_root_keys() {
  auto commands =
      next_root_key_step(store_.snapshot(), keyring_, clock_.wall_ns(), settings_.root_key_age_ns,
                         Uuid::generate(random_).to_string());
  const std::string trouble = commands.ok() ? "" : commands.error().message;
  if (!trouble.empty() && trouble != root_key_trouble_) {
    YURT_LOG(error, "leader", "root keys: {}", trouble);
  }
  root_key_trouble_ = trouble;
  if (!commands.ok()) return;
  for (model::Command& command : *commands) propose(std::move(command));
}

void Leader::collect_old_garbage() {
  collect_garbage(false, [](Status status) {
    if (!status.ok()) YURT_LOG(warn, "leader", "garbage: {}", status.error().message);
  });
}

void Leader::trim_history() {
  for (model::Command& command : history_.take_due(clock_.wall_ns())) propose(std::move(command));
}

void Leader::collect_garbage(bool force, std::function<void(Status)> done) {
  auto pieces =
      in_pieces(find_garbage(store_.snapshot(), clock_.wall_ns(), settings_.garbage, force));
  if (pieces.empty()) {
    done({});
    return;
  }
  // Told once all have ended, with the first failure.
  struct Ends {
    std::mutex mutex;
    std::size_t open = 0;
    Status status;
    std::function<void(Status)> done;
  };
  auto ends = std::make_shared<Ends>();
  ends->open = pieces.size();
  ends->done = std::move(done);
  for (model::CollectGarbage& piece : pieces) {
    model::Command command;
    *command.mutable_collect_garbage() = std::move(piece);
    proposer_.propose(std::move(command), [ends](Result<Applied> applied) {
      {
        std::lock_guard lock(ends->mutex);
        if (!applied.ok() && ends->status.ok()) ends->status = applied.error();
        if (--ends->open > 0) return;
      }
      ends->done(ends->status);
    });
  }
}

Leader::Figures Leader::figures() const {
  return {broker_.figures(), blocked_.size(), applier_->figures(), heartbeats_.size()};
}

}  // namespace yurt::server
