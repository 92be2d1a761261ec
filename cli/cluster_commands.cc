// server members, operator raft, system gc: the cluster itself.
#include "cli/keyring_commands.h"
#include "cli/named_commands.h"
#include "cli/output.h"
#include "cli/show.h"
#include "cli/snapshot_commands.h"

namespace yurt::cli {
namespace {

struct ClusterOptions {
  OutputOptions output;
  std::string peer;
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

int collect_garbage(Session& session) {
  const auto reply = session.client().get<model::Empty>("CollectGarbage", write(session));
  return reply.ok() ? exit_ok : fail(session, reply.error());
}

int reconcile_summaries(Session& session) {
  const auto reply = session.client().get<model::Empty>("ReconcileSummaries", write(session));
  return reply.ok() ? exit_ok : fail(session, reply.error());
}

}  // namespace

CLI::App* add_members(CLI::App& parent, Session& session, const std::string& name) {
  auto members = std::make_shared<ClusterOptions>();
  CLI::App* command = add_command(parent, session, name, "List the servers of the cluster",
                                  [&session, members] { return list_members(session, *members); });
  members->output.add_to(*command);
  return command;
}

void add_server_commands(CLI::App& root, Session& session) {
  CLI::App* servers = root.add_subcommand("server", "Run a server, or list servers");
  add_members(*servers, session, "members");
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
  add_keyring_commands(*operation, session);
  add_snapshot_commands(*operation, session);
}

void add_system_commands(CLI::App& root, Session& session) {
  CLI::App* system = add_group(root, "system", "Upkeep of the cluster");
  add_command(*system, session, "gc", "Forget what has ended, whatever its age",
              [&session] { return collect_garbage(session); });
  CLI::App* reconcile = add_group(*system, "reconcile", "Recompute what is derived");
  add_command(*reconcile, session, "summaries", "Recompute the summaries of all jobs",
              [&session] { return reconcile_summaries(session); });
}

}  // namespace yurt::cli
