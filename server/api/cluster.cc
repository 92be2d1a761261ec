// The servers themselves: members, leader, peers, regions, health.
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "server/api/operations.h"

namespace yurt::server {
namespace {

struct HostPort {
  std::string host;
  std::int32_t port = 0;
};

HostPort split(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return {address, 0};
  return {address.substr(0, colon), std::atoi(address.c_str() + colon + 1)};
}

std::string peer_name(const Core& core, const raft::Peer& peer) {
  return peer.address == core.identity().rpc_address ? core.identity().name : peer.address;
}

void describe_member(Core& core, const raft::Peer& peer, const raft::Leadership& leadership,
                     model::AgentMember& out) {
  const ServerIdentity& identity = core.identity();
  const HostPort at = split(peer.address);
  const bool self = peer.address == identity.rpc_address;
  out.set_name(peer_name(core, peer) + "." + identity.region);
  out.set_addr(at.host);
  out.set_port(at.port);
  out.set_status("alive");
  auto& tags = *out.mutable_tags();
  tags["role"] = "nomad";
  tags["region"] = identity.region;
  tags["dc"] = identity.datacenter;
  tags["build"] = identity.version;
  tags["raft_vsn"] = "3";
  tags["vsn"] = "1";
  tags["id"] = self ? identity.id : std::to_string(peer.id);
  tags["rpc_addr"] = at.host;
  tags["port"] = std::to_string(at.port);
  tags["expect"] = std::to_string(core.consensus().peers().size());
  tags["revision"] = "";
  tags["leader"] = peer.id == leadership.leader ? "true" : "false";
  out.set_protocol_min(1);
  out.set_protocol_max(5);
  out.set_protocol_cur(2);
  out.set_delegate_min(2);
  out.set_delegate_max(5);
  out.set_delegate_cur(4);
}

Status list_members(const Serving& serving, const model::ListRequest&,
                    model::MembersResponse& response) {
  const ServerIdentity& identity = serving.core.identity();
  response.set_server_name(identity.name);
  response.set_server_region(identity.region);
  response.set_server_dc(identity.datacenter);
  const auto leadership = serving.core.consensus().leadership();
  for (const raft::Peer& peer : serving.core.consensus().peers()) {
    describe_member(serving.core, peer, leadership, *response.add_members());
  }
  return {};
}

Status read_leader(const Serving& serving, const model::ListRequest&,
                   model::LeaderResponse& response) {
  const auto leadership = serving.core.consensus().leadership();
  if (leadership.address.empty()) return Error{ErrorCode::unavailable, "No cluster leader"};
  response.set_address(leadership.address);
  return {};
}

Status list_peers(const Serving& serving, const model::ListRequest&, model::StringList& response) {
  for (const raft::Peer& peer : serving.core.consensus().peers()) {
    response.add_values(peer.address);
  }
  return {};
}

Status list_regions(const Serving& serving, const model::ListRequest&,
                    model::StringList& response) {
  response.add_values(serving.core.identity().region);
  return {};
}

// {"config":…,"member":…,"stats":…} with lower-case keys, as GET /v1/agent/self.
Status read_self(const Serving& serving, const model::ListRequest&, model::JsonDocument& response) {
  Core& core = serving.core;
  const ServerIdentity& identity = core.identity();
  const auto progress = core.consensus().progress();
  const auto leadership = core.consensus().leadership();
  nlohmann::json member;
  for (const raft::Peer& peer : core.consensus().peers()) {
    if (peer.address != identity.rpc_address) continue;
    model::AgentMember described;
    describe_member(core, peer, leadership, described);
    member = {{"Name", described.name()},
              {"Addr", described.addr()},
              {"Port", described.port()},
              {"Status", described.status()},
              {"Tags", std::map<std::string, std::string>(described.tags().begin(),
                                                          described.tags().end())}};
  }
  const auto text = [](auto number) { return std::to_string(number); };
  response.set_json(nlohmann::json{{"config",
                                    {{"Name", identity.name},
                                     {"NodeName", identity.name},
                                     {"Region", identity.region},
                                     {"Datacenter", identity.datacenter},
                                     {"Version", {{"Version", identity.version}, {"Revision", ""}}},
                                     {"Server", {{"Enabled", true}}},
                                     {"Client", {{"Enabled", false}}},
                                     {"ACL", {{"Enabled", false}}},
                                     {"UI", {{"Enabled", true}}}}},
                                   {"member", std::move(member)},
                                   {"stats",
                                    {{"nomad",
                                      {{"server", "true"},
                                       {"leader", leadership.self ? "true" : "false"},
                                       {"leader_addr", leadership.address},
                                       {"known_regions", "1"},
                                       {"bootstrap", "false"}}},
                                     {"raft",
                                      {{"state", leadership.self ? "Leader" : "Follower"},
                                       {"term", text(progress.term)},
                                       {"last_log_index", text(progress.last_index)},
                                       {"commit_index", text(progress.commit_index)},
                                       {"applied_index", text(progress.applied_index)},
                                       {"last_contact", text(progress.last_contact_ms) + "ms"},
                                       {"num_peers", text(core.consensus().peers().size())}}}}}}
                        .dump());
  return {};
}

// {"server":{"ok":…,"message":…}}; an error with the same text when it is not.
Status read_health(const Serving& serving, const model::ListRequest&,
                   model::JsonDocument& response) {
  const bool led = serving.core.consensus().leadership().leader != 0;
  std::string json =
      nlohmann::json{{"server", {{"ok", led}, {"message", led ? "ok" : "No cluster leader"}}}}
          .dump();
  if (!led) return Error{ErrorCode::unavailable, std::move(json)};
  response.set_json(std::move(json));
  return {};
}

// What an operator wants to know of the machine, as GET /v1/agent/host.
Status read_host(const Serving& serving, const model::ListRequest&, model::JsonDocument& response) {
  utsname system{};
  uname(&system);
  struct sysinfo memory {};
  sysinfo(&memory);
  const auto bytes = [&](unsigned long units) {
    return static_cast<std::uint64_t>(units) * memory.mem_unit;
  };
  response.set_json(nlohmann::json{{"AgentID", serving.core.identity().id},
                                   {"HostData",
                                    {{"OS", std::string(system.sysname) + " " + system.release},
                                     {"Hostname", system.nodename},
                                     {"Architecture", system.machine},
                                     {"UptimeSeconds", memory.uptime},
                                     {"MemoryTotalBytes", bytes(memory.totalram)},
                                     {"MemoryFreeBytes", bytes(memory.freeram)},
                                     {"CPUs", std::thread::hardware_concurrency()}}}}
                        .dump());
  return {};
}

}  // namespace

void add_cluster_operations(OperationTable& table) {
  table.local("ListMembers", &list_members);
  table.local("ReadLeader", &read_leader);
  table.local("ListPeers", &list_peers);
  table.local("ListRegions", &list_regions);
  table.local("ReadAgentSelf", &read_self);
  table.local("ReadAgentHealth", &read_health);
  table.local("ReadAgentHost", &read_host);
}

}  // namespace yurt::server
