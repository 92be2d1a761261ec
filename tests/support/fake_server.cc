#include "tests/support/fake_server.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <set>

#include "base/assert.h"
#include "proto/agent_stream.grpc.pb.h"

namespace yurt::testing {
namespace {

using Stream = grpc::ServerReaderWriter<model::ServerMessage, model::AgentMessage>;
using Frames = grpc::ServerReaderWriter<model::SessionFrame, model::SessionFrame>;

struct Agent {
  Stream* stream = nullptr;
  grpc::ServerContext* context = nullptr;
  std::set<const model::Job*> sent_jobs;
};

struct Kept {
  model::Assignment assignment;
  std::shared_ptr<const model::Job> job;
};

struct Pending {
  std::vector<model::SessionFrame> input;
  std::function<bool(const FakeServer::Answer&)> enough;
  FakeServer::Answer answer;
  bool done = false;
};

}  // namespace

struct FakeServer::Impl final : model::AgentService::Service {
  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
  std::int64_t ttl_ns = 10'000'000'000;
  std::optional<std::string> not_leader;
  bool acknowledging = true;
  bool stopping = false;
  std::vector<std::shared_ptr<Agent>> agents;
  std::map<AllocId, Kept> kept;
  std::vector<model::AgentHello> hellos;
  std::size_t heartbeats = 0;
  model::AgentHeartbeat last_heartbeat;
  std::map<AllocId, model::AllocUpdate> updates;
  std::map<AllocId, std::size_t> report_counts;
  std::map<std::uint64_t, std::shared_ptr<Pending>> sessions;
  std::uint64_t next_session = 1;

  // The lock is held.
  void add(Agent& agent, const Kept& one, model::Assignments& out) const {
    if (agent.sent_jobs.insert(one.job.get()).second) {
      auto& job = *out.add_jobs();
      job.set_namespace_(one.assignment.namespace_());
      job.set_id(one.assignment.job_id());
      job.set_version(one.assignment.job_version());
      job.set_create_index(one.assignment.job_create_index());
      job.set_job(one.job->SerializeAsString());
    }
    auto& assignment = *out.add_allocations();
    assignment = one.assignment;
    const auto update = updates.find(AllocId::from_bytes(one.assignment.id()));
    if (update != updates.end()) assignment.set_client_status(update->second.client_status());
  }

  void send_to_all(const Kept& one) {
    for (const auto& agent : agents) {
      model::ServerMessage message;
      add(*agent, one, *message.mutable_assignments());
      agent->stream->Write(message);
    }
  }

  grpc::Status Connect(grpc::ServerContext* context, Stream* stream) override {
    model::AgentMessage message;
    if (!stream->Read(&message) || !message.has_hello()) return grpc::Status::OK;
    auto agent = std::make_shared<Agent>();
    agent->stream = stream;
    agent->context = context;
    {
      const std::lock_guard lock(mutex);
      hellos.push_back(message.hello());
      model::ServerMessage answer;
      if (not_leader) {
        answer.mutable_not_leader()->set_leader_address(*not_leader);
        stream->Write(answer);
        changed.notify_all();
        return grpc::Status::OK;
      }
      answer.mutable_welcome()->set_heartbeat_ttl(ttl_ns);
      stream->Write(answer);
      model::ServerMessage first;
      first.mutable_assignments()->set_complete(true);
      std::set<AllocId> held;
      for (const auto& one : message.hello().held()) held.insert(AllocId::from_bytes(one.id()));
      for (const auto& [id, one] : kept) add(*agent, one, *first.mutable_assignments());
      for (const AllocId id : held) {
        if (!kept.contains(id)) first.mutable_assignments()->add_forgotten(id.to_bytes());
      }
      stream->Write(first);
      agents.push_back(agent);
      changed.notify_all();
    }
    while (stream->Read(&message)) take(message, *stream);
    const std::lock_guard lock(mutex);
    std::erase(agents, agent);
    changed.notify_all();
    return grpc::Status::OK;
  }

  void take(const model::AgentMessage& message, Stream& stream) {
    const std::lock_guard lock(mutex);
    model::ServerMessage answer;
    if (message.has_heartbeat()) {
      ++heartbeats;
      last_heartbeat = message.heartbeat();
      answer.mutable_heartbeat_ack()->set_sequence(message.heartbeat().sequence());
      answer.mutable_heartbeat_ack()->set_heartbeat_ttl(ttl_ns);
      stream.Write(answer);
    }
    if (message.has_updates()) {
      if (acknowledging) {
        for (const auto& update : message.updates().updates()) {
          const AllocId id = AllocId::from_bytes(update.id());
          updates[id] = update;
          ++report_counts[id];
        }
        answer.mutable_updates_ack()->set_sequence(message.updates().sequence());
        stream.Write(answer);
      }
    }
    changed.notify_all();
  }

  grpc::Status Session(grpc::ServerContext* context, Frames* stream) override {
    model::SessionFrame frame;
    if (!stream->Read(&frame)) return grpc::Status::OK;
    std::shared_ptr<Pending> pending;
    {
      const std::lock_guard lock(mutex);
      const auto found = sessions.find(frame.session_id());
      if (found == sessions.end()) return grpc::Status::OK;
      pending = found->second;
    }
    for (const auto& input : pending->input) stream->Write(input);
    while (stream->Read(&frame)) {
      const std::lock_guard lock(mutex);
      if (frame.has_end()) {
        pending->answer.end = frame.end();
        break;
      }
      pending->answer.frames.push_back(frame);
      if (pending->enough && pending->enough(pending->answer)) {
        context->TryCancel();
        break;
      }
    }
    const std::lock_guard lock(mutex);
    pending->done = true;
    changed.notify_all();
    return grpc::Status::OK;
  }
};

std::string FakeServer::Answer::data() const {
  std::string all;
  for (const auto& frame : frames) all += frame.stream().data() + frame.content().data();
  return all;
}

FakeServer::FakeServer(int port) : impl_(std::make_shared<Impl>()) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(),
                           &impl_->port);
  builder.RegisterService(impl_.get());
  builder.SetMaxReceiveMessageSize(64 << 20);
  impl_->server = builder.BuildAndStart();
  YURT_ASSERT(impl_->server != nullptr);
}

FakeServer::~FakeServer() {
  drop_connections();
  impl_->server->Shutdown(std::chrono::system_clock::now());
  impl_->server->Wait();
}

std::string FakeServer::address() const { return "127.0.0.1:" + std::to_string(impl_->port); }
int FakeServer::port() const { return impl_->port; }

void FakeServer::set_heartbeat_ttl(std::int64_t ns) {
  const std::lock_guard lock(impl_->mutex);
  impl_->ttl_ns = ns;
}

void FakeServer::answer_not_leader(const std::string& leader) {
  const std::lock_guard lock(impl_->mutex);
  impl_->not_leader = leader;
}

void FakeServer::lead() {
  const std::lock_guard lock(impl_->mutex);
  impl_->not_leader.reset();
}

void FakeServer::acknowledge(bool on) {
  const std::lock_guard lock(impl_->mutex);
  impl_->acknowledging = on;
}

void FakeServer::assign(const model::Assignment& assignment,
                        const std::shared_ptr<const model::Job>& job) {
  const std::lock_guard lock(impl_->mutex);
  const Kept& one = impl_->kept[AllocId::from_bytes(assignment.id())] = {assignment, job};
  impl_->send_to_all(one);
}

void FakeServer::change(AllocId id, const std::function<void(model::Assignment&)>& edit) {
  const std::lock_guard lock(impl_->mutex);
  Kept& one = impl_->kept.at(id);
  edit(one.assignment);
  one.assignment.set_alloc_modify_index(one.assignment.alloc_modify_index() + 1);
  impl_->send_to_all(one);
}

void FakeServer::forget(AllocId id) {
  const std::lock_guard lock(impl_->mutex);
  impl_->kept.erase(id);
  for (const auto& agent : impl_->agents) {
    model::ServerMessage message;
    message.mutable_assignments()->add_forgotten(id.to_bytes());
    agent->stream->Write(message);
  }
}

void FakeServer::drop_connections() {
  const std::lock_guard lock(impl_->mutex);
  for (const auto& agent : impl_->agents) agent->context->TryCancel();
}

model::AgentHello FakeServer::await_hello(std::size_t nth) {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [&] { return impl_->hellos.size() >= nth; });
  return impl_->hellos[nth - 1];
}

model::AllocUpdate FakeServer::await_update(
    AllocId id, const std::function<bool(const model::AllocUpdate&)>& holds) {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [&] {
    const auto found = impl_->updates.find(id);
    return found != impl_->updates.end() && holds(found->second);
  });
  return impl_->updates.at(id);
}

model::AllocUpdate FakeServer::await_status(AllocId id, const std::string& client_status) {
  return await_update(id, [&](const model::AllocUpdate& update) {
    return update.client_status() == client_status;
  });
}

std::optional<model::AllocUpdate> FakeServer::latest(AllocId id) const {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->updates.find(id);
  if (found == impl_->updates.end()) return std::nullopt;
  return found->second;
}

std::size_t FakeServer::reports(AllocId id) const {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->report_counts.find(id);
  return found == impl_->report_counts.end() ? 0 : found->second;
}

std::size_t FakeServer::hellos() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->hellos.size();
}

std::size_t FakeServer::heartbeats() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->heartbeats;
}

model::AgentHeartbeat FakeServer::await_heartbeat() {
  std::unique_lock lock(impl_->mutex);
  const std::size_t before = impl_->heartbeats;
  impl_->changed.wait(lock, [&] { return impl_->heartbeats > before; });
  return impl_->last_heartbeat;
}

void FakeServer::await_count(const std::string& client_status, std::size_t count) {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [&] {
    std::size_t matching = 0;
    for (const auto& [id, update] : impl_->updates) {
      matching += update.client_status() == client_status ? 1 : 0;
    }
    return matching >= count;
  });
}

FakeServer::Answer FakeServer::ask(const model::SessionRequest& request,
                                   const std::vector<model::SessionFrame>& input,
                                   const std::function<bool(const Answer&)>& enough) {
  auto pending = std::make_shared<Pending>();
  pending->input = input;
  pending->enough = enough;
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [&] { return !impl_->agents.empty(); });
  const std::uint64_t id = impl_->next_session++;
  impl_->sessions[id] = pending;
  model::ServerMessage message;
  message.mutable_open_session()->set_session_id(id);
  *message.mutable_open_session()->mutable_request() = request;
  impl_->agents.front()->stream->Write(message);
  impl_->changed.wait(lock, [&] { return pending->done; });
  return pending->answer;
}

}  // namespace yurt::testing
