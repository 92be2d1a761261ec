#include "agent/agent.h"

#include <sys/resource.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "agent/alloc_dir/alloc_dir.h"
#include "agent/checks/network_prober.h"
#include "agent/executor/loop.h"
#include "agent/executor/worker_pool.h"
#include "agent/fingerprint/fingerprint.h"
#include "agent/gpu/describe_gpus.h"
#include "agent/gpu/gpu_monitor.h"
#include "agent/runner/runner_context.h"
#include "agent/session/session_server.h"
#include "agent/state/identity.h"
#include "agent/state/state_store.h"
#include "agent/stats/host_stats.h"
#include "agent/stream/connection.h"
#include "agent/supervisor/supervisor.h"
#include "base/file.h"
#include "base/log.h"
#include "drivers/compose/compose.h"
#include "drivers/docker/docker.h"
#include "drivers/raw_exec/raw_exec.h"

namespace yurt::agent {
namespace {

constexpr int quick_threads = 3;
constexpr int slow_threads = 4;
constexpr std::int64_t fingerprint_interval_ns = 15 * nanoseconds_per_second;
constexpr std::int64_t gpu_interval_ns = nanoseconds_per_second;
constexpr std::int64_t gpu_patience_ns = 10 * nanoseconds_per_second;

Status check(const AgentOptions& options) {
  const auto wrong = [](const std::string& what) {
    return Error{ErrorCode::invalid_argument, what};
  };
  if (!options.data_dir.is_absolute()) return wrong("data_dir must be an absolute path");
  if (options.servers.empty()) return wrong("servers: at least one server's address is needed");
  if (options.min_dynamic_port < 1 || options.max_dynamic_port > 65535 ||
      options.min_dynamic_port > options.max_dynamic_port) {
    return wrong("min_dynamic_port and max_dynamic_port must be 1 to 65535, in this order");
  }
  if (options.max_kill_timeout_ns < 0) return wrong("max_kill_timeout must not be negative");
  if (options.gc.interval_ns <= 0) return wrong("gc_interval must be more than nothing");
  for (const auto& volume : options.host_volumes) {
    if (volume.path.empty() || volume.path[0] != '/') {
      return wrong("host_volume \"" + volume.name + "\": path must be absolute");
    }
    if (!std::filesystem::exists(volume.path)) {
      return wrong("host_volume \"" + volume.name + "\": " + volume.path + " does not exist");
    }
  }
  return {};
}

// Each running task holds a descriptor.
void raise_descriptor_limit() {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    YURT_LOG(warn, "agent", "the limit of open files stays low: fewer tasks can run at a time");
  }
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t from = 0;
  while (from < text.size()) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    if (end > from) lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return lines;
}

// Every task that the drivers know of, by its ID.
FoundRuns find_runs(const Agent::Drivers& drivers) {
  FoundRuns found;
  for (const auto& [name, driver] : drivers) {
    const auto states = driver->discover();
    if (!states.ok()) {
      YURT_LOG(error, "agent", "{} can't tell what it runs: {}", name, states.error().message);
      continue;
    }
    for (const auto& state : *states) {
      auto run = driver->recover(state);
      if (!run.ok()) {
        YURT_LOG(error, "agent", "{}: {}", name, run.error().message);
        continue;
      }
      std::string id = (*run)->id();
      found.emplace(std::move(id), std::move(*run));
    }
  }
  return found;
}

}  // namespace

// Members are destroyed last to first; stop() has ended everything that runs before.
struct Agent::Impl {
  Impl(AgentOptions given, Drivers given_drivers, NodeIdentity node_identity,
       std::unique_ptr<StateStore> state, Clock& the_clock, Random& the_random)
      : options(std::move(given)),
        identity(std::move(node_identity)),
        store(std::move(state)),
        clock(the_clock),
        loop(the_clock),
        quick(quick_threads),
        slow(slow_threads),
        context{.options = options,
                .clock = the_clock,
                .random = the_random,
                .loop = loop,
                .quick = quick,
                .slow = slow,
                .prober = prober,
                .store = *store,
                .cluster = cluster,
                .turns = turns,
                .drivers = std::move(given_drivers),
                .node = nullptr,
                .inherited_environment = inherited_environment(options.env_denylist)} {}

  AgentOptions options;
  NodeIdentity identity;
  std::unique_ptr<StateStore> store;
  Clock& clock;
  Loop loop;
  WorkerPool quick;
  WorkerPool slow;
  ClusterData cluster;
  RestartTurns turns;
  NetworkProber prober;
  RunnerContext context;
  std::unique_ptr<GpuMonitor> gpus;  // null where the configuration wants none
  std::unique_ptr<HostStats> host_stats;
  std::unique_ptr<Supervisor> supervisor;
  std::unique_ptr<Connection> connection;
  std::unique_ptr<SessionServer> sessions;
  std::mutex stop_mutex;
  bool stopped = false;

  [[nodiscard]] GpuSnapshotPtr latest_gpus() const {
    return gpus ? gpus->snapshot() : std::make_shared<const GpuSnapshot>();
  }

  // Finds the GPUs, so that the node is registered with them from the start.
  void find_gpus() {
    if (!options.gpu.enabled) return;
    gpus = std::make_unique<GpuMonitor>(make_gpu_watch(options.gpu), gpu_interval_ns);
    gpus->start(gpu_patience_ns);
    context.gpus = gpus->snapshot();
  }

  void watch_gpus() {
    if (!gpus) return;
    gpus->listen([this](const GpuSnapshotPtr& snapshot) {
      loop.post([this, snapshot] { gpus_seen(snapshot); });
    });
  }

  void gpus_seen(const GpuSnapshotPtr& snapshot) {
    if (snapshot->gpus.empty() && context.gpus->gpus.empty()) return;
    context.gpus = snapshot;
    model::Node node = supervisor->node();
    describe_gpus(*snapshot, options.gpu.share, node);
    update_node(std::move(node));
    supervisor->gpus_seen();
  }

  void update_node(model::Node node) {
    if (!differs(supervisor->node(), node)) return;
    YURT_LOG(info, "agent", "the node's description has changed");
    context.node = facts_of(node, options.region);
    supervisor->set_node(std::move(node));
  }

  void build(const model::Node& node) {
    context.node = facts_of(node, options.region);
    host_stats =
        std::make_unique<HostStats>(options.data_dir, node.node_resources().cpu().cpu_shares(),
                                    [this] { return latest_gpus(); });
    Supervisor::Hooks hooks;
    hooks.stats_json = [this] { return host_stats->sample(clock.wall_ns()); };
    hooks.session_wanted = [this](const std::shared_ptr<ServerLink>& link,
                                  const model::OpenSession& wanted) {
      sessions->open(link, wanted);
    };
    supervisor = std::make_unique<Supervisor>(context, node, std::move(hooks));
    ServerList servers(options.servers);
    if (const auto told = store->fact("servers")) servers.learn(lines_of(*told));
    connection =
        std::make_unique<Connection>(loop, clock, context.random, *supervisor, std::move(servers));
    supervisor->set_connection(connection.get());
    sessions = std::make_unique<SessionServer>(loop, clock, *supervisor, *host_stats);
  }

  void fingerprint_regularly() {
    loop.at(clock.steady_ns() + fingerprint_interval_ns, [this] {
      slow.submit([this] {
        auto node = take_fingerprint(options, identity, context.drivers, clock.wall_ns());
        loop.post([this, node = std::move(node)]() mutable {
          // A driver that hangs tells of no further look: it shows here.
          context.gpus = latest_gpus();
          describe_gpus(*context.gpus, options.gpu.share, node);
          update_node(std::move(node));
          supervisor->gpus_seen();
          fingerprint_regularly();
        });
      });
    });
  }
};

Result<std::unique_ptr<Agent>> Agent::create(AgentOptions options, Clock& clock, Random& random) {
  YURT_TRY(check(options));
  raise_descriptor_limit();
  Drivers drivers;
  if (options.raw_exec.enabled) {
    YURT_TRY(make_folders(options.data_dir, 0711));
    drivers::RawExecOptions raw_exec;
    raw_exec.enabled = true;
    raw_exec.state_folder = (options.data_dir / "shims").string();
    raw_exec.shim_program = options.raw_exec.shim_path;
    raw_exec.cgroups.parent = options.raw_exec.cgroup_parent;
    raw_exec.denied_host_uids = options.raw_exec.denied_host_uids;
    raw_exec.denied_host_gids = options.raw_exec.denied_host_gids;
    raw_exec.denied_envvars = options.raw_exec.denied_envvars;
    YURT_ASSIGN(std::shared_ptr<drivers::Driver> driver,
                drivers::make_raw_exec(std::move(raw_exec)));
    drivers.emplace("raw_exec", std::move(driver));
  }
  if (options.docker.enabled) {
    YURT_TRY(make_folders(options.data_dir, 0711));
    drivers::docker::DockerOptions docker = options.docker.driver;
    docker.state_folder = (options.data_dir / "docker").string();
    docker.cgroups.parent = options.raw_exec.cgroup_parent;
    YURT_ASSIGN(const auto side, drivers::docker::EngineSide::open(std::move(docker), random));
    drivers.emplace("docker", drivers::make_docker(side));
    drivers.emplace("compose", drivers::make_compose(side));
  }
  return create_with(std::move(options), std::move(drivers), clock, random);
}

Result<std::unique_ptr<Agent>> Agent::create_with(AgentOptions options, Drivers drivers,
                                                  Clock& clock, Random& random) {
  YURT_TRY(check(options));
  YURT_TRY(make_folders(options.data_dir, 0711));
  YURT_TRY(make_folders(AllocDir::folder_of_all(options.data_dir), 0711));
  YURT_ASSIGN(auto store, StateStore::open(options.data_dir / "state"));
  YURT_ASSIGN(auto identity, load_or_create_identity(options.data_dir, random));

  auto impl = std::make_unique<Impl>(std::move(options), std::move(drivers), std::move(identity),
                                     std::move(store), clock, random);
  impl->find_gpus();
  auto node =
      take_fingerprint(impl->options, impl->identity, impl->context.drivers, clock.wall_ns());
  describe_gpus(*impl->context.gpus, impl->options.gpu.share, node);
  for (const auto& [name, driver] : impl->context.drivers) {
    for (const auto& warning : driver->fingerprint().warnings) {
      YURT_LOG(warn, "agent", "{}: {}", name, warning);
    }
  }
  impl->build(node);

  const std::string boot_id = read_boot_id();
  const auto known_boot = impl->store->fact("boot_id");
  const bool rebooted = known_boot && *known_boot != boot_id;
  if (!rebooted) YURT_TRY(impl->store->put_fact("boot_id", boot_id));
  YURT_ASSIGN(auto stored, impl->store->load());
  auto found = find_runs(impl->context.drivers);
  impl->loop.call<bool>([&] {
    impl->supervisor->restore(std::move(stored), std::move(found), rebooted ? boot_id : "");
    return true;
  });
  return std::unique_ptr<Agent>(new Agent(std::move(impl)));
}

Agent::Agent(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Agent::~Agent() { stop(); }

void Agent::start() {
  impl_->loop.post([impl = impl_.get()] {
    impl->supervisor->start();
    impl->connection->start();
    impl->fingerprint_regularly();
    impl->watch_gpus();
  });
}

void Agent::stop() {
  const std::lock_guard lock(impl_->stop_mutex);
  if (std::exchange(impl_->stopped, true)) return;
  impl_->sessions->stop();
  if (impl_->gpus) impl_->gpus->stop();
  impl_->prober.stop();
  impl_->quick.stop();
  impl_->slow.stop();
  impl_->loop.stop();
  impl_->connection->shutdown();
  // Runners let go of their tasks before the drivers go.
  impl_->supervisor->release();
}

std::string Agent::node_id() const { return impl_->identity.id.to_string(); }

bool Agent::connected() const {
  return impl_->loop.call<bool>([this] { return impl_->connection->connected(); }).value_or(false);
}

std::string Agent::leader() const {
  return impl_->loop
      .call<std::string>([this] {
        return impl_->connection->connected() ? impl_->connection->address() : std::string();
      })
      .value_or("");
}

std::size_t Agent::held_allocations() const {
  return impl_->loop.call<std::size_t>([this] { return impl_->supervisor->held(); }).value_or(0);
}

}  // namespace yurt::agent
