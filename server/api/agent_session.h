// Sessions with agents as the service layer uses them: one question and its answer, or a stream.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "proto/agent_stream.pb.h"
#include "server/api/operation.h"

namespace yurt::server {

// The node that runs the allocation. not_found ("Unknown allocation") when there is none.
[[nodiscard]] Result<NodeId> node_of_alloc(const Snapshot& snapshot, const std::string& alloc_id);

// Asks the node's agent. `take` gets every frame of the answer, on the core's threads, one after
// another; `done` is called once, after the last, and says whether the agent finished properly.
// An agent that does not answer within two minutes is given up on.
void ask_agent(const Serving& serving, const NodeId& node, const model::SessionRequest& request,
               std::function<void(const model::SessionFrame&)> take,
               std::function<void(Status)> done);

// Opens a session whose frames are the operation's messages: StreamFrame or ExecFrame.
[[nodiscard]] Result<std::unique_ptr<CallStream>> open_agent_stream(
    const Serving& serving, const NodeId& node, const model::SessionRequest& request,
    StreamEvents events);

}  // namespace yurt::server
