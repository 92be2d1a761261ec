#include "program/run_commands.h"

#include <filesystem>

#include "agent/agent.h"
#include "base/log.h"
#include "program/config.h"
#include "program/server_process.h"
#include "program/stop_signal.h"

namespace yurt::program {
namespace {

struct RunOptions {
  std::vector<std::string> configs;
  std::string data_dir, bind, log_level, name, node_class;
  std::optional<int> http_port, rpc_port;
  std::optional<int> bootstrap_expect;
  std::vector<std::string> retry_join, servers, meta;
  bool insecure = false;
};

void add_options(CLI::App& command, RunOptions& options) {
  command.add_option("--config", options.configs, "Configuration file or folder; may be repeated");
  command.add_option("--data-dir", options.data_dir, "Folder for everything that must last");
  command.add_option("--bind", options.bind, "Address to listen on (127.0.0.1)");
  command.add_option("--http-port", options.http_port, "HTTP port (4646); 0: any free one");
  command.add_option("--rpc-port", options.rpc_port, "gRPC port (4647); 0: any free one");
  command.add_option("--name", options.name, "Name of this server or node (the host's)");
  command.add_option("--log-level", options.log_level, "trace, debug, info, warn or error");
  command.add_flag("--insecure", options.insecure, "Listen where others reach it, without TLS");
}

// The files, with the flags on top.
Result<model::Config> configuration(const RunOptions& options, Random& random) {
  YURT_ASSIGN(model::Config config, load_config(options.configs, random));
  if (!options.data_dir.empty()) config.set_data_dir(options.data_dir);
  if (!options.bind.empty()) config.set_bind_addr(options.bind);
  if (!options.name.empty()) config.set_name(options.name);
  if (!options.log_level.empty()) config.set_log_level(options.log_level);
  if (options.http_port) config.mutable_ports()->set_http(*options.http_port);
  if (options.rpc_port) config.mutable_ports()->set_rpc(*options.rpc_port);
  if (options.insecure) config.set_insecure(true);
  if (options.bootstrap_expect) {
    config.mutable_server()->set_bootstrap_expect(*options.bootstrap_expect);
  }
  for (const auto& address : options.retry_join) {
    config.mutable_server()->add_retry_join(address);
  }
  if (!options.servers.empty()) config.mutable_client()->clear_servers();
  for (const auto& address : options.servers) config.mutable_client()->add_servers(address);
  if (!options.node_class.empty()) config.mutable_client()->set_node_class(options.node_class);
  for (const auto& entry : options.meta) {
    const auto equals = entry.find('=');
    if (equals == std::string::npos) {
      return Error{ErrorCode::invalid_argument, "-meta " + entry + ": expected key=value"};
    }
    (*config.mutable_client()->mutable_meta())[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  if (config.data_dir().empty()) {
    return Error{ErrorCode::invalid_argument,
                 "no data folder: set data_dir in the configuration, or give -data-dir"};
  }
  if (config.has_log_level()) YURT_TRY(set_log_level(config.log_level()));
  if (config.has_log_file()) YURT_TRY(log_to_file(config.log_file()));
  return config;
}

int run_server(cli::Session& session, const RunOptions& options) {
  auto config = configuration(options, session.random);
  if (!config.ok()) return cli::fail(session, config.error());
  auto server = ServerProcess::start(*config, session.clock, session.random);
  if (!server.ok()) return cli::fail(session, server.error());
  const int signal = wait_for_stop_signal();
  YURT_LOG(info, "server", "signal {}: stopping", signal);
  (*server)->stop();
  return cli::exit_ok;
}

int run_agent(cli::Session& session, const RunOptions& options) {
  auto config = configuration(options, session.random);
  if (!config.ok()) return cli::fail(session, config.error());
  auto wanted = agent_options(*config);
  if (!wanted.ok()) return cli::fail(session, wanted.error());
  if (wanted->servers.empty()) {
    return cli::fail(session, {ErrorCode::invalid_argument,
                               "no servers: set client { servers = [\"host:4647\"] }, or give "
                               "-servers host:4647"});
  }
  auto agent = agent::Agent::create(std::move(*wanted), session.clock, session.random);
  if (!agent.ok()) return cli::fail(session, agent.error());
  (*agent)->start();
  const int signal = wait_for_stop_signal();
  YURT_LOG(info, "agent", "signal {}: stopping; tasks go on", signal);
  (*agent)->stop();
  return cli::exit_ok;
}

int run_dev(cli::Session& session, RunOptions options) {
  if (options.data_dir.empty()) options.data_dir = "yurt-data";
  auto config = configuration(options, session.random);
  if (!config.ok()) return cli::fail(session, config.error());
  auto* raw_exec = config->add_plugin();
  raw_exec->set_name("raw_exec");
  raw_exec->mutable_config()->set_enabled(true);
  auto server = ServerProcess::start(*config, session.clock, session.random);
  if (!server.ok()) return cli::fail(session, server.error());
  config->mutable_client()->clear_servers();
  config->mutable_client()->add_servers((*server)->rpc_address());
  auto wanted = agent_options(*config);
  if (!wanted.ok()) return cli::fail(session, wanted.error());
  wanted->http_address = (*server)->http_address();
  auto agent = agent::Agent::create(std::move(*wanted), session.clock, session.random);
  if (!agent.ok()) return cli::fail(session, agent.error());
  (*agent)->start();
  session.terminal.print("Yurt dev is running: HTTP http://" + (*server)->http_address() +
                         ", gRPC " + (*server)->rpc_address() + ", data in " + options.data_dir);
  const int signal = wait_for_stop_signal();
  YURT_LOG(info, "dev", "signal {}: stopping; tasks go on", signal);
  (*agent)->stop();
  (*server)->stop();
  return cli::exit_ok;
}

}  // namespace

void add_run_commands(CLI::App& root, cli::Session& session) {
  auto server = std::make_shared<RunOptions>();
  CLI::App* command = root.get_subcommand("server");
  add_options(*command, *server);
  command->add_option("--bootstrap-expect", server->bootstrap_expect,
                      "How many servers found the cluster together (1)");
  command->add_option("--retry-join", server->retry_join,
                      "gRPC address of another server; may be repeated");
  command->callback([command, server, &session] {
    if (command->get_subcommands().empty()) {
      session.run = [server, &session] { return run_server(session, *server); };
    }
  });

  auto agent = std::make_shared<RunOptions>();
  command = root.add_subcommand("agent", "Run an agent, which runs tasks on this machine");
  add_options(*command, *agent);
  command->add_option("--servers", agent->servers, "gRPC address of a server; may be repeated");
  command->add_option("--node-class", agent->node_class, "Class of this node");
  command->add_option("--meta", agent->meta, "key=value of the node's meta; may be repeated");
  command->callback([agent, &session] {
    session.run = [agent, &session] { return run_agent(session, *agent); };
  });

  auto dev = std::make_shared<RunOptions>();
  command = root.add_subcommand("dev", "Run a server and an agent in one process, to try it out");
  add_options(*command, *dev);
  command->add_option("--node-class", dev->node_class, "Class of this node");
  command->add_option("--meta", dev->meta, "key=value of the node's meta; may be repeated");
  command->callback(
      [dev, &session] { session.run = [dev, &session] { return run_dev(session, *dev); }; });

  root.set_version_flag("-v,--version", "Yurt v" YURT_VERSION, "Print the version");
  command = root.add_subcommand("version", "Print the version");
  command->callback([&session] {
    session.run = [&session] {
      session.terminal.print("Yurt v" YURT_VERSION);
      return cli::exit_ok;
    };
  });
}

}  // namespace yurt::program
