#include "agent/supervisor/supervisor.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace yurt::agent {
namespace {

constexpr std::int64_t disconnect_check_ns = nanoseconds_per_second;
constexpr std::int64_t contact_store_ns = 3 * nanoseconds_per_second;
// How many finished allocations beyond the limit may wait for the next regular collection.
constexpr std::size_t tolerated_surplus = 256;
// More than the servers count on (proto/agent_stream.proto, Assignments).
constexpr std::size_t kept_stream_jobs = 256;

bool is_terminal(const std::string& client_status) {
  return client_status == "complete" || client_status == "failed" || client_status == "lost";
}

std::string text_of(AllocId id) { return id.to_string(); }

}  // namespace

Supervisor::Supervisor(RunnerContext& context, model::Node node, Hooks hooks)
    : context_(context), node_(std::move(node)), hooks_(std::move(hooks)) {}

Supervisor::~Supervisor() = default;

void Supervisor::set_connection(Connection* connection) {
  connection_ = connection;
  context_.cluster.on_watches([connection] { connection->watches_changed(); });
  context_.turns.on_send(
      [connection](const model::RestartTurn& turn) { connection->send_turn(turn); });
}

void Supervisor::restore(std::vector<StoredAlloc> stored, FoundRuns found,
                         std::string new_boot_id) {
  new_boot_id_ = std::move(new_boot_id);
  last_contact_wall_ns_ = context_.clock.wall_ns();
  if (const auto text = context_.store.fact("last_contact")) {
    last_contact_wall_ns_ =
        std::min<std::int64_t>(last_contact_wall_ns_, std::strtoll(text->c_str(), nullptr, 10));
  }
  std::vector<Runner> restored;
  for (auto& one : stored) {
    if (find_group(*one.job, one.assignment.group()) == nullptr) continue;
    jobs_[JobVersionKey::of(one.assignment)] = one.job;
    const AllocId id = AllocId::from_bytes(one.assignment.id());
    auto runner = std::make_shared<AllocRunner>(
        context_, one.assignment, one.job,
        AllocRunner::Events{[this](AllocRunner& changed) { runner_changed(changed); }});
    runners_.emplace(id, runner);
    runner->restore(one, found);
    if (one.reported) reported_.insert(id);
    if (runner->terminal()) finished_.insert(id);
    if (!one.reported) connection_->changed(id);
    restored.push_back(std::move(runner));
  }
  for (auto& [id, run] : found) {
    YURT_LOG(warn, "agent", "killing {}: no allocation on this node owns it", id);
    context_.quick.submit([run = std::move(run)] { (void)run->destroy(); });
  }
  if (new_boot_id_.empty()) {
    for (const auto& runner : restored) obey_desired(runner);
  }
  if (!restored.empty()) {
    YURT_LOG(info, "agent", "{} allocations taken over, {} of them running", restored.size(),
             restored.size() - finished_.size());
  }
}

void Supervisor::start() {
  collect_regularly();
  check_disconnected();
}

void Supervisor::set_node(model::Node node) {
  node_ = std::move(node);
  connection_->send_node(node_);
}

void Supervisor::gpus_seen() {
  std::vector<Runner> live;
  for (const auto& [id, runner] : runners_) {
    if (!runner->terminal()) live.push_back(runner);
  }
  for (const auto& runner : live) runner->gpus_seen();
}

Supervisor::Runner Supervisor::find(const std::string& alloc_id) const {
  const auto found = runners_.find(AllocId::parse_or_nil(alloc_id));
  return found == runners_.end() ? nullptr : found->second;
}

model::AgentHello Supervisor::hello() {
  stream_jobs_.clear();  // the server sends each job version anew on each stream
  model::AgentHello hello;
  *hello.mutable_node() = node_;
  hello.set_version(context_.options.version);
  for (const auto& [id, runner] : runners_) {
    auto& held = *hello.add_held();
    held.set_id(id.to_bytes());
    held.set_alloc_modify_index(runner->assignment().alloc_modify_index());
  }
  return hello;
}

std::optional<model::AllocUpdate> Supervisor::update_of(AllocId id) {
  if (const auto answer = answers_.find(id); answer != answers_.end()) return answer->second;
  const auto found = runners_.find(id);
  if (found == runners_.end()) return std::nullopt;
  return found->second->update_message();
}

void Supervisor::acknowledged(AllocId id) {
  answers_.erase(id);
  const auto found = runners_.find(id);
  if (found == runners_.end() || !found->second->terminal()) return;
  if (!reported_.insert(id).second) return;
  if (const auto status = context_.store.put_reported(id); !status.ok()) {
    YURT_LOG(error, "agent", "{}", status.error().message);
  }
  if (!collecting_ && finished_.size() > static_cast<std::size_t>(context_.options.gc.max_allocs) +
                                             tolerated_surplus) {
    collect_garbage();
  }
}

void Supervisor::heard() {
  last_contact_wall_ns_ = context_.clock.wall_ns();
  if (last_contact_wall_ns_ - last_contact_stored_ns_ < contact_store_ns) return;
  last_contact_stored_ns_ = last_contact_wall_ns_;
  (void)context_.store.put_fact("last_contact", std::to_string(last_contact_wall_ns_));
}

void Supervisor::servers_learned(const std::vector<std::string>& servers) {
  std::string text;
  for (const auto& server : servers) text += server + "\n";
  (void)context_.store.put_fact("servers", text);
}

void Supervisor::learn_jobs(model::Assignments& assignments) {
  for (auto& assigned : *assignments.mutable_jobs()) {
    const JobVersionKey key{assigned.namespace_(), assigned.id(), assigned.version(),
                            assigned.create_index()};
    auto job = std::make_shared<model::Job>();
    if (!job->ParseFromString(assigned.job())) {
      YURT_LOG(error, "agent", "job {} came garbled; its allocations will fail", assigned.id());
      continue;
    }
    // After a restore on the servers the same version may come again as another job.
    if (const auto known = jobs_[key].lock();
        known && known->job_modify_index() == job->job_modify_index()) {
      stream_jobs_.push_back(known);
      continue;
    }
    jobs_[key] = job;
    stream_jobs_.push_back(job);
    if (const auto status = context_.store.put_job(key, *job); !status.ok()) {
      YURT_LOG(error, "agent", "{}", status.error().message);
    }
  }
}

std::shared_ptr<const model::Job> Supervisor::job_of(const model::Assignment& assignment) const {
  const auto found = jobs_.find(JobVersionKey::of(assignment));
  return found == jobs_.end() ? nullptr : found->second.lock();
}

void Supervisor::assigned(model::Assignments assignments) {
  learn_jobs(assignments);
  std::unordered_set<AllocId> listed;
  std::vector<model::Assignment> fresh;
  // What is to stop goes first: what is new may wait for it.
  for (auto& assignment : *assignments.mutable_allocations()) {
    const AllocId id = AllocId::from_bytes(assignment.id());
    if (assignments.complete()) listed.insert(id);
    if (const auto found = runners_.find(id); found != runners_.end()) {
      reassign(found->second, std::move(assignment));
    } else {
      fresh.push_back(std::move(assignment));
    }
  }
  for (const auto& id : assignments.forgotten()) forget(AllocId::from_bytes(id));
  if (assignments.complete()) {
    std::vector<AllocId> unlisted;
    for (const auto& [id, runner] : runners_) {
      if (!listed.contains(id)) unlisted.push_back(id);
    }
    for (const AllocId id : unlisted) forget(id);
    if (!new_boot_id_.empty()) {
      (void)context_.store.put_fact("boot_id", std::exchange(new_boot_id_, ""));
    }
    std::vector<Runner> all;
    for (const auto& [id, runner] : runners_) all.push_back(runner);
    for (const auto& runner : all) obey_desired(runner);
  }
  for (auto& assignment : fresh) take(std::move(assignment));
  // Not before: one message may bring more jobs than are kept.
  while (stream_jobs_.size() > kept_stream_jobs) stream_jobs_.pop_front();
}

void Supervisor::reassign(const Runner& runner, model::Assignment assignment) {
  const AllocId id = runner->id();
  if (assignment.alloc_modify_index() < runner->assignment().alloc_modify_index()) return;
  const std::string& before = runner->assignment().desired_status();
  const bool stop_taken_back = !before.empty() && before != "run" &&
                               assignment.desired_status() == "run" &&
                               !is_terminal(assignment.client_status());
  if (stop_taken_back || forgotten_.contains(id)) {
    forget(id);
    auto job = job_of(assignment);
    again_[id] = {std::move(assignment), std::move(job)};
    return;
  }
  auto job = job_of(assignment);
  if (!job) {
    YURT_LOG(error, "agent", "allocation {}: the server did not send version {} of job {}",
             text_of(runner->id()), assignment.job_version(), assignment.job_id());
    return;
  }
  if (runner->terminal() && !is_terminal(assignment.client_status())) {
    connection_->changed(id);  // the servers missed its end
  }
  if (const auto status = context_.store.put_assignment(assignment); !status.ok()) {
    YURT_LOG(error, "agent", "{}", status.error().message);
  }
  runner->update(std::move(assignment), std::move(job));
  if (new_boot_id_.empty()) obey_desired(runner);
}

// Starts what waits to go on after a restart of the agent; stops what is to stop.
void Supervisor::obey_desired(const Runner& runner) {
  if (!runner->under_way()) begin(runner);
  const auto& assignment = runner->assignment();
  if (assignment.desired_status() == "run" || assignment.desired_status().empty()) return;
  runner->stop({.reason = assignment.desired_description(),
                .skip_delays = assignment.desired_transition().no_shutdown_delay()});
}

void Supervisor::take(model::Assignment assignment) {
  const AllocId id = AllocId::from_bytes(assignment.id());
  if (is_terminal(assignment.client_status())) return;  // finished and removed here before
  if (assignment.desired_status() != "run") {
    answer_without_running(assignment, "complete", "Stopped before it was started");
    return;
  }
  auto job = job_of(assignment);
  if (!job || find_group(*job, assignment.group()) == nullptr) {
    answer_without_running(assignment, "failed",
                           "The server did not send the job this allocation belongs to");
    return;
  }
  if (const auto status = context_.store.put_assignment(assignment); !status.ok()) {
    answer_without_running(assignment, "failed", status.error().message);
    return;
  }
  auto runner = std::make_shared<AllocRunner>(
      context_, std::move(assignment), std::move(job),
      AllocRunner::Events{[this](AllocRunner& changed) { runner_changed(changed); }});
  runners_.emplace(id, runner);
  begin(runner);
}

void Supervisor::answer_without_running(const model::Assignment& assignment,
                                        const char* client_status, const std::string& description) {
  const AllocId id = AllocId::from_bytes(assignment.id());
  auto& answer = answers_[id];
  answer.set_id(assignment.id());
  answer.set_client_status(client_status);
  answer.set_client_description(description);
  connection_->changed(id);
}

Supervisor::Runner Supervisor::predecessor_of(const Runner& runner) const {
  const auto found = runners_.find(AllocId::from_bytes(runner->assignment().previous_allocation()));
  return found == runners_.end() ? nullptr : found->second;
}

void Supervisor::begin(const Runner& runner) {
  const Runner predecessor = predecessor_of(runner);
  if (predecessor && !predecessor->terminal() && !runner->ever_started()) {
    waiting_for_[predecessor->id()].push_back(runner->id());
    runner->wait_for_previous();
    return;
  }
  runner->start(predecessor.get());
}

void Supervisor::runner_changed(AllocRunner& runner) {
  const AllocId id = runner.id();
  if (!forgotten_.contains(id)) connection_->changed(id);
  if (!runner.terminal() || !finished_.insert(id).second) return;
  // Not now: the caller is in the middle of the runner.
  context_.loop.post([this, id] {
    if (const auto waiting = waiting_for_.extract(id); !waiting.empty()) {
      for (const AllocId successor : waiting.mapped()) {
        const auto found = runners_.find(successor);
        if (found != runners_.end() && !found->second->terminal()) begin(found->second);
      }
    }
    if (forgotten_.contains(id)) remove({id}, 1);
  });
}

void Supervisor::forget(AllocId id) {
  again_.erase(id);
  const auto found = runners_.find(id);
  if (found == runners_.end() || !forgotten_.insert(id).second) return;
  connection_->forget(id);
  const Runner runner = found->second;
  if (runner->terminal()) {
    remove({id}, 1);
    return;
  }
  runner->stop({.reason = "the servers no longer know the allocation",
                .skip_delays = true,
                .skip_poststop = true});
}

void Supervisor::collect_regularly() {
  context_.loop.at(context_.clock.steady_ns() + context_.options.gc.interval_ns, [this] {
    collect_garbage();
    (void)context_.store.prune_jobs();
    std::erase_if(jobs_, [](const auto& entry) { return entry.second.expired(); });
    collect_regularly();
  });
}

void Supervisor::collect_garbage() {
  if (collecting_) return;
  std::vector<FinishedAlloc> finished;
  for (const AllocId id : finished_) {
    if (!reported_.contains(id) || removing_.contains(id) || waiting_for_.contains(id)) continue;
    const auto found = runners_.find(id);
    if (found != runners_.end()) finished.push_back({id, found->second->terminal_at_wall_ns()});
  }
  const std::size_t surplus_count =
      surplus(context_.options.gc, runners_.size() - finished.size(), finished);
  std::vector<AllocId> ids;
  for (const auto& one : finished) ids.push_back(one.id);
  if (!ids.empty()) remove(std::move(ids), surplus_count);
}

// Removes the first `at_least`, and more of them while the disk is too full.
void Supervisor::remove(std::vector<AllocId> ids, std::size_t at_least) {
  std::vector<std::pair<AllocId, AllocDir>> dirs;
  for (const AllocId id : ids) {
    if (removing_.insert(id).second) dirs.emplace_back(id, runners_.at(id)->dir());
  }
  const bool regular = dirs.size() != 1 || !forgotten_.contains(dirs.front().first);
  if (regular) collecting_ = true;
  context_.slow.submit([this, dirs = std::move(dirs), at_least, regular, &context = context_] {
    std::vector<AllocId> gone;
    std::vector<AllocId> kept;
    for (const auto& [id, dir] : dirs) {
      const bool must = gone.size() < at_least;
      if (!must && !presses(context.options.gc, disk_usage(context.options.data_dir))) {
        kept.push_back(id);
        continue;
      }
      const auto status = dir.remove();
      if (!status.ok()) YURT_LOG(warn, "agent", "{}", status.error().message);
      gone.push_back(id);
    }
    context.loop.post([this, gone = std::move(gone), kept = std::move(kept), regular] {
      for (const AllocId id : kept) removing_.erase(id);
      for (const AllocId id : gone) removed(id);
      if (regular) collecting_ = false;
    });
  });
}

void Supervisor::removed(AllocId id) {
  if (const auto status = context_.store.remove(id); !status.ok()) {
    YURT_LOG(error, "agent", "{}", status.error().message);
  }
  if (connection_ != nullptr) connection_->forget(id);
  runners_.erase(id);
  reported_.erase(id);
  forgotten_.erase(id);
  removing_.erase(id);
  finished_.erase(id);
  if (auto again = again_.extract(id)) take(std::move(again.mapped().assignment));
}

// disconnect.stop_on_client_after: the servers give the work to another node after that time, so
// this one must have let go of it by then.
void Supervisor::check_disconnected() {
  context_.loop.at(context_.clock.steady_ns() + disconnect_check_ns, [this] {
    check_disconnected();
    if (connection_->connected()) return;
    const std::int64_t silent_ns = context_.clock.wall_ns() - last_contact_wall_ns_;
    std::vector<Runner> late;
    for (const auto& [id, runner] : runners_) {
      const auto& disconnect = runner->group().disconnect();
      if (disconnect.stop_on_client_after() > 0 && !runner->terminal() &&
          !runner->machine().stopping() && silent_ns >= disconnect.stop_on_client_after()) {
        late.push_back(runner);
      }
    }
    for (const auto& runner : late) {
      runner->stop({.reason = "no server could be reached for stop_on_client_after"});
    }
  });
}

}  // namespace yurt::agent
