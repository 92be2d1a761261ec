#include "raft/sim/invariants.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"

namespace yurt::raft::sim {

Violation election_safety(const ServerView& server, History& history) {
  if (server.role.role != Role::leader) return {};
  if (history.note_leader(server.role.term, server.id)) return {};
  return fmt::format("election safety: servers {} and {} both lead term {}", server.id,
                     history.leader_of(server.role.term), server.role.term);
}

Violation log_matching(const ServerView& server, const Write& write, History& history) {
  const LogImage& log = server.disk->handed();
  for (const auto& entry : write.entries) {
    if (history.note_entry(entry.index, entry.term, log.chain(entry.index))) continue;
    return fmt::format(
        "log matching: server {} has another entry (or history) at index {} of term {} than the "
        "first server that had one",
        server.id, entry.index, entry.term);
  }
  return {};
}

Violation leader_completeness(const ServerView& server, const History& history) {
  if (server.role.role != Role::leader) return {};
  const LogImage& log = server.disk->handed();
  // Chain values cover all before them, so the newest is enough.
  const Index newest = history.last_committed_before(server.role.term);
  if (newest == 0 || newest < log.start()) return {};
  const History::Committed& committed = history.committed().at(newest);
  if (log.holds(newest) && log.chain(newest) == committed.chain) return {};
  return fmt::format("leader completeness: server {} leads term {} without entry {} of term {}",
                     server.id, server.role.term, newest, committed.term);
}

Violation state_machine_safety(const ServerView& server, History& history) {
  const LogImage& log = server.disk->handed();
  for (Index index = std::max(server.commit_before, log.start()) + 1; index <= server.commit;
       ++index) {
    if (history.note_commit(index, {log.term(index), log.chain(index), server.hard_state.term})) {
      continue;
    }
    return fmt::format("state machine safety: server {} knows another entry committed at index {}",
                       server.id, index);
  }
  return {};
}

Violation applied_is_committed_and_durable(const ServerView& server, const Output& output,
                                           const History& history) {
  const LogImage& synced = server.disk->synced();
  for (const auto& entry : output.committed) {
    const auto committed = history.committed().find(entry.index);
    if (committed == history.committed().end() || committed->second.term != entry.term) {
      return fmt::format("server {} applies entry {} of term {}, which is not committed", server.id,
                         entry.index, entry.term);
    }
    if (!synced.holds(entry.index) || synced.chain(entry.index) != committed->second.chain) {
      return fmt::format("server {} applies entry {} that is not on its disk", server.id,
                         entry.index);
    }
  }
  return {};
}

Violation committed_never_truncated(const ServerView& server, const Write& write) {
  const bool replaced = write.start && write.start->index >= server.ever_applied;
  const Index known = std::max(server.commit_before, server.ever_applied);
  if (write.truncate_from == 0 || write.truncate_from > known || replaced) return {};
  return fmt::format("server {} truncates from {} although {} is committed", server.id,
                     write.truncate_from, known);
}

Violation committed_survives_restart(const ServerView& server) {
  if (server.disk->synced().last() >= server.ever_applied) return {};
  return fmt::format("server {} comes back with a log up to {} and had applied {}", server.id,
                     server.disk->synced().last(), server.ever_applied);
}

Violation commitment_is_durable(const ServerView& server, const DiskOf& disk_of) {
  if (server.role.role != Role::leader || server.commit <= server.commit_before) return {};
  const std::uint64_t chain = server.disk->handed().chain(server.commit);
  const bool durable = server.configuration->majority([&](PeerId id) {
    const SimDisk* disk = disk_of(id);
    if (disk == nullptr) return false;
    const LogImage& log = disk->synced();
    return log.start() > server.commit ||
           (log.holds(server.commit) && log.chain(server.commit) == chain);
  });
  if (durable) return {};
  return fmt::format("leader {} commits {} in term {}, which no majority has on disk", server.id,
                     server.commit, server.role.term);
}

Violation answers_are_durable_and_true(const ServerView& server, const Message& message,
                                       const History& history, const DiskOf& disk_of) {
  const HardState& durable = server.disk->synced_hard_state();
  if (durable.term < message.term) {
    return fmt::format("server {} speaks in term {} with term {} on disk", server.id, message.term,
                       durable.term);
  }
  const auto* vote = std::get_if<VoteReply>(&message.body);
  if (vote != nullptr && vote->granted && !vote->pre && durable.term == message.term &&
      durable.vote != message.to) {
    return fmt::format("server {} gives a vote in term {} that is not on its disk", server.id,
                       message.term);
  }
  const auto* append = std::get_if<AppendReply>(&message.body);
  const auto* heartbeat = std::get_if<HeartbeatReply>(&message.body);
  Index match = 0;
  if (append != nullptr && append->accepted) match = append->match;
  if (heartbeat != nullptr) match = heartbeat->match;
  const LogImage& log = server.disk->synced();
  if (match <= log.start()) return {};
  if (!log.holds(match)) {
    return fmt::format("server {} acknowledges {} and has {} on disk", server.id, match,
                       log.last());
  }
  const SimDisk* leader = disk_of(message.to);
  if (leader == nullptr || history.leader_of(message.term) != message.to ||
      match < leader->handed().start()) {
    return {};
  }
  // A leader of the past may have lost entries since; those it still holds must be the same.
  if (!leader->handed().holds(match)) return {};
  if (leader->synced_hard_state().term != message.term) return {};
  if (leader->handed().chain(match) == log.chain(match)) return {};
  return fmt::format("server {} acknowledges entry {} to leader {}, which has another one",
                     server.id, match, message.to);
}

Violation one_vote_in_a_term(const ServerView& server, const Message& message, History& history) {
  if (const auto* reply = std::get_if<VoteReply>(&message.body)) {
    if (!reply->granted || reply->pre) return {};
    if (history.note_vote(server.id, message.term, message.to)) return {};
  } else if (const auto* request = std::get_if<VoteRequest>(&message.body)) {
    if (request->pre || history.note_vote(server.id, message.term, server.id)) return {};
  } else {
    return {};
  }
  return fmt::format("server {} votes twice in term {}", server.id, message.term);
}

Violation one_change_at_a_time(const ServerView& server, const Write& write,
                               const Configuration& before, Index before_index) {
  if (server.role.role != Role::leader) return {};
  for (const auto& entry : write.entries) {
    if (entry.kind != EntryKind::configuration || entry.term != server.role.term) continue;
    if (server.commit_before < before_index) {
      return fmt::format("leader {} changes the membership at {} before change {} is committed",
                         server.id, entry.index, before_index);
    }
    const LogImage& log = server.disk->handed();
    if (server.commit_before < log.start() || log.term(server.commit_before) != server.role.term) {
      return fmt::format("leader {} changes the membership at {} before committing in term {}",
                         server.id, entry.index, server.role.term);
    }
    const auto after = decode_configuration(entry.bytes());
    YURT_ASSERT(after.ok());
    std::size_t differences = 0;
    for (const auto& peer : before.peers) {
      if (peer.voter && !after->is_voter(peer.id)) ++differences;
    }
    for (const auto& peer : after->peers) {
      if (peer.voter && !before.is_voter(peer.id)) ++differences;
    }
    if (differences > 1) {
      return fmt::format("leader {} changes {} voters at once at {}", server.id, differences,
                         entry.index);
    }
  }
  return {};
}

Violation read_safety(const ServerView& server, const ReadAnswer& answer,
                      Index acknowledged_before) {
  if (answer.refusal != Refusal::none) return {};
  if (answer.index < acknowledged_before) {
    return fmt::format("read at server {} sees {}, and write {} was acknowledged before it",
                       server.id, answer.index, acknowledged_before);
  }
  if (server.applied < answer.index) {
    return fmt::format("read at server {} was let go at {} with {} applied", server.id,
                       answer.index, server.applied);
  }
  return {};
}

}  // namespace yurt::raft::sim
