// server members, operator raft and snapshot, system gc, status: the cluster itself.
#include <fstream>

#include "cli/job_commands.h"
#include "cli/output.h"
#include "cli/show.h"

namespace yurt::cli {
namespace {

struct ClusterOptions {
  OutputOptions output;
  std::string argument, peer;
  bool verbose = false;
};

model::ListRequest list_request(const Session& session) {
  model::ListRequest request;
  *request.mutable_query() = query(session);
  return request;
}

int list_members(Session& session, const ClusterOptions& options) {
  const auto reply =
      session.client().get<model::MembersResponse>("ListMembers", list_request(session));
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) return print_field(session, options.output, *reply, "members");
  model::ListRequest stale = list_request(session);
  const auto leader = session.client().get<model::LeaderResponse>("ReadLeader", stale);
  std::vector<Row> rows{
      {"Name", "Address", "Port", "Status", "Leader", "Build", "Datacenter", "Region"}};
  for (const auto& member : reply->members()) {
    const auto tag = [&](const char* name) {
      const auto found = member.tags().find(name);
      return found == member.tags().end() ? std::string() : found->second;
    };
    const bool leads = leader.ok() && leader->address() == member.addr() + ":" + tag("port");
    rows.push_back({member.name(), member.addr(), std::to_string(member.port()),
                    status_text(session.terminal, member.status()), leads ? "true" : "false",
                    tag("build"), tag("dc"), tag("region")});
  }
  session.terminal.print(table(session.terminal, rows));
  return exit_ok;
}

int list_peers(Session& session, const ClusterOptions& options) {
  const auto reply = session.client().get<model::RaftConfigurationResponse>("ReadRaftConfiguration",
                                                                            list_request(session));
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) return print_field(session, options.output, *reply, "servers");
  std::vector<Row> rows{{"Node", "ID", "Address", "State", "Voter", "RaftProtocol"}};
  for (const auto& server : reply->servers()) {
    rows.push_back({server.node(), server.id(), server.address(),
                    server.leader() ? "leader" : "follower", server.voter() ? "true" : "false",
                    server.raft_protocol()});
  }
  session.terminal.print(table(session.terminal, rows));
  return exit_ok;
}

int change_peer(Session& session, const ClusterOptions& options, const char* operation) {
  model::RaftPeerRequest request;
  *request.mutable_write() = write(session);
  request.set_id(options.peer);
  const auto reply = session.client().get<model::Empty>(operation, request);
  return reply.ok() ? exit_ok : fail(session, reply.error());
}

int save_snapshot(Session& session, const ClusterOptions& options) {
  const auto stream = session.client().open("SaveSnapshot");
  if (!stream->write(list_request(session))) return fail(session, stream->finish().error());
  stream->writes_done();
  // Written beside its name first: a snapshot that is there is whole.
  const std::string partial = options.argument + ".partial";
  std::ofstream file(partial, std::ios::binary | std::ios::trunc);
  model::SnapshotChunk chunk;
  std::size_t bytes = 0;
  while (stream->read(chunk)) {
    file.write(chunk.data().data(), static_cast<std::streamsize>(chunk.data().size()));
    bytes += chunk.data().size();
  }
  const Status status = stream->finish();
  file.close();
  if (!status.ok() || !file) {
    std::remove(partial.c_str());
    return fail(session,
                status.ok() ? Error{ErrorCode::io, "cannot write " + partial} : status.error());
  }
  if (std::rename(partial.c_str(), options.argument.c_str()) != 0) {
    return fail(session, {ErrorCode::io, "cannot write " + options.argument});
  }
  session.terminal.print("State file written to " + options.argument + " (" +
                         std::to_string(bytes) + " bytes)");
  return exit_ok;
}

int restore_snapshot(Session& session, const ClusterOptions& options) {
  std::ifstream file(options.argument, std::ios::binary);
  if (!file) return fail(session, {ErrorCode::io, "cannot open " + options.argument});
  const auto stream = session.client().open("RestoreSnapshot");
  std::string buffer(256 * 1024, '\0');
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) ||
         file.gcount() > 0) {
    model::SnapshotChunk chunk;
    chunk.set_data(buffer.data(), static_cast<std::size_t>(file.gcount()));
    if (!stream->write(chunk)) break;
  }
  stream->writes_done();
  model::Empty reply;
  static_cast<void>(stream->read(reply));
  const Status status = stream->finish();
  if (!status.ok()) return fail(session, status.error());
  session.terminal.print("Snapshot restored");
  return exit_ok;
}

int collect_garbage(Session& session) {
  const auto reply = session.client().get<model::Empty>("CollectGarbage", write(session));
  return reply.ok() ? exit_ok : fail(session, reply.error());
}

int reconcile_summaries(Session& session) {
  const auto reply = session.client().get<model::Empty>("ReconcileSummaries", write(session));
  return reply.ok() ? exit_ok : fail(session, reply.error());
}

}  // namespace

void add_server_commands(CLI::App& root, Session& session) {
  CLI::App* servers = root.add_subcommand("server", "Run a server, or list servers");
  auto members = std::make_shared<ClusterOptions>();
  CLI::App* command = add_command(*servers, session, "members", "List the servers of the cluster",
                                  [&session, members] { return list_members(session, *members); });
  members->output.add_to(*command);
}

void add_operator_commands(CLI::App& root, Session& session) {
  CLI::App* operation = add_group(root, "operator", "Tools for those who run the cluster");
  CLI::App* raft = add_group(*operation, "raft", "The consensus of the servers");
  auto peers = std::make_shared<ClusterOptions>();
  CLI::App* command = add_command(*raft, session, "list-peers", "List the servers that vote",
                                  [&session, peers] { return list_peers(session, *peers); });
  peers->output.add_to(*command);
  for (const auto& [name, operation_name, description] :
       {std::tuple("remove-peer", "RemoveRaftPeer", "Take a server out of the cluster"),
        std::tuple("transfer-leadership", "TransferLeadership", "Hand leadership to a server")}) {
    auto options = std::make_shared<ClusterOptions>();
    command = add_command(*raft, session, name, description,
                          [&session, options, operation_name = operation_name] {
                            return change_peer(session, *options, operation_name);
                          });
    command->add_option("--peer-id", options->peer, "ID of the server, as list-peers shows it")
        ->required();
  }
  CLI::App* snapshot = add_group(*operation, "snapshot", "Backups of the state");
  const auto add_file = [&](const char* name, const char* description,
                            int (*run)(Session&, const ClusterOptions&)) {
    auto options = std::make_shared<ClusterOptions>();
    CLI::App* file_command =
        add_command(*snapshot, session, name, description,
                    [&session, options, run] { return run(session, *options); });
    file_command->add_option("file", options->argument, "Snapshot file")->required();
  };
  add_file("save", "Write the state to a file", save_snapshot);
  add_file("restore", "Replace the state by a file's", restore_snapshot);
}

void add_system_commands(CLI::App& root, Session& session) {
  CLI::App* system = add_group(root, "system", "Upkeep of the cluster");
  add_command(*system, session, "gc", "Forget what has ended, whatever its age",
              [&session] { return collect_garbage(session); });
  CLI::App* reconcile = add_group(*system, "reconcile", "Recompute what is derived");
  add_command(*reconcile, session, "summaries", "Recompute the summaries of all jobs",
              [&session] { return reconcile_summaries(session); });
  auto options = std::make_shared<ClusterOptions>();
  CLI::App* status =
      add_command(root, session, "status", "List jobs, or show one", [&session, options] {
        return show_job_status(session, options->argument, options->verbose);
      });
  status->add_option("job", options->argument, "Job ID or prefix");
  status->add_flag("--verbose", options->verbose, "Show whole IDs and evaluations");
}

}  // namespace yurt::cli
