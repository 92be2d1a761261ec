#include "raft/shell/wire_message.h"

#include <memory>
#include <utility>

#include "base/assert.h"

namespace yurt::raft {
namespace {

void put(const VoteRequest& body, wire::Message& out) {
  auto& to = *out.mutable_vote_request();
  to.set_pre(body.pre);
  to.set_transfer(body.transfer);
  to.set_last_index(body.last_index);
  to.set_last_term(body.last_term);
}

void put(const VoteReply& body, wire::Message& out) {
  auto& to = *out.mutable_vote_reply();
  to.set_pre(body.pre);
  to.set_granted(body.granted);
  to.set_for_term(body.for_term);
}

void put(const AppendRequest& body, wire::Message& out) {
  auto& to = *out.mutable_append_request();
  to.set_prev_index(body.prev_index);
  to.set_prev_term(body.prev_term);
  to.set_commit(body.commit);
  to.mutable_entries()->Reserve(static_cast<int>(body.entries.size()));
  for (const Entry& entry : body.entries) {
    auto& wire_entry = *to.add_entries();
    wire_entry.set_term(entry.term);
    wire_entry.set_kind(static_cast<std::uint32_t>(entry.kind));
    if (entry.payload) wire_entry.set_payload(*entry.payload);
  }
}

void put(const AppendReply& body, wire::Message& out) {
  auto& to = *out.mutable_append_reply();
  to.set_accepted(body.accepted);
  to.set_match(body.match);
  to.set_refused(body.refused);
  to.set_hint_index(body.hint_index);
  to.set_hint_term(body.hint_term);
}

void put(const Heartbeat& body, wire::Message& out) {
  auto& to = *out.mutable_heartbeat();
  to.set_round(body.round);
  to.set_commit(body.commit);
}

void put(const HeartbeatReply& body, wire::Message& out) {
  auto& to = *out.mutable_heartbeat_reply();
  to.set_round(body.round);
  to.set_verified(body.verified);
  to.set_match(body.match);
}

void put(const TimeoutNow& /*body*/, wire::Message& out) { out.mutable_timeout_now(); }

void put(const InstallSnapshot& /*body*/, wire::Message& /*out*/) {
  YURT_ASSERT(!"InstallSnapshot never travels as a message");
}

void put(const ReadRequest& body, wire::Message& out) {
  out.mutable_read_request()->set_id(body.id);
}

void put(const ReadReply& body, wire::Message& out) {
  auto& to = *out.mutable_read_reply();
  to.set_id(body.id);
  to.set_index(body.index);
}

std::optional<AppendRequest> take(wire::AppendRequest& body) {
  AppendRequest out;
  out.prev_index = body.prev_index();
  out.prev_term = body.prev_term();
  out.commit = body.commit();
  out.entries.reserve(static_cast<std::size_t>(body.entries_size()));
  Index index = out.prev_index;
  for (wire::Entry& entry : *body.mutable_entries()) {
    const auto kind = static_cast<EntryKind>(entry.kind());
    if (kind < EntryKind::command || kind > EntryKind::configuration) return std::nullopt;
    Payload payload;
    if (!entry.payload().empty()) {
      payload = std::make_shared<const std::string>(std::move(*entry.mutable_payload()));
    }
    out.entries.push_back({++index, entry.term(), kind, std::move(payload)});
  }
  return out;
}

}  // namespace

void to_wire(const Message& message, wire::Message& out) {
  out.Clear();
  out.set_term(message.term);
  std::visit([&](const auto& body) { put(body, out); }, message.body);
}

std::optional<Message> from_wire(wire::Message&& message, PeerId from, PeerId to) {
  Message out{from, to, message.term(), {}};
  switch (message.body_case()) {
    case wire::Message::kVoteRequest: {
      const auto& body = message.vote_request();
      out.body = VoteRequest{body.pre(), body.transfer(), body.last_index(), body.last_term()};
      return out;
    }
    case wire::Message::kVoteReply: {
      const auto& body = message.vote_reply();
      out.body = VoteReply{body.pre(), body.granted(), body.for_term()};
      return out;
    }
    case wire::Message::kAppendRequest: {
      std::optional<AppendRequest> body = take(*message.mutable_append_request());
      if (!body) return std::nullopt;
      out.body = std::move(*body);
      return out;
    }
    case wire::Message::kAppendReply: {
      const auto& body = message.append_reply();
      out.body = AppendReply{body.accepted(), body.match(), body.refused(), body.hint_index(),
                             body.hint_term()};
      return out;
    }
    case wire::Message::kHeartbeat: {
      const auto& body = message.heartbeat();
      out.body = Heartbeat{body.round(), body.commit()};
      return out;
    }
    case wire::Message::kHeartbeatReply: {
      const auto& body = message.heartbeat_reply();
      out.body = HeartbeatReply{body.round(), body.verified(), body.match()};
      return out;
    }
    case wire::Message::kTimeoutNow: out.body = TimeoutNow{}; return out;
    case wire::Message::kReadRequest:
      out.body = ReadRequest{message.read_request().id()};
      return out;
    case wire::Message::kReadReply: {
      const auto& body = message.read_reply();
      out.body = ReadReply{body.id(), body.index()};
      return out;
    }
    case wire::Message::BODY_NOT_SET: break;
  }
  return std::nullopt;
}

}  // namespace yurt::raft
