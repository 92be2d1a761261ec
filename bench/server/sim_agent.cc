#include "bench/server/sim_agent.h"

#include <utility>

#include "base/assert.h"

namespace yurt::bench {
namespace {

// As the real agent's.
constexpr std::size_t max_batch = 512;
constexpr std::size_t max_in_flight = 8;

void add_event(model::TaskState& state, const char* type, const char* display,
               std::int64_t time_ns) {
  auto* event = state.add_events();
  event->set_type(type);
  event->set_display_message(display);
  event->set_time(time_ns);
}

// The host statistics that a real agent sends with each beat are about this long.
const std::string& statistics() {
  static const std::string text = "{\"padding\":\"" + std::string(1200, 'x') + "\"}";
  return text;
}

}  // namespace

SimAgent::SimAgent(model::Node node, FleetCounts& counts, const OnAssigned& on_assigned)
    : node_(std::move(node)), counts_(counts), on_assigned_(on_assigned) {}

void SimAgent::connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(64 << 20);
  channel_ = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  stub_ = model::AgentService::NewStub(channel_);
  context_.set_wait_for_ready(true);
  stub_->async()->Connect(&context_, this);
  // While held, the call can't be done: writes come from outside of reactions.
  AddHold();
  StartRead(&incoming_);
  model::AgentMessage message;
  *message.mutable_hello()->mutable_node() = node_;
  message.mutable_hello()->set_version("bench");
  send(std::move(message));
  StartCall();
}

void SimAgent::send(model::AgentMessage message) {
  const std::lock_guard lock(mutex_);
  if (closing_) return;
  outgoing_.push_back(std::move(message));
  if (outgoing_.size() == 1) StartWrite(&outgoing_.front());
}

void SimAgent::close() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closing_, true)) return;
  }
  context_.TryCancel();
  RemoveHold();
}

void SimAgent::OnReadDone(bool ok) {
  if (!ok) {
    close();
    return;
  }
  switch (incoming_.kind_case()) {
    case model::ServerMessage::kWelcome: {
      const std::lock_guard lock(mutex_);
      welcomed_ = true;
      ++counts_.connected;
      break;
    }
    case model::ServerMessage::kAssignments: assigned(incoming_.assignments()); break;
    case model::ServerMessage::kUpdatesAck: {
      const std::lock_guard lock(mutex_);
      const auto found = in_flight_.find(incoming_.updates_ack().sequence());
      if (found == in_flight_.end()) break;
      counts_.acknowledged += found->second;
      in_flight_.erase(found);
      break;
    }
    default: break;
  }
  incoming_.Clear();
  StartRead(&incoming_);
}

void SimAgent::OnWriteDone(bool ok) {
  if (!ok) {
    close();
    return;
  }
  const std::lock_guard lock(mutex_);
  outgoing_.pop_front();
  if (!closing_ && !outgoing_.empty()) StartWrite(&outgoing_.front());
}

void SimAgent::OnDone(const grpc::Status&) { done_ = true; }

void SimAgent::assigned(const model::Assignments& assignments) {
  std::int64_t added = 0, stopped = 0;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& assignment : assignments.allocations()) {
      const auto id = AllocId::from_bytes(assignment.id());
      const bool run = assignment.desired_status() == "run";
      const auto [at, is_new] = held_.try_emplace(id, run);
      if (is_new && run) ++added;
      if (!is_new && at->second == run) continue;
      if (!run) ++stopped;
      at->second = run;
      changes_.push_back({id, run, !assignment.deployment_id().empty()});
    }
    has_changes_ = !changes_.empty();
  }
  if (on_assigned_) {
    for (const auto& assignment : assignments.allocations()) {
      if (assignment.desired_status() == "run") on_assigned_(assignment);
    }
  }
  counts_.assigned += added;
  counts_.stopped += stopped;
}

model::AllocUpdate SimAgent::update_of(const Change& change) const {
  const std::int64_t now_ns = clock_.wall_ns();
  model::AllocUpdate update;
  update.set_id(change.id.to_bytes());
  update.set_client_status(change.running ? "running" : "complete");
  update.set_client_description(change.running ? "Tasks are running" : "All tasks have completed");
  auto& state = (*update.mutable_task_states())["work"];
  state.set_state(change.running ? "running" : "dead");
  state.set_started_at(now_ns);
  add_event(state, "Received", "Task received by client", now_ns - 2'000'000);
  add_event(state, "Task Setup", "Building Task Directory", now_ns - 1'000'000);
  auto* setup = state.mutable_events(1);
  setup->set_message(setup->display_message());
  (*setup->mutable_details())["message"] = setup->display_message();
  add_event(state, "Started", "Task started by client", now_ns);
  if (!change.running) {
    state.set_finished_at(now_ns);
    add_event(state, "Terminated", "Exit Code: 0", now_ns);
  }
  if (change.running && change.in_deployment) {
    update.mutable_deployment_status()->set_healthy(true);
    update.mutable_deployment_status()->set_timestamp(now_ns);
  }
  return update;
}

void SimAgent::flush() {
  while (has_changes_) {
    model::AgentMessage message;
    {
      const std::lock_guard lock(mutex_);
      if (!welcomed_ || changes_.empty() || in_flight_.size() >= max_in_flight) return;
      const std::size_t count = std::min(changes_.size(), max_batch);
      auto* updates = message.mutable_updates();
      updates->set_sequence(++sequence_);
      for (std::size_t i = 0; i < count; ++i) *updates->add_updates() = update_of(changes_[i]);
      changes_.erase(changes_.begin(), changes_.begin() + static_cast<std::ptrdiff_t>(count));
      has_changes_ = !changes_.empty();
      in_flight_[sequence_] = static_cast<std::int64_t>(count);
    }
    send(std::move(message));
  }
}

void SimAgent::beat() {
  model::AgentMessage message;
  {
    const std::lock_guard lock(mutex_);
    if (!welcomed_) return;
    message.mutable_heartbeat()->set_sequence(++beats_);
  }
  message.mutable_heartbeat()->set_stats_json(statistics());
  send(std::move(message));
}

}  // namespace yurt::bench
