#include "program/config.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "jobspec/decode/decoder.h"
#include "jobspec/hcl/context.h"
#include "jobspec/hcl/functions.h"
#include "jobspec/hcl/parse.h"
#include "program/number_list.h"
#include "program/plugins.h"

namespace yurt::program {
namespace {

constexpr const char* version = YURT_VERSION;

Result<std::vector<std::string>> files_of(const std::string& path) {
  std::error_code failure;
  if (!std::filesystem::is_directory(path, failure)) return std::vector<std::string>{path};
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(path, failure)) {
    const auto extension = entry.path().extension();
    if (extension == ".hcl" || extension == ".json") out.push_back(entry.path().string());
  }
  if (failure) return Error{ErrorCode::io, "cannot read " + path + ": " + failure.message()};
  std::sort(out.begin(), out.end());
  return out;
}

Status merge_file(const std::string& path, Random& random, model::Config& config) {
  YURT_ASSIGN(std::string text, read_file(path));
  hcl::Diagnostics diagnostics;
  const auto source = std::make_shared<const hcl::Source>(path, std::move(text));
  const hcl::BodyPtr body = hcl::parse_body(source, diagnostics);
  jobspec::SourceMap places;
  model::Config parsed;
  const auto context = hcl::EvalContext::create({}, hcl::standard_functions({&random, {}}),
                                                hcl::UnknownRoots::error);
  jobspec::Decoder(places, diagnostics).decode(*body, context, "", parsed);
  if (diagnostics.has_errors()) {
    return Error{ErrorCode::invalid_argument, hcl::render(diagnostics)};
  }
  // Lists of a later file replace; everything else merges.
  if (parsed.has_client() && parsed.client().servers_size() > 0) {
    config.mutable_client()->clear_servers();
  }
  config.MergeFrom(parsed);
  return {};
}

}  // namespace

Result<model::Config> load_config(const std::vector<std::string>& paths, Random& random) {
  model::Config config;
  for (const std::string& path : paths) {
    YURT_ASSIGN(const auto files, files_of(path));
    for (const std::string& file : files) YURT_TRY(merge_file(file, random, config));
  }
  return config;
}

Result<Listeners> listeners_of(const model::Config& config) {
  Listeners out;
  if (config.has_bind_addr()) out.bind_address = config.bind_addr();
  if (config.ports().has_http()) out.http_port = config.ports().http();
  if (config.ports().has_rpc()) out.rpc_port = config.ports().rpc();
  for (int port : {out.http_port, out.rpc_port}) {
    if (port < 0 || port > 65535) {
      return Error{ErrorCode::invalid_argument,
                   "ports: " + std::to_string(port) + " is not a port; expected 0 to 65535"};
    }
  }
  YURT_TRY(check_exposure(out.bind_address, config.insecure()));
  return out;
}

Status check_exposure(const std::string& bind, bool insecure) {
  const bool loopback = bind == "localhost" || bind == "::1" || bind.starts_with("127.");
  if (loopback || insecure) return {};
  return Error{ErrorCode::invalid_argument,
               "bind_addr = \"" + bind +
                   "\" would let anybody who reaches it run programs here: there is no TLS and no "
                   "access control on it. Bind to 127.0.0.1, or, inside a network you trust, set "
                   "insecure = true"};
}

std::string advertised(const std::string& wanted, const std::string& bind, int port) {
  if (wanted.empty()) return bind + ":" + std::to_string(port);
  return wanted.find(':') == std::string::npos ? wanted + ":" + std::to_string(port) : wanted;
}

namespace {

// What concerns dispatches and what is kept of them.
Status set_batch(const model::ServerConfig& wanted, server::ServerSettings& out) {
  constexpr int most_payload = 1 << 20;
  if (wanted.has_dispatch_payload_limit()) {
    const int limit = wanted.dispatch_payload_limit();
    if (limit < 1 || limit > most_payload) {
      return Error{ErrorCode::invalid_argument,
                   "server.dispatch_payload_limit: " + std::to_string(limit) +
                       " bytes; expected 1 to " + std::to_string(most_payload) + " (1 MiB)"};
    }
    out.payload_limit = static_cast<std::size_t>(limit);
  }
  const auto retention = [](bool given, std::int64_t value, const char* name,
                            std::int64_t& into) -> Status {
    if (!given) return {};
    if (value < 0) {
      return Error{ErrorCode::invalid_argument,
                   std::string("server.") + name + ": expected a duration; 0 keeps all"};
    }
    into = value;
    return {};
  };
  auto& history = out.leader.history;
  YURT_TRY(retention(wanted.has_run_retention(), wanted.run_retention(), "run_retention",
                     history.run_retention_ns));
  return retention(wanted.has_sweep_retention(), wanted.sweep_retention(), "sweep_retention",
                   history.sweep_retention_ns);
}

}  // namespace

Result<server::ServerSettings> server_settings(const model::Config& config) {
  const auto& wanted = config.server();
  server::ServerSettings out;
  out.data_dir = std::filesystem::absolute(config.data_dir()) / "server";
  out.name = config.name();
  if (config.has_region()) out.region = config.region();
  if (config.has_datacenter()) out.datacenter = config.datacenter();
  out.version = version;
  if (wanted.has_bootstrap_expect()) out.bootstrap_expect = wanted.bootstrap_expect();
  for (const auto& address : wanted.retry_join()) out.retry_join.push_back(address);
  for (const auto& address : wanted.server_join().retry_join()) out.retry_join.push_back(address);
  if (out.bootstrap_expect < 0 || out.bootstrap_expect > 7) {
    return Error{ErrorCode::invalid_argument,
                 "server.bootstrap_expect: " + std::to_string(out.bootstrap_expect) +
                     " servers cannot found a cluster; use 1, 3 or 5"};
  }
  if (wanted.has_num_schedulers()) out.leader.workers = wanted.num_schedulers();
  if (out.leader.workers < 1 || out.leader.workers > 64) {
    return Error{ErrorCode::invalid_argument, "server.num_schedulers: expected 1 to 64"};
  }
  auto& heartbeats = out.leader.heartbeats;
  if (wanted.has_heartbeat_grace()) heartbeats.grace_ns = wanted.heartbeat_grace();
  if (wanted.has_min_heartbeat_ttl()) heartbeats.min_ttl_ns = wanted.min_heartbeat_ttl();
  if (wanted.has_failover_heartbeat_ttl()) {
    heartbeats.failover_ttl_ns = wanted.failover_heartbeat_ttl();
  }
  if (wanted.has_max_heartbeats_per_second()) {
    heartbeats.max_per_second = wanted.max_heartbeats_per_second();
  }
  auto& garbage = out.leader.garbage;
  if (wanted.has_eval_gc_threshold()) garbage.eval_age_ns = wanted.eval_gc_threshold();
  if (wanted.has_batch_eval_gc_threshold()) {
    garbage.batch_eval_age_ns = wanted.batch_eval_gc_threshold();
  }
  if (wanted.has_job_gc_threshold()) garbage.job_age_ns = wanted.job_gc_threshold();
  if (wanted.has_deployment_gc_threshold()) {
    garbage.deployment_age_ns = wanted.deployment_gc_threshold();
  }
  if (wanted.has_node_gc_threshold()) garbage.node_age_ns = wanted.node_gc_threshold();
  if (wanted.has_key_file()) out.key_file = std::filesystem::absolute(wanted.key_file());
  if (wanted.has_root_key_rotation_threshold()) {
    out.leader.root_key_age_ns = wanted.root_key_rotation_threshold();
  }
  if (wanted.has_event_buffer_size()) {
    if (wanted.event_buffer_size() < 0) {
      return Error{ErrorCode::invalid_argument, "server.event_buffer_size: expected 0 or more"};
    }
    out.event_buffer_size = static_cast<std::size_t>(wanted.event_buffer_size());
  }
  if (wanted.has_job_gc_interval()) out.leader.garbage_interval_ns = wanted.job_gc_interval();
  YURT_TRY(set_batch(wanted, out));
  return out;
}

Result<agent::AgentOptions> agent_options(const model::Config& config) {
  const auto& wanted = config.client();
  agent::AgentOptions out;
  out.data_dir = std::filesystem::absolute(config.data_dir()) / "agent";
  out.servers.assign(wanted.servers().begin(), wanted.servers().end());
  if (config.has_region()) out.region = config.region();
  if (config.has_datacenter()) out.datacenter = config.datacenter();
  out.node_name = config.name();
  out.node_class = wanted.node_class();
  if (wanted.has_node_pool()) out.node_pool = wanted.node_pool();
  out.meta = {wanted.meta().begin(), wanted.meta().end()};
  out.version = version;
  out.network_interface = wanted.network_interface();
  out.cpu_total_mhz = wanted.cpu_total_compute();
  out.memory_total_mb = wanted.memory_total_mb();
  out.disk_total_mb = wanted.disk_total_mb();
  if (wanted.has_min_dynamic_port()) out.min_dynamic_port = wanted.min_dynamic_port();
  if (wanted.has_max_dynamic_port()) out.max_dynamic_port = wanted.max_dynamic_port();
  if (out.min_dynamic_port < 1 || out.max_dynamic_port > 65535 ||
      out.min_dynamic_port > out.max_dynamic_port) {
    return Error{ErrorCode::invalid_argument,
                 "client.min_dynamic_port and max_dynamic_port: expected 1 to 65535, in order"};
  }
  if (wanted.has_max_kill_timeout()) out.max_kill_timeout_ns = wanted.max_kill_timeout();
  if (wanted.has_gc_interval()) out.gc.interval_ns = wanted.gc_interval();
  if (wanted.has_gc_disk_usage_threshold()) {
    out.gc.disk_usage_percent = wanted.gc_disk_usage_threshold();
  }
  if (wanted.has_gc_inode_usage_threshold()) {
    out.gc.inode_usage_percent = wanted.gc_inode_usage_threshold();
  }
  if (wanted.has_gc_max_allocs()) out.gc.max_allocs = wanted.gc_max_allocs();
  out.max_allocs = wanted.node_max_allocs();
  const auto& reserved = wanted.reserved();
  out.reserved.cpu_mhz = reserved.cpu();
  out.reserved.memory_mb = reserved.memory();
  out.reserved.disk_mb = reserved.disk();
  out.reserved.ports = reserved.reserved_ports();
  YURT_ASSIGN(out.reserved.cores, parse_number_list("client.reserved.cores", reserved.cores()));
  for (const auto& volume : wanted.host_volume()) {
    std::error_code failure;
    if (!std::filesystem::path(volume.path()).is_absolute() ||
        !std::filesystem::exists(volume.path(), failure)) {
      return Error{ErrorCode::invalid_argument, "client.host_volume \"" + volume.name() +
                                                    "\": path \"" + volume.path() +
                                                    "\" must be absolute and exist"};
    }
    out.host_volumes.push_back({volume.name(), volume.path(), volume.read_only()});
  }
  for (const auto& network : wanted.host_network()) {
    out.host_networks.push_back(
        {network.name(), network.cidr(), network.interface(), network.reserved_ports()});
  }
  const auto& gpu = wanted.gpu();
  if (gpu.has_enabled()) out.gpu.enabled = gpu.enabled();
  out.gpu.nvml_library = gpu.nvml_library();
  if (gpu.has_share()) out.gpu.share = gpu.share();
  out.gpu.ignored.assign(gpu.ignored().begin(), gpu.ignored().end());
  YURT_TRY(read_plugins(config, out));
  return out;
}

}  // namespace yurt::program
