// Callers: what the simulated cluster is used for, and whether it still serves.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/clock.h"
#include "raft/sim/simulator.h"

namespace yurt::raft::sim {
namespace {

// Callers hold back when so much is not committed yet, as real ones wait for answers.
constexpr Index patience = 200;

}  // namespace

SimServer* Simulator::leader() {
  SimServer* found = nullptr;
  for (auto& [id, server] : servers_) {
    if (!server.up() || server.core->role().role != Role::leader) continue;
    if (found == nullptr || server.core->role().term > found->core->role().term) found = &server;
  }
  return found;
}

void Simulator::plan_callers() {
  const auto asked = [this]() -> SimServer& {
    SimServer* now_leading = leader();
    return now_leading != nullptr && !chance(0.1) ? *now_leading : any_server();
  };
  every(options_.propose_every_ns, [this, asked] { propose(asked()); });
  // Readers ask anybody, old leaders included.
  every(options_.read_every_ns, [this] { read(any_server()); });
  every(options_.membership_every_ns, [this] { change_membership(); });
  every(options_.transfer_every_ns, [this] { transfer_leadership(); });
  every(options_.compact_every_ns, [this] { compact(any_server()); });
}

void Simulator::propose(SimServer& server) {
  if (!server.up() || server.core->last_index() > server.core->commit_index() + patience) return;
  Propose event;
  for (std::uint64_t count = chance(0.1) ? 1 + random_.below(20) : 1; count > 0; --count) {
    const std::uint64_t token = next_token_++;
    std::string bytes = fmt::format("write {}", token);
    bytes.append(random_.below(options_.max_payload_bytes), '.');
    event.proposals.push_back({token, std::make_shared<const std::string>(std::move(bytes))});
  }
  give(server, std::move(event));
}

void Simulator::read(SimServer& server) {
  if (!server.up()) return;
  const std::uint64_t token = next_token_++;
  server.reads[token] = history_.last_acknowledged();
  give(server, Read{token});
}

void Simulator::change_membership() {
  SimServer* asked = leader();
  if (asked == nullptr) return;
  ChangeMembership event{next_token_++, MembershipChange::add_learner, {}};
  const Configuration& now = asked->core->configuration();
  const PeerId one = any_server().id;
  event.peer = {one, fmt::format("server-{}", one), true};
  if (now.find(one) != nullptr) {
    // Keep enough members for faults to be survived.
    if (now.is_voter(one) && now.voter_count() <= 2) return;
    event.change =
        now.is_voter(one) || chance(0.3) ? MembershipChange::remove : MembershipChange::promote;
  }
  ++verdict_.membership_changes;
  give(*asked, event);
  // A second one right behind must be refused.
  if (chance(0.3)) {
    const PeerId other = any_server().id;
    if (now.voter_count() > 3) {
      give(*asked, ChangeMembership{next_token_++, MembershipChange::remove, {other, "", true}});
    } else if (now.find(other) == nullptr) {
      give(*asked, ChangeMembership{next_token_++,
                                    MembershipChange::add_learner,
                                    {other, fmt::format("server-{}", other), true}});
    }
  }
}

void Simulator::transfer_leadership() {
  SimServer* asked = leader();
  if (asked == nullptr) return;
  give(*asked, TransferLeadership{next_token_++, chance(0.5) ? 0 : any_server().id});
  if (options_.leader_struck > 0 && chance(0.3)) {
    // The old leader does not learn what came of it for a while.
    std::vector<std::pair<PeerId, PeerId>> links;
    for (const auto& [id, server] : servers_) {
      if (id != asked->id) links.emplace_back(id, asked->id);
    }
    agenda_.after(around(options_.delay_ns), [this, links] { cut_for(links, 400'000'000); });
  }
}

void Simulator::compact(SimServer& server) {
  if (!server.up()) return;
  Index index = std::min(server.durable_machine.index, server.core->applied_index());
  for (const auto& [peer, needed] : server.sending) index = std::min(index, needed);
  const Index tail = random_.below(30);
  if (index > tail) give(server, Compact{index - tail});
}

// What is still missing for a recovered cluster; nothing: it has recovered. Asks for a bit more.
Violation Simulator::unfinished() {
  SimServer* leading = leader();
  if (leading == nullptr) return "nobody leads";
  propose(*leading);
  for (auto& [id, server] : servers_) {
    if (!server.reads.empty()) return fmt::format("reads at server {} are not answered", id);
  }
  if (!leading->core->role().ready) return fmt::format("leader {} is not ready", leading->id);
  const Index commit = leading->core->commit_index();
  if (commit != leading->core->last_index()) return "entries are not committed";
  for (const auto& peer : leading->core->configuration().peers) {
    const SimServer& member = servers_.at(peer.id);
    if (member.machine.index != commit) {
      return fmt::format("member {} has applied {} of {}", peer.id, member.machine.index, commit);
    }
    if (member.machine.chain != leading->machine.chain) {
      return fmt::format("member {} has another state than the leader", peer.id);
    }
  }
  return {};
}

}  // namespace yurt::raft::sim
