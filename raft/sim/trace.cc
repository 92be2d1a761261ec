#include "raft/sim/trace.h"

#include <fmt/format.h>

namespace yurt::raft::sim {
namespace {

std::string body(const VoteRequest& request) {
  return fmt::format("{} last {}@{}{}", request.pre ? "pre-vote?" : "vote?", request.last_index,
                     request.last_term, request.transfer ? " (transfer)" : "");
}
std::string body(const VoteReply& reply) {
  return fmt::format("{} {} for term {}", reply.pre ? "pre-vote" : "vote",
                     reply.granted ? "yes" : "no", reply.for_term);
}
std::string body(const AppendRequest& request) {
  return fmt::format("append {} after {}@{} commit {}", request.entries.size(), request.prev_index,
                     request.prev_term, request.commit);
}
std::string body(const AppendReply& reply) {
  if (reply.accepted) return fmt::format("match {}", reply.match);
  return fmt::format("refuse {} hint {}@{}", reply.refused, reply.hint_index, reply.hint_term);
}
std::string body(const Heartbeat& heartbeat) {
  return fmt::format("heartbeat {} commit {}", heartbeat.round, heartbeat.commit);
}
std::string body(const HeartbeatReply& reply) {
  return fmt::format("alive {} verified {} match {}", reply.round, reply.verified, reply.match);
}
std::string body(const TimeoutNow&) { return "timeout now"; }
std::string body(const InstallSnapshot& install) {
  return fmt::format("snapshot {}@{}", install.snapshot.index, install.snapshot.term);
}
std::string body(const ReadRequest& request) { return fmt::format("read? {}", request.id); }
std::string body(const ReadReply& reply) {
  return fmt::format("read {} at {}", reply.id, reply.index);
}

}  // namespace

std::string describe(const Message& message) {
  return fmt::format("->{} t{} {}", message.to, message.term,
                     std::visit([](const auto& any) { return body(any); }, message.body));
}

std::string describe(const Output& output) {
  std::string line;
  if (output.role) {
    constexpr const char* names[] = {"follower", "pre-candidate", "candidate", "leader"};
    line += fmt::format("[{} term {} leader {}{}] ", names[static_cast<int>(output.role->role)],
                        output.role->term, output.role->leader, output.role->ready ? " ready" : "");
  }
  if (output.write) {
    const Write& write = *output.write;
    line += fmt::format("[write {}", write.sequence);
    if (write.hard_state) {
      line += fmt::format(" term {} vote {}", write.hard_state->term, write.hard_state->vote);
    }
    if (write.truncate_from != 0) line += fmt::format(" truncate {}", write.truncate_from);
    if (write.start) line += fmt::format(" start {}@{}", write.start->index, write.start->term);
    if (!write.entries.empty()) {
      line += fmt::format(" entries {}..{}@{}", write.entries.front().index,
                          write.entries.back().index, write.entries.back().term);
    }
    if (write.configurations) line += " configurations";
    line += "] ";
  }
  for (const auto& message : output.messages) line += fmt::format("({}) ", describe(message));
  if (!output.committed.empty()) {
    line += fmt::format("[committed {}..{}] ", output.committed.front().index,
                        output.committed.back().index);
  }
  for (const auto& answer : output.answers) {
    line += fmt::format("[answer {} {} at {}@{}] ", answer.token, static_cast<int>(answer.refusal),
                        answer.index, answer.term);
  }
  for (const auto& read : output.reads) {
    line +=
        fmt::format("[read {} {} at {}] ", read.token, static_cast<int>(read.refusal), read.index);
  }
  for (const auto& snapshot : output.snapshots)
    line += fmt::format("[snapshot to {}] ", snapshot.peer);
  if (output.install) line += fmt::format("[install {}] ", output.install->index);
  for (const PeerId learner : output.caught_up) line += fmt::format("[{} caught up] ", learner);
  if (output.configuration) {
    line += "[members";
    for (const auto& peer : output.configuration->peers) {
      line += fmt::format(" {}{}", peer.id, peer.voter ? "" : "l");
    }
    line += "] ";
  }
  return line;
}

}  // namespace yurt::raft::sim
