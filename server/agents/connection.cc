#include "server/agents/connection.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <map>

#include "base/log.h"
#include "proto/command.pb.h"
#include "proto/job.pb.h"
#include "scheduler/computed_class.h"
#include "server/new_evals.h"

namespace yurt::server {
namespace {

bool same_fingerprint(const model::Node& stored, const model::Node& reported) {
  model::Node a = stored, b = reported;
  for (model::Node* node : {&a, &b}) {
    node->clear_events();
    node->clear_status_updated_at();
    node->clear_create_index();
    node->clear_modify_index();
    node->clear_drain_strategy();
    node->clear_last_drain();
    node->clear_scheduling_eligibility();
    node->clear_status_description();
    if (node->node_pool().empty()) node->set_node_pool("default");
    for (auto& [name, driver] : *node->mutable_drivers()) driver.clear_update_time();
  }
  const auto bytes = [](const model::Node& node) {
    std::string out;
    google::protobuf::io::StringOutputStream stream(&out);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    node.SerializeToCodedStream(&coded);
    coded.Trim();
    return out;
  };
  return bytes(a) == bytes(b);
}

}  // namespace

// --- What the stream tells

void AgentConnection::received(const model::AgentMessage& message) {
  using Kind = model::AgentMessage::KindCase;
  switch (message.kind_case()) {
    case Kind::kHello: hello(message.hello()); return;
    case Kind::kHeartbeat: heartbeat(message.heartbeat()); return;
    case Kind::kUpdates: report(message.updates()); return;
    case Kind::kNode:
      register_node(message.node(), [](Result<Applied> applied) {
        if (!applied.ok()) YURT_LOG(warn, "agents", "{}", applied.error().message);
      });
      return;
    case Kind::kWatches: watch(message.watches()); return;
    case Kind::kRestartTurn: take_turn(message.restart_turn()); return;
    case Kind::KIND_NOT_SET: return;
  }
}

void AgentConnection::wrote(bool ok) {
  std::unique_lock lock(mutex_);
  writing_ = false;
  if (!ok) {
    // The agent is gone: nothing more can be sent, only the stream ended.
    finishing_ = true;
    ready_ = false;
    queue_.clear();
  }
  write_next(lock);
}

void AgentConnection::closed() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    stream_ = {};
  }
  if (node_.is_nil()) return;
  hub_.watches_.drop(this);
  hub_.detach(node_, this);
}

// --- Messages from the agent

void AgentConnection::hello(const model::AgentHello& hello) {
  if (!hub_.leadership().self) {
    redirect();
    return;
  }
  const auto id = NodeId::parse_or_nil(hello.node().id());
  if (id.is_nil()) {
    YURT_LOG(warn, "agents", "an agent introduced itself without a node ID; refused");
    finish();
    return;
  }
  register_node(hello.node(), [self = shared_from_this(), hello, id](Result<Applied> applied) {
    if (!applied.ok()) {
      YURT_LOG(warn, "agents", "node {} refused: {}", id.to_string(), applied.error().message);
      if (applied.error().code == ErrorCode::permission_denied) {
        self->finish();
      } else {
        self->redirect();
      }
      return;
    }
    self->node_ = id;
    self->registered(hello);
  });
}

void AgentConnection::register_node(model::Node node, std::function<void(Result<Applied>)> done) {
  const Snapshot state = hub_.store_.snapshot();
  const auto id = NodeId::parse_or_nil(node.id());
  const NodeRef stored = state.node(id);
  node.set_status("ready");
  node.clear_status_description();
  node.set_computed_class(scheduler::computed_class(node));
  if (stored && stored->secret_id() == node.secret_id() && same_fingerprint(*stored, node)) {
    done(Applied{.index = state.index()});
    return;
  }
  model::Command command;
  auto* registration = command.mutable_register_node();
  // A node that comes, or comes back, may be wanted by system jobs, and settles what was lost.
  if (!stored || stored->status() != "ready") {
    for (auto& eval : node_evals(state, node, "node-update", hub_.random_)) {
      *registration->add_evaluations() = std::move(eval);
    }
  }
  *registration->mutable_node() = std::move(node);
  hub_.proposer_.propose(std::move(command), std::move(done));
}

void AgentConnection::registered(const model::AgentHello& hello) {
  const std::int64_t ttl = hub_.beat(node_);
  if (ttl == 0) {
    redirect();
    return;
  }
  model::ServerMessage welcome;
  welcome.mutable_welcome()->set_heartbeat_ttl(ttl);
  welcome.mutable_welcome()->set_region(hub_.cluster_.region);
  for (auto& server : hub_.cluster_.servers()) {
    welcome.mutable_welcome()->add_servers(std::move(server));
  }
  // Attached first: a change that comes between is pushed again, never missed.
  hub_.attach(node_, shared_from_this());
  std::map<AllocId, std::uint64_t> held;
  for (const auto& alloc : hello.held()) {
    held[AllocId::from_bytes(alloc.id())] = alloc.alloc_modify_index();
  }
  const Snapshot state = hub_.store_.snapshot();
  model::ServerMessage first;
  auto* assignments = first.mutable_assignments();
  assignments->set_index(state.index());
  assignments->set_complete(true);
  std::unique_lock lock(mutex_);
  for (const AllocRef& alloc : state.allocs_of_node(node_)) {
    const bool is_held = held.erase(alloc->id) > 0;
    // What ended here long ago, and is not there any more, needs no telling.
    if (alloc->client_terminal() && !is_held) continue;
    add_assignment(*alloc, *assignments);
  }
  for (const auto& [id, index] : held) assignments->add_forgotten(id.to_bytes());
  queue_.push_back(std::move(welcome));
  queue_.push_back(std::move(first));
  ready_ = true;
  write_next(lock);
}

void AgentConnection::report(const model::AgentUpdates& updates) {
  if (node_.is_nil()) return;
  hub_.reports_.add(
      updates, [self = shared_from_this(), sequence = updates.sequence()](const Status& committed) {
        if (!committed.ok()) {
          // Not acknowledged: the agent sends it again, to whoever leads then.
          self->redirect();
          return;
        }
        model::ServerMessage ack;
        ack.mutable_updates_ack()->set_sequence(sequence);
        self->send(std::move(ack));
      });
}

void AgentConnection::heartbeat(const model::AgentHeartbeat& heartbeat) {
  if (node_.is_nil()) return;
  const std::int64_t ttl = hub_.beat(node_);
  if (ttl == 0) {
    redirect();
    return;
  }
  if (!heartbeat.stats_json().empty()) hub_.note_stats(node_, heartbeat.stats_json());
  model::ServerMessage ack;
  ack.mutable_heartbeat_ack()->set_sequence(heartbeat.sequence());
  ack.mutable_heartbeat_ack()->set_heartbeat_ttl(ttl);
  for (auto& server : hub_.cluster_.servers()) {
    ack.mutable_heartbeat_ack()->add_servers(std::move(server));
  }
  send(std::move(ack));
}

void AgentConnection::watch(const model::WatchSet& watches) {
  if (node_.is_nil()) return;
  hub_.watches_.set(
      this,
      [weak = weak_from_this()](model::ServerMessage message) {
        if (const auto self = weak.lock()) self->send(std::move(message));
      },
      watches);
  hub_.caught_up(node_, this);
}

void AgentConnection::take_turn(const model::RestartTurn& turn) {
  if (!node_.is_nil()) hub_.take_turn(node_, turn);
}

// --- Messages to the agent

void AgentConnection::push(const std::vector<AllocId>& changed,
                           const std::vector<AllocId>& forgotten) {
  std::unique_lock lock(mutex_);
  changed_.insert(changed.begin(), changed.end());
  forgotten_.insert(forgotten_.end(), forgotten.begin(), forgotten.end());
  write_next(lock);
}

void AgentConnection::send(model::ServerMessage message) {
  std::unique_lock lock(mutex_);
  queue_.push_back(std::move(message));
  write_next(lock);
}

void AgentConnection::redirect() {
  model::ServerMessage message;
  message.mutable_not_leader()->set_leader_address(hub_.leadership().address);
  for (auto& server : hub_.cluster_.servers()) {
    message.mutable_not_leader()->add_servers(std::move(server));
  }
  std::unique_lock lock(mutex_);
  queue_.push_back(std::move(message));
  finishing_ = true;
  write_next(lock);
}

void AgentConnection::finish() {
  std::unique_lock lock(mutex_);
  finishing_ = true;
  write_next(lock);
}

void AgentConnection::write_next(std::unique_lock<std::mutex>& lock) {
  if (writing_ || closed_ || !stream_.write) return;
  if (queue_.empty() && ready_ && (!changed_.empty() || !forgotten_.empty())) {
    model::ServerMessage message;
    if (gather(*message.mutable_assignments())) queue_.push_back(std::move(message));
  }
  if (queue_.empty()) {
    if (!finishing_) return;
    auto finish = std::exchange(stream_, {}).finish;
    lock.unlock();
    finish(true);
    return;
  }
  outgoing_ = std::move(queue_.front());
  queue_.pop_front();
  writing_ = true;
  const auto write = stream_.write;
  lock.unlock();
  write(&outgoing_);
}

bool AgentConnection::gather(model::Assignments& out) {
  const Snapshot state = hub_.store_.snapshot();
  out.set_index(state.index());
  for (const AllocId& id : changed_) {
    if (const AllocRef alloc = state.alloc(id)) add_assignment(*alloc, out);
  }
  for (const AllocId& id : forgotten_) out.add_forgotten(id.to_bytes());
  changed_.clear();
  forgotten_.clear();
  return !out.allocations().empty() || !out.forgotten().empty();
}

void AgentConnection::add_assignment(const Allocation& alloc, model::Assignments& out) {
  const model::Job& job = *alloc.job;
  const JobKey key{job.namespace_(), job.id()};
  if (sent_jobs_.note(job)) {
    auto* sent = out.add_jobs();
    sent->set_namespace_(key.ns);
    sent->set_id(key.id);
    sent->set_version(job.version());
    sent->set_create_index(job.create_index());
    sent->set_job(*hub_.job_bytes_.of(alloc.job));
  }
  auto* assignment = out.add_allocations();
  assignment->set_id(alloc.id.to_bytes());
  assignment->set_namespace_(key.ns);
  assignment->set_job_id(key.id);
  assignment->set_job_version(job.version());
  assignment->set_job_create_index(job.create_index());
  assignment->set_group(alloc.task_group().name());
  assignment->set_name_index(alloc.name_index);
  assignment->set_desired_status(name_of(alloc.desired));
  assignment->set_desired_description(alloc.more().desired_description);
  fill_transition(alloc.more().transition, *assignment->mutable_desired_transition());
  *assignment->mutable_resources() = resources_with_ports(alloc);
  assignment->set_previous_allocation(alloc.more().previous.to_bytes());
  assignment->set_deployment_id(alloc.more().deployment.to_bytes());
  assignment->set_canary(alloc.more().canary);
  assignment->set_alloc_modify_index(alloc.alloc_modify_index);
  assignment->set_create_time(alloc.create_time);
  assignment->set_client_status(name_of(alloc.client));
  assignment->set_eval_id(alloc.eval.to_bytes());
  assignment->set_oom_retries(alloc.more().oom_retries);
}

}  // namespace yurt::server
