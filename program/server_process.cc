#include "program/server_process.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <prometheus/gauge.h>

#include <chrono>

#include "base/log.h"
#include "program/config.h"
#include "program/driver_configs.h"
#include "program/free_port.h"
#include "server/api/executor.h"
#include "server/api/service.h"
#include "server/grpc/front.h"
#include "server/grpc/grpc_forwarder.h"
#include "server/http/http_server.h"
#include "server/metrics.h"
#include "server/server_core.h"

namespace yurt::program {
namespace {

// Figures of the core, read when somebody asks for metrics.
void add_core_metrics(server::Metrics& metrics, server::ServerCore& core) {
  struct Gauges {
    prometheus::Gauge &leading, &term, &commit, &applied, &log_first, &log_last;
    prometheus::Gauge &ready, &unacked, &waiting, &delayed, &blocked;
    prometheus::Gauge &plans, &partial, &rejected, &agents;
  };
  const auto gauge = [&](const char* name, const char* help) -> prometheus::Gauge& {
    return metrics.gauge(name, help);
  };
  const Gauges gauges{
      gauge("yurt.raft.leader", "1 while this server leads"),
      gauge("yurt.raft.term", "Current term"),
      gauge("yurt.raft.commit_index", "Newest committed entry"),
      gauge("yurt.raft.applied_index", "Newest applied entry"),
      gauge("yurt.raft.first_index", "Oldest entry in the log"),
      gauge("yurt.raft.last_index", "Newest entry in the log"),
      gauge("yurt.broker.total_ready", "Evaluations ready to be scheduled"),
      gauge("yurt.broker.total_unacked", "Evaluations being scheduled"),
      gauge("yurt.broker.total_pending", "Evaluations behind another of their job"),
      gauge("yurt.broker.total_waiting", "Evaluations that wait for a time to come"),
      gauge("yurt.blocked_evals.total_blocked", "Evaluations that wait for room"),
      gauge("yurt.plan.submitted", "Plans verified since this server leads"),
      gauge("yurt.plan.partial", "Plans of which only a part fitted"),
      gauge("yurt.plan.rejected_nodes", "Nodes that refused their part of a plan"),
      gauge("yurt.agents.connected", "Agents connected to this server")};
  metrics.before_reading([gauges, &core] {
    const auto progress = core.consensus().progress();
    const auto figures = core.figures();
    const auto set = [](prometheus::Gauge& to, auto value) { to.Set(static_cast<double>(value)); };
    set(gauges.leading, figures.leading ? 1 : 0);
    set(gauges.term, progress.term);
    set(gauges.commit, progress.commit_index);
    set(gauges.applied, progress.applied_index);
    set(gauges.log_first, progress.first_index);
    set(gauges.log_last, progress.last_index);
    set(gauges.ready, figures.leader.broker.ready);
    set(gauges.unacked, figures.leader.broker.outstanding);
    set(gauges.waiting, figures.leader.broker.waiting);
    set(gauges.delayed, figures.leader.broker.delayed);
    set(gauges.blocked, figures.leader.blocked);
    set(gauges.plans, figures.leader.plans.plans);
    set(gauges.partial, figures.leader.plans.partial);
    set(gauges.rejected, figures.leader.plans.rejected_nodes);
    set(gauges.agents, figures.agents);
  });
}

}  // namespace

// In order of construction; destroyed the other way round.
struct ServerProcess::Parts {
  std::unique_ptr<server::ServerCore> core;
  server::Metrics metrics;
  server::ThreadExecutor executor{2};
  server::GrpcForwarder forwarder{nullptr};
  std::unique_ptr<server::Service> service;
  std::unique_ptr<server::GrpcFront> front;
  std::unique_ptr<grpc::Server> grpc_server;
  std::unique_ptr<server::HttpServer> http_server;
  bool stopped = false;
};

ServerProcess::ServerProcess(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ServerProcess::~ServerProcess() { stop(); }

Result<std::unique_ptr<ServerProcess>> ServerProcess::start(const model::Config& config,
                                                            Clock& clock, Random& random) {
  YURT_ASSIGN(const Listeners listeners, listeners_of(config));
  YURT_ASSIGN(HeldPort rpc, hold_port(listeners.bind_address, listeners.rpc_port));
  YURT_ASSIGN(HeldPort http, hold_port(listeners.bind_address, listeners.http_port));
  YURT_ASSIGN(server::ServerSettings settings, server_settings(config));
  const std::string rpc_listen = listeners.bind_address + ":" + std::to_string(rpc.port);
  settings.rpc_address = advertised(config.advertise().rpc(), listeners.bind_address, rpc.port);
  settings.http_address = advertised(config.advertise().http(), listeners.bind_address, http.port);

  auto parts = std::make_unique<Parts>();
  YURT_ASSIGN(parts->core, server::ServerCore::open(std::move(settings), clock, random));
  add_core_metrics(parts->metrics, *parts->core);
  parts->service = std::make_unique<server::Service>(
      *parts->core, parts->executor, parts->forwarder, parts->metrics, &check_driver_config);
  parts->front = std::make_unique<server::GrpcFront>(*parts->service);

  grpc::ServerBuilder builder;
  int bound_port = 0;
  builder.AddListeningPort(rpc_listen, grpc::InsecureServerCredentials(), &bound_port);
  builder.SetMaxReceiveMessageSize(64 << 20);
  for (grpc::Service* service : parts->core->services()) builder.RegisterService(service);
  builder.RegisterCallbackGenericService(&parts->front->service());
  parts->grpc_server = builder.BuildAndStart();
  if (!parts->grpc_server || bound_port != rpc.port) {
    return Error{ErrorCode::io, "cannot listen on " + rpc_listen};
  }
  rpc.holder.reset();
  server::HttpOptions http_options;
  http_options.address = listeners.bind_address;
  http_options.port = static_cast<std::uint16_t>(http.port);
  http.holder.reset();
  YURT_ASSIGN(parts->http_server,
              server::HttpServer::start(*parts->service, parts->metrics, http_options));
  parts->core->start();
  YURT_LOG(info, "server", "{} serves gRPC on {} and HTTP on {}", parts->core->identity().name,
           parts->core->identity().rpc_address, parts->core->identity().http_address);
  return std::unique_ptr<ServerProcess>(new ServerProcess(std::move(parts)));
}

const std::string& ServerProcess::http_address() const {
  return parts_->core->identity().http_address;
}
const std::string& ServerProcess::rpc_address() const {
  return parts_->core->identity().rpc_address;
}
const std::string& ServerProcess::name() const { return parts_->core->identity().name; }

void ServerProcess::stop() {
  if (parts_->stopped) return;
  parts_->stopped = true;
  parts_->http_server->stop();
  parts_->core->stop();
  parts_->grpc_server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
  parts_->grpc_server->Wait();
}

}  // namespace yurt::program
