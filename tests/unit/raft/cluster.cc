#include "tests/unit/raft/cluster.h"

#include "base/assert.h"

namespace yurt::raft {

Cluster::Cluster(int count, CoreOptions options, Mutations mutations)
    : options_(options), mutations_(mutations) {
  Configuration founders;
  for (int i = 1; i <= count; ++i) {
    founders.peers.push_back({static_cast<PeerId>(i), "server-" + std::to_string(i), true});
  }
  for (const auto& peer : founders.peers) add_blank(peer.id);
  for (const auto& peer : founders.peers) step(peer.id, Bootstrap{founders});
  pump();
}

void Cluster::add_blank(PeerId id) {
  servers_[id];
  start(id);
}

void Cluster::start(PeerId id) {
  Server& server = servers_.at(id);
  CoreState state = server.disk.state();
  state.applied = server.applied;
  state.nonce = id << 32 | static_cast<std::uint64_t>(now_ns_ / ms);
  CoreOptions options = options_;
  options.self = id;
  server.core =
      std::make_unique<Core>(options, state, server.disk, now_ns_ + server.ahead_ns, mutations_);
}

void Cluster::step(PeerId id, Event event) {
  core(id).step(now_ns_ + servers_.at(id).ahead_ns, std::move(event));
  carry_out(id);
}

void Cluster::carry_out(PeerId id) {
  Server& server = servers_.at(id);
  Output output = server.core->take_output();
  if (output.write) {
    const Write write = *output.write;
    server.disk.hand_in(std::move(*output.write), history_);
    for (const auto& entry : write.entries) {
      YURT_ASSERT(
          history_.note_entry(entry.index, entry.term, server.disk.handed().chain(entry.index)));
    }
  }
  for (auto& message : output.messages) {
    server.sent.push_back(message);
    wire_.push_back(std::move(message));
  }
  for (auto& entry : output.committed) to_apply_[id].push_back(std::move(entry));
  server.answers.insert(server.answers.end(), output.answers.begin(), output.answers.end());
  server.reads.insert(server.reads.end(), output.reads.begin(), output.reads.end());
  server.snapshots.insert(server.snapshots.end(), output.snapshots.begin(), output.snapshots.end());
  server.caught_up.insert(server.caught_up.end(), output.caught_up.begin(), output.caught_up.end());
  if (output.install) server.install = output.install;
}

bool Cluster::apply(PeerId id) {
  Server& server = servers_.at(id);
  auto& entries = to_apply_[id];
  if (entries.empty() || server.apply_held) return false;
  for (const auto& entry : entries) {
    if (entry.kind == EntryKind::command) server.commands.emplace_back(entry.bytes());
    server.applied = entry.index;
  }
  entries.clear();
  step(id, Applied{server.applied});
  return true;
}

void Cluster::sync(PeerId id) {
  Server& server = servers_.at(id);
  while (server.disk.waiting() > 0) {
    const std::uint64_t sequence = server.disk.sync(server.disk.waiting(), history_);
    step(id, Persisted{sequence});
  }
}

void Cluster::pump() {
  for (bool busy = true; busy;) {
    busy = false;
    while (!wire_.empty()) {
      Message message = std::move(wire_.front());
      wire_.pop_front();
      busy = true;
      if (cut_.contains({message.from, message.to})) continue;
      if (servers_.contains(message.to) && up(message.to)) step(message.to, Received{message});
    }
    for (auto& [id, server] : servers_) {
      if (!server.core) continue;
      if (server.disk.waiting() > 0 && !server.disk_held) {
        sync(id);
        busy = true;
      }
      if (apply(id)) busy = true;
    }
  }
}

bool Cluster::deliver(const std::function<bool(const Message&)>& wanted) {
  for (auto message = wire_.begin(); message != wire_.end(); ++message) {
    if (!wanted(*message)) continue;
    const Message taken = *message;
    wire_.erase(message);
    if (up(taken.to)) step(taken.to, Received{taken});
    return true;
  }
  return false;
}

void Cluster::elapse(std::int64_t duration_ms) {
  for (; duration_ms > 0; duration_ms -= 10) {
    pass(10);
    for (auto& [id, server] : servers_) {
      // 20 ms between one server's timeout and the next.
      if (server.core) step(id, Tick{static_cast<std::uint64_t>(20 * ms) * id});
    }
    pump();
  }
}

void Cluster::campaign(PeerId id) {
  step(id, Tick{0});
  pass(2 * options_.election_timeout_ns / ms);
  step(id, Tick{0});
  YURT_ASSERT(core(id).role().role != Role::follower);
}

void Cluster::elect(PeerId id) {
  campaign(id);
  pump();
  if (leader() != id) {
    // The first answers told it of a higher term.
    campaign(id);
    pump();
  }
  YURT_ASSERT(leader() == id);
}

void Cluster::isolate(PeerId id) {
  for (const auto& [other, server] : servers_) {
    cut(id, other);
    cut(other, id);
  }
}

void Cluster::crash(PeerId id) {
  Server& server = servers_.at(id);
  server.disk.crash(0, history_);
  server.core.reset();
  to_apply_[id].clear();
}

void Cluster::restart(PeerId id) {
  if (up(id)) crash(id);
  start(id);
}

Answer Cluster::propose(PeerId id, const std::string& text) {
  const std::uint64_t token = next_token_++;
  step(id, Propose{{{token, std::make_shared<const std::string>(text)}}});
  YURT_ASSERT(servers_.at(id).answers.back().token == token);
  return servers_.at(id).answers.back();
}

Answer Cluster::change(PeerId id, MembershipChange change, PeerId peer) {
  const std::uint64_t token = next_token_++;
  step(id, ChangeMembership{token, change, {peer, "server-" + std::to_string(peer), true}});
  YURT_ASSERT(servers_.at(id).answers.back().token == token);
  return servers_.at(id).answers.back();
}

std::optional<ReadAnswer> Cluster::read(PeerId id) {
  last_read_[id] = next_token_++;
  step(id, Read{last_read_[id]});
  return answer_of_read(id);
}

std::optional<ReadAnswer> Cluster::answer_of_read(PeerId id) {
  for (const auto& answer : servers_.at(id).reads) {
    if (answer.token == last_read_.at(id)) return answer;
  }
  return std::nullopt;
}

void Cluster::others_gain(PeerId slow, std::int64_t duration_ms) {
  for (auto& [id, server] : servers_) {
    if (id != slow) server.ahead_ns += duration_ms * ms;
  }
}

PeerId Cluster::leader() {
  PeerId found = 0;
  for (const auto& [id, server] : servers_) {
    if (!server.core || server.core->role().role != Role::leader) continue;
    if (found == 0 || core(found).role().term < server.core->role().term) found = id;
  }
  return found;
}

std::string Cluster::terms(PeerId id) {
  std::string text;
  for (Index index = core(id).start_index() + 1; index <= core(id).last_index(); ++index) {
    if (!text.empty()) text += " ";
    text += std::to_string(core(id).term_at(index));
  }
  return text;
}

}  // namespace yurt::raft
