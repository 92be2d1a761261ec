#include "agent/stream/connection.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/log.h"

namespace yurt::agent {
namespace {

constexpr std::int64_t coalesce_ns = 2 * nanoseconds_per_millisecond;
constexpr std::int64_t welcome_timeout_ns = 5 * nanoseconds_per_second;
constexpr std::int64_t shortest_ttl_ns = 300 * nanoseconds_per_millisecond;
// A failover grants every node minutes; the agent still wants to notice a dead link soon.
constexpr std::int64_t longest_silence_ns = 30 * nanoseconds_per_second;

}  // namespace

// How many links have not told their end yet; outlives the Connection through their callbacks.
struct Connection::Closing {
  std::mutex mutex;
  std::condition_variable changed;
  int open = 0;
};

Connection::Connection(Loop& loop, Clock& clock, Random& random, ConnectionHost& host,
                       ServerList servers)
    : loop_(loop),
      clock_(clock),
      random_(random),
      host_(host),
      servers_(std::move(servers)),
      closing_(std::make_shared<Closing>()) {}

Connection::~Connection() { shutdown(); }

void Connection::shutdown() {
  if (link_) link_->close();
  link_.reset();
  std::unique_lock lock(closing_->mutex);
  closing_->changed.wait(lock, [this] { return closing_->open == 0; });
  lock.unlock();
  links_.clear();
}

void Connection::start() { dial(servers_.next(random_.fraction())); }

void Connection::dial(const ServerList::Dial& next) {
  loop_.cancel(dial_timer_);
  dial_timer_ = loop_.at(in(next.wait_ns), [this, address = next.address] { open(address); });
}

void Connection::open(const std::string& address) {
  drop_link();
  address_ = address;
  const std::uint64_t generation = ++generation_;
  {
    const std::lock_guard lock(closing_->mutex);
    ++closing_->open;
  }
  ServerLink::Events events;
  events.on_message = [this, generation](model::ServerMessage message) {
    loop_.post([this, generation, message = std::move(message)]() mutable {
      receive(generation, std::move(message));
    });
  };
  events.on_closed = [this, generation, closing = closing_](const std::string& reason) {
    loop_.post([this, generation, reason] { closed(generation, reason); });
    const std::lock_guard lock(closing->mutex);
    --closing->open;
    closing->changed.notify_all();
  };
  link_ = ServerLink::open(address, std::move(events));
  links_[generation] = link_;
  model::AgentMessage message;
  *message.mutable_hello() = host_.hello();
  link_->send(std::move(message));
  last_heard_ns_ = clock_.steady_ns();
  ttl_ns_ = welcome_timeout_ns;
  watch_silence();
}

void Connection::drop_link() {
  loop_.cancel(beat_timer_);
  loop_.cancel(silence_timer_);
  loop_.cancel(flush_timer_);
  loop_.cancel(watch_timer_);
  flush_timer_ = watch_timer_ = 0;
  if (link_) link_->close();
  link_.reset();
  ++generation_;
  updates_.disconnected();
  welcomed_ = false;
}

void Connection::closed(std::uint64_t link, const std::string& reason) {
  links_.erase(link);
  if (link == generation_) lost(reason);
}

void Connection::lost(const std::string& reason) {
  YURT_LOG(warn, "agent", "the connection to {} is gone: {}", address_, reason);
  drop_link();
  dial(servers_.next(random_.fraction()));
}

void Connection::receive(std::uint64_t generation, model::ServerMessage message) {
  if (generation != generation_) return;
  last_heard_ns_ = clock_.steady_ns();
  switch (message.kind_case()) {
    case model::ServerMessage::kWelcome: welcome(message.welcome()); return;
    case model::ServerMessage::kNotLeader: {
      const auto& answer = message.not_leader();
      learn(answer.servers());
      drop_link();
      dial(servers_.redirected(answer.leader_address(), random_.fraction()));
      return;
    }
    case model::ServerMessage::kAssignments:
      host_.heard();
      host_.assigned(std::move(*message.mutable_assignments()));
      return;
    case model::ServerMessage::kUpdatesAck:
      host_.heard();
      for (const AllocId id : updates_.acknowledged(message.updates_ack().sequence())) {
        host_.acknowledged(id);
      }
      flush_soon();
      return;
    case model::ServerMessage::kHeartbeatAck:
      host_.heard();
      learn(message.heartbeat_ack().servers());
      if (message.heartbeat_ack().heartbeat_ttl() > 0) {
        ttl_ns_ = std::max(shortest_ttl_ns, message.heartbeat_ack().heartbeat_ttl());
      }
      return;
    case model::ServerMessage::kOpenSession:
      host_.session_wanted(link_, std::move(*message.mutable_open_session()));
      return;
    case model::ServerMessage::kWatchResult:
      host_.watch_answered(std::move(*message.mutable_watch_result()));
      return;
    case model::ServerMessage::kRestartTurnGrant:
      host_.turn_answered(message.restart_turn_grant());
      return;
    case model::ServerMessage::KIND_NOT_SET: return;  // from a newer server
  }
}

void Connection::welcome(const model::Welcome& welcome) {
  welcomed_ = true;
  servers_.succeeded();
  learn(welcome.servers());
  ttl_ns_ = std::max(shortest_ttl_ns, welcome.heartbeat_ttl());
  YURT_LOG(info, "agent", "connected to {}", address_);
  host_.heard();
  beat();
  watch_silence();
  flush();
  for (const auto& turn : host_.standing_turns()) send_turn(turn);
  // Last, and even when there are none: the server knows then that it has been told everything.
  send_watches();
}

void Connection::learn(const google::protobuf::RepeatedPtrField<std::string>& servers) {
  const std::vector<std::string> told(servers.begin(), servers.end());
  if (told.empty() || told == servers_.told()) return;
  servers_.learn(told);
  host_.servers_learned(told);
}

void Connection::beat() {
  if (!welcomed_) return;
  model::AgentMessage message;
  message.mutable_heartbeat()->set_sequence(++beats_);
  message.mutable_heartbeat()->set_stats_json(host_.stats_json());
  link_->send(std::move(message));
  loop_.cancel(beat_timer_);
  beat_timer_ = loop_.at(in(std::min(ttl_ns_, longest_silence_ns) / 3), [this] { beat(); });
}

// A link that is silent for a whole ttl, though beats are answered, is dead.
void Connection::watch_silence() {
  loop_.cancel(silence_timer_);
  const std::int64_t limit_ns = std::min(ttl_ns_, longest_silence_ns);
  silence_timer_ = loop_.at(std::max(last_heard_ns_ + limit_ns, in(limit_ns / 10)), [this] {
    const std::int64_t silent_ns = clock_.steady_ns() - last_heard_ns_;
    if (silent_ns >= std::min(ttl_ns_, longest_silence_ns)) {
      lost("the server does not answer");
    } else {
      watch_silence();
    }
  });
}

void Connection::changed(AllocId id) {
  updates_.changed(id);
  flush_soon();
}

void Connection::flush_soon() {
  if (!welcomed_ || flush_timer_ != 0) return;
  flush_timer_ = loop_.at(in(coalesce_ns), [this] { flush(); });
}

void Connection::flush() {
  loop_.cancel(flush_timer_);
  flush_timer_ = 0;
  if (!welcomed_) return;
  while (const auto batch = updates_.next()) {
    model::AgentMessage message;
    auto& updates = *message.mutable_updates();
    updates.set_sequence(batch->sequence);
    for (const AllocId id : batch->allocs) {
      if (auto update = host_.update_of(id)) *updates.add_updates() = std::move(*update);
    }
    link_->send(std::move(message));
  }
}

void Connection::watches_changed() {
  if (!welcomed_ || !link_ || watch_timer_ != 0) return;
  watch_timer_ = loop_.at(in(coalesce_ns), [this] { send_watches(); });
}

void Connection::send_watches() {
  loop_.cancel(watch_timer_);
  watch_timer_ = 0;
  if (!welcomed_ || !link_) return;
  model::AgentMessage message;
  *message.mutable_watches() = host_.watches();
  link_->send(std::move(message));
}

void Connection::send_turn(const model::RestartTurn& turn) {
  if (!welcomed_ || !link_) return;  // the next connection begins with it
  model::AgentMessage message;
  *message.mutable_restart_turn() = turn;
  link_->send(std::move(message));
}

void Connection::send_node(const model::Node& node) {
  if (!welcomed_) return;  // the next hello carries it
  model::AgentMessage message;
  *message.mutable_node() = node;
  link_->send(std::move(message));
}

}  // namespace yurt::agent
