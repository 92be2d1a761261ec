// The calls of founding and joining to and from raft.proto. Pure.
#pragma once

#include "raft/raft.pb.h"
#include "raft/shell/greeting.h"
#include "raft/shell/meeting.h"

namespace yurt::raft {

[[nodiscard]] wire::Hello to_wire(const Greeting& greeting);
[[nodiscard]] Greeting from_wire(const wire::Hello& hello);
[[nodiscard]] wire::Introduction to_wire(const Introduction& introduction);
[[nodiscard]] Introduction from_wire(const wire::Introduction& introduction);
[[nodiscard]] wire::PromiseRequest to_wire(const PromiseRequest& request);
[[nodiscard]] PromiseRequest from_wire(const wire::PromiseRequest& request);
[[nodiscard]] wire::PromiseReply to_wire(const PromiseReply& reply);
[[nodiscard]] PromiseReply from_wire(const wire::PromiseReply& reply);
[[nodiscard]] wire::ReleaseRequest to_wire(const ReleaseRequest& request);
[[nodiscard]] ReleaseRequest from_wire(const wire::ReleaseRequest& request);
[[nodiscard]] wire::JoinRequest to_wire(const JoinRequest& request);
[[nodiscard]] JoinRequest from_wire(const wire::JoinRequest& request);
[[nodiscard]] wire::JoinReply to_wire(const JoinReply& reply);
[[nodiscard]] JoinReply from_wire(const wire::JoinReply& reply);

}  // namespace yurt::raft
