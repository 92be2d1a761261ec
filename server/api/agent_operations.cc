// Calls that an agent answers: the server finds the node and passes them on.
#include "server/api/agent_session.h"
#include "server/api/operations.h"

namespace yurt::server {
namespace {

// A file that is answered in one message; longer ones are streamed.
constexpr std::size_t max_file_bytes = 64 << 20;

Error bad(const std::string& what) { return {ErrorCode::invalid_argument, what}; }

// Asks the agent of the allocation, and answers with the last frame that `pick` takes.
template <typename Response, typename Pick>
void ask_alloc(const Serving& serving, const std::string& alloc_id,
               const model::SessionRequest& request, Done<Response> done, Pick pick) {
  const auto node = node_of_alloc(serving.core.snapshot(), alloc_id);
  if (!node) return done(node.error());
  auto response = std::make_shared<Response>();
  ask_agent(
      serving, *node, request,
      [response, pick](const model::SessionFrame& frame) { pick(frame, *response); },
      [response, done = std::move(done)](Status status) {
        if (!status) return done(status.error());
        done(std::move(*response));
      });
}

void take_json(const model::SessionFrame& frame, model::JsonDocument& out) {
  if (frame.has_json()) out = frame.json();
}

void restart(const Serving& serving, std::unique_ptr<model::AllocationRestartRequest> request,
             Done<model::Empty> done) {
  const std::string alloc_id = request->alloc_id();
  model::SessionRequest session;
  session.mutable_restart()->Swap(request.get());
  ask_alloc(serving, alloc_id, session, std::move(done),
            [](const model::SessionFrame&, model::Empty&) {});
}

void signal(const Serving& serving, std::unique_ptr<model::AllocationSignalRequest> request,
            Done<model::Empty> done) {
  if (request->signal().empty()) return done(bad("signal: name one, e.g. SIGHUP"));
  const std::string alloc_id = request->alloc_id();
  model::SessionRequest session;
  session.mutable_signal()->Swap(request.get());
  ask_alloc(serving, alloc_id, session, std::move(done),
            [](const model::SessionFrame&, model::Empty&) {});
}

void alloc_stats(const Serving& serving, std::unique_ptr<model::AllocationStatsRequest> request,
                 Done<model::JsonDocument> done) {
  const std::string alloc_id = request->alloc_id();
  model::SessionRequest session;
  session.mutable_alloc_stats()->Swap(request.get());
  ask_alloc(serving, alloc_id, session, std::move(done), &take_json);
}

void alloc_checks(const Serving& serving, std::unique_ptr<model::AllocationStatsRequest> request,
                  Done<model::JsonDocument> done) {
  const std::string alloc_id = request->alloc_id();
  model::SessionRequest session;
  session.mutable_alloc_checks()->Swap(request.get());
  ask_alloc(serving, alloc_id, session, std::move(done), &take_json);
}

// The node that is meant: the named one, or the only one there is.
Result<NodeId> find_node(const Snapshot& snapshot, const std::string& id) {
  const auto& nodes = snapshot.tables().nodes;
  if (id.empty()) {
    if (nodes.size() != 1) return bad("missing node ID: add ?node_id");
    NodeId only;
    nodes.each([&](const NodeId& node, const NodeRef&) {
      only = node;
      return false;
    });
    return only;
  }
  const NodeId node = NodeId::parse_or_nil(id);
  if (!snapshot.node(node)) return Error{ErrorCode::not_found, "Unknown node \"" + id + "\""};
  return node;
}

// As the node tells it now; of one that can't be asked, what it last sent with its heartbeat.
void node_stats(const Serving& serving, std::unique_ptr<model::NodeStatsRequest> request,
                Done<model::JsonDocument> done) {
  const auto node = find_node(serving.core.snapshot(), request->node_id());
  if (!node) return done(node.error());
  auto response = std::make_shared<model::JsonDocument>();
  model::SessionRequest session;
  session.mutable_node_stats()->set_node_id(node->to_string());
  ask_agent(
      serving, *node, session,
      [response](const model::SessionFrame& frame) { take_json(frame, *response); },
      [response, last = serving.core.node_stats(*node), done = std::move(done)](Status status) {
        if (status.ok()) return done(std::move(*response));
        if (last.empty()) return done(status.error());
        response->set_json(last);
        done(std::move(*response));
      });
}

void list_files(const Serving& serving, std::unique_ptr<model::FileRequest> request,
                Done<model::FileListResponse> done) {
  const std::string alloc_id = request->alloc_id();
  model::SessionRequest session;
  session.mutable_list_files()->Swap(request.get());
  ask_alloc(serving, alloc_id, session, std::move(done),
            [](const model::SessionFrame& frame, model::FileListResponse& out) {
              out.MergeFrom(frame.files());
            });
}

void stat_file(const Serving& serving, std::unique_ptr<model::FileRequest> request,
               Done<model::FileStatResponse> done) {
  const std::string alloc_id = request->alloc_id();
  model::SessionRequest session;
  session.mutable_stat_file()->Swap(request.get());
  ask_alloc(serving, alloc_id, session, std::move(done),
            [](const model::SessionFrame& frame, model::FileStatResponse& out) {
              if (frame.has_stat()) out = frame.stat();
            });
}

void read_file(const Serving& serving, std::unique_ptr<model::FileRequest> request,
               Done<model::FileContent> done) {
  const std::string alloc_id = request->alloc_id();
  model::SessionRequest session;
  session.mutable_read_file()->Swap(request.get());
  auto too_long = std::make_shared<bool>(false);
  ask_alloc<model::FileContent>(
      serving, alloc_id, session,
      [too_long, done = std::move(done)](Result<model::FileContent> content) {
        if (content && *too_long) {
          return done(Error{ErrorCode::resource_exhausted,
                            "the file is longer than 64 MiB: stream it, or read a part of it"});
        }
        done(std::move(content));
      },
      [too_long](const model::SessionFrame& frame, model::FileContent& out) {
        const std::string& data = frame.content().data();
        if (out.data().size() + data.size() > max_file_bytes) *too_long = true;
        if (!*too_long) out.mutable_data()->append(data);
      });
}

Result<std::unique_ptr<CallStream>> stream_logs(const Serving& serving,
                                                const model::LogsRequest& request,
                                                StreamEvents events) {
  if (request.task().empty()) return bad("must provide task name");
  if (request.type() != "stdout" && request.type() != "stderr") {
    return bad("log type must be \"stdout\" or \"stderr\"");
  }
  const std::string& origin = request.origin();
  if (!origin.empty() && origin != "start" && origin != "end") {
    return bad("origin must be \"start\" or \"end\"");
  }
  if (request.offset() < 0) return bad("offset must not be negative");
  YURT_ASSIGN(const NodeId node, node_of_alloc(serving.core.snapshot(), request.alloc_id()));
  model::SessionRequest session;
  *session.mutable_logs() = request;
  return open_agent_stream(serving, node, session, std::move(events));
}

Result<std::unique_ptr<CallStream>> stream_file(const Serving& serving,
                                                const model::FileRequest& request,
                                                StreamEvents events) {
  if (request.path().empty()) return bad("must provide a file name");
  if (request.offset() < 0 || request.limit() < 0) {
    return bad("offset and limit must not be negative");
  }
  YURT_ASSIGN(const NodeId node, node_of_alloc(serving.core.snapshot(), request.alloc_id()));
  model::SessionRequest session;
  *session.mutable_stream_file() = request;
  return open_agent_stream(serving, node, session, std::move(events));
}

Result<std::unique_ptr<CallStream>> exec(const Serving& serving, const model::ExecFrame& first,
                                         StreamEvents events) {
  const auto& start = first.start();
  if (start.task().empty()) return bad("must provide task name");
  if (start.command().empty()) return bad("command: name one to run");
  YURT_ASSIGN(const NodeId node, node_of_alloc(serving.core.snapshot(), start.alloc_id()));
  model::SessionRequest session;
  *session.mutable_exec() = start;
  return open_agent_stream(serving, node, session, std::move(events));
}

}  // namespace

void add_agent_operations(OperationTable& table) {
  table.call("RestartAllocation", Access::leader, &restart);
  table.call("SignalAllocation", Access::leader, &signal);
  table.call("ReadAllocationStats", Access::leader, &alloc_stats);
  table.call("ReadAllocationChecks", Access::leader, &alloc_checks);
  table.call("ReadNodeStats", Access::leader, &node_stats);
  table.call("ListFiles", Access::leader, &list_files);
  table.call("StatFile", Access::leader, &stat_file);
  table.call("ReadFile", Access::leader, &read_file);
  table.stream<model::LogsRequest, model::StreamFrame>("StreamLogs", Access::leader, &stream_logs);
  table.stream<model::FileRequest, model::StreamFrame>("StreamFile", Access::leader, &stream_file);
  table.stream<model::ExecFrame, model::ExecFrame>("ExecAllocation", Access::leader, &exec);
}

}  // namespace yurt::server
