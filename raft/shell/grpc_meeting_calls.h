// MeetingCalls over gRPC. Thread-safe.
#pragma once

#include <memory>

#include "raft/shell/meeting.h"

namespace yurt::raft {

[[nodiscard]] std::unique_ptr<MeetingCalls> new_grpc_meeting_calls();

}  // namespace yurt::raft
