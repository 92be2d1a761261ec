// What a core wants done, carried out in the simulated world and checked against the invariants.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/clock.h"
#include "raft/sim/simulator.h"
#include "raft/sim/trace.h"

namespace yurt::raft::sim {

void Simulator::note(Violation violation) {
  if (!violation || verdict_.violation) return;
  verdict_.violation =
      fmt::format("at {} ms: {}", agenda_.now_ns() / nanoseconds_per_millisecond, *violation);
  say("VIOLATION " + *verdict_.violation);
}

ServerView Simulator::view(SimServer& server) const {
  ServerView view;
  view.id = server.id;
  view.disk = &server.disk;
  view.ever_applied = server.ever_applied;
  view.applied = server.machine.index;
  view.commit_before = server.commit_seen;
  if (!server.up()) return view;
  view.role = server.core->role();
  view.hard_state = server.core->hard_state();
  view.commit = server.core->commit_index();
  view.configuration = &server.core->configuration();
  return view;
}

const SimDisk* Simulator::disk_of(PeerId id) const {
  const auto found = servers_.find(id);
  return found == servers_.end() ? nullptr : &found->second.disk;
}

void Simulator::carry_out(SimServer& server) {
  Output output = server.core->take_output();
  if (output.empty()) return;
  const ServerView view = this->view(server);
  if (trace_) say(fmt::format("{} {}", server.id, describe(output)));
  if (output.role && output.role->role == Role::leader && !output.role->ready) {
    ++verdict_.elections;
  }
  if (output.write) hand_in(server, std::move(*output.write), view);
  check_state(server);
  for (const auto& message : output.messages) {
    note(answers_are_durable_and_true(view, message, history_,
                                      [this](PeerId id) { return disk_of(id); }));
    note(one_vote_in_a_term(view, message, history_));
    send(server, message);
  }
  note(applied_is_committed_and_durable(view, output, history_));
  for (auto& entry : output.committed) server.to_apply.push_back(std::move(entry));
  plan_apply(server);
  for (const auto& answer : output.answers) {
    if (answer.refusal == Refusal::none && answer.index != 0) {
      server.mine[answer.index] = answer.term;
    }
    if (answer.refusal == Refusal::none && answer.index == 0) ++verdict_.transfers;
  }
  for (const auto& answer : output.reads) {
    const auto asked = server.reads.find(answer.token);
    YURT_ASSERT(asked != server.reads.end());
    note(read_safety(view, answer, asked->second));
    server.reads.erase(asked);
    if (answer.refusal == Refusal::none) ++verdict_.reads;
  }
  for (const auto& wanted : output.snapshots) send_snapshot(server, wanted);
  for (const PeerId learner : output.caught_up) {
    give(server, ChangeMembership{next_token_++, MembershipChange::promote, {learner, "", true}});
  }
  if (output.install) install(server, *output.install);
  server.arrived.clear();
}

void Simulator::check_state(SimServer& server) {
  const ServerView now = view(server);
  note(election_safety(now, history_));
  note(state_machine_safety(now, history_));
  note(leader_completeness(now, history_));
  note(commitment_is_durable(now, [this](PeerId id) { return disk_of(id); }));
  server.commit_seen = now.commit;
}

void Simulator::hand_in(SimServer& server, Write write, const ServerView& view) {
  note(committed_never_truncated(view, write));
  const Write copy = write;
  server.disk.hand_in(std::move(write), history_);
  note(log_matching(view, copy, history_));
  note(one_change_at_a_time(view, copy, server.configuration_seen, server.configuration_index));
  if (copy.configurations && !copy.configurations->empty()) {
    server.configuration_seen = copy.configurations->back().configuration;
    server.configuration_index = copy.configurations->back().index;
  }
  plan_sync(server);
}

void Simulator::send(SimServer& server, const Message& message) {
  const auto receiver = servers_.find(message.to);
  YURT_ASSERT(receiver != servers_.end() && message.to != server.id);
  const bool cut = cut_.contains({message.from, message.to});
  if (cut || (faulty_ && chance(options_.loss))) {
    if (chance(0.2)) give(server, PeerUnreachable{message.to});
    return;
  }
  const int copies = faulty_ && chance(options_.duplication) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    std::int64_t delay_ns = around(faulty_ ? options_.delay_ns : 100'000);
    if (faulty_ && chance(options_.long_delay)) {
      delay_ns += static_cast<std::int64_t>(
          random_.below(static_cast<std::uint64_t>(options_.long_delay_ns)));
    }
    agenda_.after(delay_ns, [this, message] {
      SimServer& target = servers_.at(message.to);
      if (target.up()) give(target, Received{message});
    });
  }
}

// Files travel outside the message path, slowly, and may not arrive.
void Simulator::send_snapshot(SimServer& server, const SendSnapshot& wanted) {
  SimSnapshot snapshot;
  snapshot.meta = server.core->describe_snapshot(server.core->applied_index());
  snapshot.machine = {snapshot.meta.index, server.disk.handed().chain(snapshot.meta.index)};
  server.sending[wanted.peer] = snapshot.meta.index;
  const std::int64_t travel_ns = around(faulty_ ? 200'000'000 : 20'000'000);
  on_server(server, travel_ns, [this, wanted, snapshot](SimServer& sender) {
    SimServer& receiver = servers_.at(wanted.peer);
    const bool arrives =
        receiver.up() && !cut_.contains({sender.id, wanted.peer}) && !(faulty_ && chance(0.1));
    if (arrives) deliver_snapshot(receiver, sender.id, wanted.term, snapshot);
    on_server(sender, around(50'000'000), [this, wanted, snapshot, arrives](SimServer& same) {
      const LogImage& log = servers_.at(wanted.peer).disk.synced();
      const bool installed = arrives && log.last() >= snapshot.meta.index;
      if (installed) ++verdict_.snapshots;
      same.sending.erase(wanted.peer);
      give(same, SnapshotSent{wanted.peer, snapshot.meta.index, installed});
    });
  });
}

void Simulator::deliver_snapshot(SimServer& server, PeerId from, Term term,
                                 const SimSnapshot& snapshot) {
  // Handed in and taken up at once, so that the files of one not wanted are gone by the next.
  server.arrived[snapshot.meta.index] = snapshot;
  server.core->step(server.local_time(agenda_.now_ns()),
                    Received{{from, server.id, term, InstallSnapshot{snapshot.meta}}});
  carry_out(server);
}

void Simulator::install(SimServer& server, const SnapshotMeta& meta) {
  const auto arrived = server.arrived.find(meta.index);
  YURT_ASSERT(arrived != server.arrived.end());
  const SimSnapshot snapshot = arrived->second;
  on_server(server, around(20'000'000), [this, snapshot](SimServer& same) {
    if (!same.to_apply.empty()) {
      same.arrived[snapshot.meta.index] = snapshot;
      return install(same, snapshot.meta);
    }
    const bool works = !(faulty_ && chance(0.15));
    if (works) {
      same.machine = same.durable_machine = snapshot.machine;
      same.restored = snapshot.meta;
      same.ever_applied = std::max(same.ever_applied, snapshot.meta.index);
      same.mine.clear();
    }
    say(fmt::format("{} restores snapshot {}: {}", same.id, snapshot.meta.index, works));
    give(same, SnapshotRestored{snapshot.meta, works});
  });
}

}  // namespace yurt::raft::sim
