#include "server/agents/hub.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "base/log.h"
#include "proto/agent_stream.grpc.pb.h"
#include "server/agents/connection.h"
#include "server/agents/session.h"

namespace yurt::server {
namespace {

constexpr std::chrono::nanoseconds longest_rest = std::chrono::milliseconds(250);

// A gRPC bidirectional stream whose handler is shared: the stream deletes itself when it is done,
// and tells the handler, which others may hold longer.
class ConnectStream final
    : public grpc::ServerBidiReactor<model::AgentMessage, model::ServerMessage> {
 public:
  explicit ConnectStream(Hub& hub)
      : connection_(std::make_shared<AgentConnection>(
            hub, AgentConnection::Stream{
                     [this](const model::ServerMessage* message) { StartWrite(message); },
                     [this](bool ok) {
                       Finish(ok ? grpc::Status::OK
                                 : grpc::Status(grpc::StatusCode::UNAVAILABLE, "refused"));
                     }})) {
    StartRead(&incoming_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      connection_->finish();
      return;
    }
    connection_->received(incoming_);
    StartRead(&incoming_);
  }
  void OnWriteDone(bool ok) override { connection_->wrote(ok); }
  void OnDone() override {
    connection_->closed();
    delete this;
  }

 private:
  model::AgentMessage incoming_;
  std::shared_ptr<AgentConnection> connection_;
};

class SessionStream final
    : public grpc::ServerBidiReactor<model::SessionFrame, model::SessionFrame> {
 public:
  using Find = std::function<std::shared_ptr<PendingSession>(std::uint64_t)>;
  explicit SessionStream(Find find) : find_(std::move(find)) { StartRead(&incoming_); }

  void OnReadDone(bool ok) override {
    if (!ok) {
      finish_once(grpc::Status::OK);
      return;
    }
    if (session_) {
      session_->received(incoming_);
      return;
    }
    session_ = find_(incoming_.session_id());
    const bool attached =
        session_ &&
        session_->attach({[this](const model::SessionFrame* frame) { StartWrite(frame); },
                          [this] { StartRead(&incoming_); },
                          [this] { finish_once(grpc::Status::OK); }});
    if (!attached) {
      finish_once(grpc::Status(grpc::StatusCode::NOT_FOUND, "no such session"));
    }
  }
  void OnWriteDone(bool ok) override {
    if (session_) session_->wrote(ok);
  }
  void OnDone() override {
    if (session_) session_->closed();
    delete this;
  }

 private:
  void finish_once(const grpc::Status& status) {
    if (!finished_.exchange(true)) Finish(status);
  }

  Find find_;
  model::SessionFrame incoming_;
  std::shared_ptr<PendingSession> session_;
  std::atomic<bool> finished_{false};
};

// The caller's end of a session.
class CallerSession final : public AgentSession {
 public:
  explicit CallerSession(std::shared_ptr<PendingSession> session) : session_(std::move(session)) {}
  ~CallerSession() override { session_->abandon(); }
  bool send(const model::SessionFrame& frame) override { return session_->send(frame); }
  void consumed(std::size_t bytes) override { session_->consumed(bytes); }

 private:
  std::shared_ptr<PendingSession> session_;
};

}  // namespace

class HubService final : public model::AgentService::CallbackService {
 public:
  explicit HubService(Hub& hub) : hub_(hub) {}

  grpc::ServerBidiReactor<model::AgentMessage, model::ServerMessage>* Connect(
      grpc::CallbackServerContext*) override {
    return new ConnectStream(hub_);
  }
  grpc::ServerBidiReactor<model::SessionFrame, model::SessionFrame>* Session(
      grpc::CallbackServerContext*) override {
    return new SessionStream([this](std::uint64_t id) { return hub_.take_session(id); });
  }

 private:
  Hub& hub_;
};

Hub::Hub(StateStore& store, Proposer& proposer, Clock& clock, Random& random, Keyring& keyring,
         Cluster cluster)
    : store_(store),
      proposer_(proposer),
      clock_(clock),
      random_(random),
      watches_(store, keyring),
      cluster_(std::move(cluster)),
      reports_(store, proposer, random),
      service_(std::make_unique<HubService>(*this)) {
  static_cast<void>(store_.subscribe(this));
  pusher_ = std::thread([this] { push_changes(); });
}

Hub::~Hub() {
  store_.unsubscribe(this);
  {
    std::lock_guard lock(changes_mutex_);
    pushing_ = false;
    changes_signal_.notify_one();
  }
  pusher_.join();
}

grpc::Service* Hub::service() { return service_.get(); }

void Hub::set_leader(Heartbeats* heartbeats, std::shared_ptr<RestartTurns> turns) {
  std::vector<std::shared_ptr<AgentConnection>> leaving;
  {
    std::lock_guard lock(mutex_);
    heartbeats_ = heartbeats;
    turns_ = std::move(turns);
    caught_up_.clear();
    if (heartbeats == nullptr) {
      for (auto& [node, connection] : connections_) leaving.push_back(connection);
    }
  }
  for (auto& connection : leaving) connection->redirect();
}

void Hub::attach(const NodeId& node, const std::shared_ptr<AgentConnection>& connection) {
  std::shared_ptr<AgentConnection> old;
  std::shared_ptr<RestartTurns> turns;
  {
    std::lock_guard lock(mutex_);
    turns = turns_;
    old = std::exchange(connections_[node], connection);
    caught_up_.erase(node);
  }
  if (turns) turns->forget(node);
  // One node, one stream: an older one is a connection that broke unnoticed.
  if (old) old->finish();
}

void Hub::detach(const NodeId& node, const AgentConnection* connection) {
  std::vector<std::shared_ptr<PendingSession>> lost;
  {
    std::lock_guard lock(mutex_);
    const auto found = connections_.find(node);
    if (found == connections_.end() || found->second.get() != connection) return;
    connections_.erase(found);
    caught_up_.erase(node);
    std::erase_if(sessions_, [&](const auto& entry) {
      if (entry.second.node != node) return false;
      lost.push_back(entry.second.session);
      return true;
    });
  }
  for (auto& session : lost) session->fail({ErrorCode::unavailable, "No path to node"});
}

std::int64_t Hub::beat(const NodeId& node) {
  std::lock_guard lock(mutex_);
  if (heartbeats_ == nullptr || stopping_) return 0;
  const std::int64_t ttl = heartbeats_->ttl(random_);
  heartbeats_->beat(node, clock_.steady_ns(), ttl);
  return ttl;
}

void Hub::caught_up(const NodeId& node, const AgentConnection* connection) {
  std::lock_guard lock(mutex_);
  const auto found = connections_.find(node);
  if (found != connections_.end() && found->second.get() == connection) caught_up_.insert(node);
}

void Hub::take_turn(const NodeId& node, const model::RestartTurn& turn) {
  std::shared_ptr<RestartTurns> turns;
  {
    std::lock_guard lock(mutex_);
    turns = turns_;
  }
  if (turns) turns->take(node, turn, store_.snapshot());
}

void Hub::grant_turns() {
  std::shared_ptr<RestartTurns> turns;
  std::unordered_set<NodeId> caught_up;
  {
    std::lock_guard lock(mutex_);
    if (!turns_ || turns_->idle()) return;
    turns = turns_;
    caught_up = caught_up_;
  }
  const auto answers = turns->decide(store_.snapshot(), clock_.wall_ns(),
                                     [&](const NodeId& node) { return caught_up.contains(node); });
  for (const auto& answer : answers) {
    std::shared_ptr<AgentConnection> connection;
    {
      std::lock_guard lock(mutex_);
      const auto found = connections_.find(answer.node);
      if (found != connections_.end()) connection = found->second;
    }
    // An agent that is away now asks again.
    if (!connection) continue;
    model::ServerMessage message;
    *message.mutable_restart_turn_grant() = answer.grant;
    connection->send(std::move(message));
  }
}

void Hub::note_stats(const NodeId& node, std::string stats_json) {
  std::lock_guard lock(mutex_);
  stats_[node] = std::move(stats_json);
}

std::string Hub::node_stats(const NodeId& node) const {
  std::lock_guard lock(mutex_);
  const auto found = stats_.find(node);
  return found == stats_.end() ? std::string() : found->second;
}

std::size_t Hub::connected() const {
  std::lock_guard lock(mutex_);
  return connections_.size();
}

Result<std::unique_ptr<AgentSession>> Hub::open_session(const NodeId& node,
                                                        const model::SessionRequest& request,
                                                        SessionEvents events) {
  std::shared_ptr<AgentConnection> connection;
  model::ServerMessage message;
  auto session = std::make_shared<PendingSession>(std::move(events));
  {
    std::lock_guard lock(mutex_);
    const auto found = connections_.find(node);
    if (found == connections_.end()) {
      return Error{ErrorCode::unavailable, "No path to node"};
    }
    connection = found->second;
    const std::uint64_t id = next_session_++;
    sessions_.emplace(id, Asked{node, session});
    message.mutable_open_session()->set_session_id(id);
  }
  *message.mutable_open_session()->mutable_request() = request;
  connection->send(std::move(message));
  return std::unique_ptr<AgentSession>(std::make_unique<CallerSession>(std::move(session)));
}

std::shared_ptr<PendingSession> Hub::take_session(std::uint64_t id) {
  std::lock_guard lock(mutex_);
  auto found = sessions_.extract(id);
  return found ? std::move(found.mapped().session) : nullptr;
}

void Hub::stop() {
  std::vector<std::shared_ptr<AgentConnection>> connections;
  std::vector<std::shared_ptr<PendingSession>> sessions;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& [node, connection] : connections_) connections.push_back(connection);
    for (auto& [id, asked] : sessions_) sessions.push_back(asked.session);
    sessions_.clear();
  }
  for (auto& connection : connections) connection->redirect();
  for (auto& session : sessions) {
    session->fail({ErrorCode::unavailable, "the server is shutting down"});
  }
}

void Hub::on_changes(const ChangesRef& changes) {
  const bool watched = watches_.note(*changes);
  std::lock_guard lock(changes_mutex_);
  watched_changes_ |= watched;
  for (const AllocChange& change : changes->allocs) {
    // What the agent itself reported moves no alloc_modify_index and is not told back to it.
    if (change.after && change.before &&
        change.before->alloc_modify_index == change.after->alloc_modify_index) {
      continue;
    }
    if (change.after) {
      changes_[change.after->node].changed.push_back(change.after->id);
    } else {
      changes_[change.before->node].forgotten.push_back(change.before->id);
    }
  }
  if (!changes_.empty() || watched_changes_) changes_signal_.notify_one();
}

void Hub::push_changes() {
  std::unique_lock changes_lock(changes_mutex_);
  while (true) {
    changes_signal_.wait(changes_lock,
                         [this] { return !pushing_ || !changes_.empty() || watched_changes_; });
    if (!pushing_) return;
    const auto changes = std::exchange(changes_, {});
    const bool watched = std::exchange(watched_changes_, false);
    changes_lock.unlock();
    const std::int64_t started_ns = clock_.steady_ns();
    if (watched) watches_.push();
    for (const auto& [node, of_node] : changes) {
      std::shared_ptr<AgentConnection> connection;
      {
        std::lock_guard lock(mutex_);
        const auto found = connections_.find(node);
        if (found != connections_.end()) connection = found->second;
      }
      if (connection) connection->push(of_node.changed, of_node.forgotten);
    }
    // It rests as long as it worked: a lone change goes out at once, and the more there is to tell,
    // the more of it goes out in one message to each node.
    const auto rest =
        std::min(longest_rest, std::chrono::nanoseconds(clock_.steady_ns() - started_ns));
    changes_lock.lock();
    changes_signal_.wait_for(changes_lock, rest, [this] { return !pushing_; });
  }
}

}  // namespace yurt::server
