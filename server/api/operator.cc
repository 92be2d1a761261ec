// What operators ask of the cluster: Raft membership, scheduler configuration, garbage, metrics.
#include <charconv>

#include "server/api/operations.h"
#include "server/api/proposals.h"
#include "server/gpu_metrics.h"
#include "server/metrics.h"

namespace yurt::server {
namespace {

Status read_raft_configuration(const Serving& serving, const model::ListRequest&,
                               model::RaftConfigurationResponse& response) {
  Core& core = serving.core;
  const auto leadership = core.consensus().leadership();
  for (const raft::Peer& peer : core.consensus().peers()) {
    auto* server = response.add_servers();
    server->set_id(std::to_string(peer.id));
    server->set_node(
        (peer.address == core.identity().rpc_address ? core.identity().name : peer.address) + "." +
        core.identity().region);
    server->set_address(peer.address);
    server->set_leader(peer.id == leadership.leader);
    server->set_voter(peer.voter);
    server->set_raft_protocol("3");
  }
  response.set_index(core.consensus().progress().commit_index);
  return {};
}

Result<raft::PeerId> find_peer(Core& core, const model::RaftPeerRequest& request) {
  raft::PeerId id = 0;
  const std::string& text = request.id();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool by_id = error == std::errc() && end == text.data() + text.size();
  for (const raft::Peer& peer : core.consensus().peers()) {
    if (by_id ? peer.id == id : text.empty() && peer.address == request.address()) return peer.id;
  }
  return Error{ErrorCode::not_found, "no server \"" + (text.empty() ? request.address() : text) +
                                         "\" in the Raft configuration"};
}

void remove_peer(const Serving& serving, std::unique_ptr<model::RaftPeerRequest> request,
                 Done<model::Empty> done) {
  if (request->id().empty()) {
    return done(Error{ErrorCode::invalid_argument, "Must specify ?id with ID of peer to remove"});
  }
  const auto peer = find_peer(serving.core, *request);
  if (!peer) return done(peer.error());
  serving.core.consensus().remove_peer(*peer, [done = std::move(done)](Status status) {
    if (!status) return done(status.error());
    done(model::Empty());
  });
}

void transfer_leadership(const Serving& serving, std::unique_ptr<model::RaftPeerRequest> request,
                         Done<model::Empty> done) {
  raft::PeerId target = 0;  // whoever is the most up to date
  if (!request->id().empty() || !request->address().empty()) {
    const auto peer = find_peer(serving.core, *request);
    if (!peer) return done(peer.error());
    target = *peer;
  }
  serving.core.consensus().transfer_leadership(target, [done = std::move(done)](Status status) {
    if (!status) return done(status.error());
    done(model::Empty());
  });
}

Status read_scheduler_configuration(Reading& reading, const model::ListRequest&,
                                    model::SchedulerConfigurationResponse& response) {
  if (const auto config = reading.snapshot.scheduler_config()) {
    *response.mutable_scheduler_config() = *config;
    reading.index = config->modify_index();
  }
  return {};
}

void set_scheduler_configuration(const Serving& serving,
                                 std::unique_ptr<model::SchedulerConfigurationRequest> request,
                                 Done<model::SchedulerConfigurationSetResponse> done) {
  auto& config = *request->mutable_configuration();
  if (config.scheduler_algorithm().empty()) config.set_scheduler_algorithm("binpack");
  if (config.scheduler_algorithm() != "binpack" && config.scheduler_algorithm() != "spread") {
    return done(Error{ErrorCode::invalid_argument, "invalid scheduler algorithm \"" +
                                                       config.scheduler_algorithm() +
                                                       "\": use binpack or spread"});
  }
  model::Command command;
  auto* change = command.mutable_set_scheduler_configuration();
  change->mutable_configuration()->Swap(&config);
  change->set_cas(request->has_cas());
  change->set_modify_index(request->cas());
  const std::uint64_t index = serving.core.snapshot().index();
  serving.core.propose(std::move(command),
                       [done = std::move(done), index](Result<Applied> applied) {
                         model::SchedulerConfigurationSetResponse response;
                         // Somebody else was first: no error, only not updated.
                         if (!applied && applied.error().code == ErrorCode::conflict) {
                           response.set_index(index);
                           return done(std::move(response));
                         }
                         if (!applied) return done(applied.error());
                         response.set_updated(true);
                         response.set_index(applied->index);
                         done(std::move(response));
                       });
}

void collect_garbage(const Serving& serving, std::unique_ptr<model::WriteOptions>,
                     Done<model::Empty> done) {
  serving.core.collect_garbage([done = std::move(done)](Status status) {
    if (!status) return done(status.error());
    done(model::Empty());
  });
}

// Summaries are counted with every change and can't be off: there is nothing to recompute.
void reconcile_summaries(const Serving&, std::unique_ptr<model::WriteOptions>,
                         Done<model::Empty> done) {
  done(model::Empty());
}

Status read_metrics(const Serving& serving, const model::MetricsRequest& request,
                    model::JsonDocument& response) {
  if (request.format() != "prometheus") {
    response.set_json(serving.metrics.nomad_json(serving.core.clock().wall_ns()));
    return {};
  }
  std::vector<std::pair<std::string, std::string>> stats;
  const Snapshot snapshot = serving.core.snapshot();
  snapshot.tables().nodes.each([&](const NodeId& id, const NodeRef& node) {
    if (auto json = serving.core.node_stats(id); !json.empty()) {
      stats.emplace_back(node->name(), std::move(json));
    }
    return true;
  });
  response.set_json(serving.metrics.prometheus_text() + gpu_metrics_text(stats));
  return {};
}

}  // namespace

void add_operator_operations(OperationTable& table) {
  table.local("ReadRaftConfiguration", &read_raft_configuration);
  table.call("RemoveRaftPeer", Access::leader, &remove_peer);
  table.call("TransferLeadership", Access::leader, &transfer_leadership);
  table.read("ReadSchedulerConfiguration", {Table::scheduler_config},
             &read_scheduler_configuration);
  table.call("SetSchedulerConfiguration", Access::leader, &set_scheduler_configuration);
  table.call("CollectGarbage", Access::leader, &collect_garbage);
  table.call("ReconcileSummaries", Access::leader, &reconcile_summaries);
  table.local("ReadMetrics", &read_metrics);
}

}  // namespace yurt::server
