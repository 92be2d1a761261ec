#include "drivers/docker/docker.h"

#include <map>
#include <nlohmann/json.hpp>

#include "drivers/docker/config/docker_config.h"
#include "drivers/docker/container/task_mounts.h"
#include "drivers/docker/task/container_start.h"
#include "drivers/docker/task/docker_task.h"
#include "drivers/docker/task/sweep.h"

namespace yurt::drivers {
namespace docker {
namespace {

using Json = nlohmann::json;

// A fingerprint may take a second in all.
constexpr std::int64_t ping_timeout_ns = 600 * nanoseconds_per_millisecond;
constexpr std::int64_t facts_timeout_ns = 150 * nanoseconds_per_millisecond;

class Docker final : public Driver {
 public:
  explicit Docker(std::shared_ptr<EngineSide> side)
      : side_(std::move(side)), options_(side_->options), services_(side_->services) {
    side_->on_sweep([shared = side_.get()](std::int64_t now_ns) {
      sweep_containers(shared->services, shared->options.dangling_grace_ns, now_ns);
      sweep_images(shared->services, shared->images, shared->options, now_ns);
    });
  }
  ~Docker() override;

  std::string_view name() const override { return "docker"; }
  Fingerprint fingerprint() override;
  std::vector<ConfigError> validate(std::string_view config) const override {
    return drivers::check_docker_config(config);
  }
  std::optional<InnerFolders> inner_folders() const override {
    return InnerFolders{inner_alloc_dir, inner_task_dir, inner_secrets_dir};
  }
  void start(TaskConfig config, StartEvents events) override;
  void cancel_start(const std::string& id) override;
  Result<std::shared_ptr<Task>> recover(std::string_view reattach_state) override;
  Result<std::vector<std::string>> discover() override;

 private:
  void read_facts();

  const std::shared_ptr<EngineSide> side_;
  const DockerOptions& options_;
  Services& services_;

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<ContainerStart>> starting_;
  bool seen_ = false;         // the Engine has answered once
  bool facts_known_ = false;  // since it last came back
  std::vector<std::pair<std::string, std::string>> facts_;
};

Docker::~Docker() {
  side_->shut_down();
  std::map<std::string, std::shared_ptr<ContainerStart>> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(starting_);
  }
  for (const auto& [id, start] : left) start->abandon();
}

void Docker::read_facts() {
  const auto version = services_.engine.version();
  EngineCall info_call{"GET", "/info"};
  EngineCall bridge_call{"GET", "/networks/bridge"};
  info_call.timeout_ns = bridge_call.timeout_ns = facts_timeout_ns;
  const auto info = services_.engine.json(info_call);
  if (!version.ok() || !info.ok()) return;
  services_.set_cgroup_driver(info->value("CgroupDriver", ""));
  std::vector<std::pair<std::string, std::string>> facts{
      {"driver.docker", "1"},
      {"driver.docker.version", version->engine},
      {"driver.docker.api_version", version->api.to_string()},
      {"driver.docker.os_type", version->os},
  };
  std::string runtimes;
  const Json known_runtimes = info->value("Runtimes", Json::object());
  for (const auto& [runtime, details] : known_runtimes.items()) {
    runtimes += (runtimes.empty() ? "" : ",") + runtime;
  }
  facts.emplace_back("driver.docker.runtimes", runtimes);
  if (options_.volumes_enabled) facts.emplace_back("driver.docker.volumes.enabled", "1");
  if (options_.allow_privileged) facts.emplace_back("driver.docker.privileged.enabled", "1");
  if (const auto bridge = services_.engine.json(bridge_call); bridge.ok()) {
    const Json pools = bridge->value("IPAM", Json::object()).value("Config", Json::array());
    if (pools.is_array() && !pools.empty() && pools[0].contains("Gateway")) {
      facts.emplace_back("driver.docker.bridge_ip", pools[0]["Gateway"]);
    }
  }
  const std::lock_guard lock(mutex_);
  facts_ = std::move(facts);
  facts_known_ = true;
}

Fingerprint Docker::fingerprint() {
  const Status alive = services_.engine.ping(ping_timeout_ns);
  bool wants_facts = false;
  {
    const std::lock_guard lock(mutex_);
    seen_ |= alive.ok();
    if (!alive.ok()) facts_known_ = false;
    wants_facts = alive.ok() && !facts_known_;
  }
  if (wants_facts) read_facts();
  Fingerprint fingerprint;
  const std::lock_guard lock(mutex_);
  fingerprint.detected = seen_ || options_.configured || side_->socket_exists();
  fingerprint.healthy = alive.ok();
  fingerprint.health_description = alive.ok() ? "Healthy" : alive.error().message;
  // What was known stays published, so that constraints do not flap while the Engine restarts.
  fingerprint.attributes = facts_;
  return fingerprint;
}

void Docker::start(TaskConfig config, StartEvents events) {
  const std::string id = config.id;
  std::shared_ptr<ContainerStart> start;
  {
    const std::lock_guard lock(mutex_);
    if (!starting_.contains(id)) {
      start = std::make_shared<ContainerStart>(
          ImageSearch::Means{services_, options_, side_->puller(), side_->images},
          std::move(config), std::move(events), [this, id] {
            const std::lock_guard over(mutex_);
            starting_.erase(id);
          });
      starting_.emplace(id, start);
    }
  }
  if (start) return start->begin();
  services_.workers.submit([id, events = std::move(events)] {
    events.on_done(Error{ErrorCode::already_exists, "the task " + id + " is being started"});
  });
}

void Docker::cancel_start(const std::string& id) {
  std::shared_ptr<ContainerStart> start;
  {
    const std::lock_guard lock(mutex_);
    const auto found = starting_.find(id);
    if (found == starting_.end()) return;
    start = found->second;
  }
  // The end of the start is told by a callback, which must not come from inside this call.
  services_.workers.submit([start] { start->cancel(); });
}

Result<std::shared_ptr<Task>> Docker::recover(std::string_view reattach_state) {
  YURT_ASSIGN(ContainerState state, ContainerState::decode(reattach_state));
  auto container = std::make_shared<Container>(services_, std::move(state));
  container->follow();
  return std::shared_ptr<Task>(std::make_shared<DockerTask>(services_, std::move(container)));
}

Result<std::vector<std::string>> Docker::discover() {
  // Where there is no Engine and never was, there is nothing of ours.
  if (!side_->socket_exists() && !options_.configured) return std::vector<std::string>{};
  YURT_ASSIGN(auto own, own_containers(services_));
  std::vector<std::string> states;
  for (OwnContainer& container : own) {
    if (!container.ever_started) {
      // Its agent died between creating and starting it; the task will be started anew.
      if (!services_.is_kept(container.state.task_id)) remove_own_container(services_, container);
      continue;
    }
    const auto inspect = services_.engine.call({"GET", "/containers/" + container.id + "/json"});
    if (!inspect.ok()) continue;
    const auto run = run_state_of(*inspect);
    container.state.started_at_ns = run.ok() ? run->result.started_at_ns : container.created_at_ns;
    states.push_back(container.state.encode());
  }
  return states;
}

}  // namespace
}  // namespace docker

std::unique_ptr<Driver> make_docker(std::shared_ptr<docker::EngineSide> side) {
  return std::make_unique<docker::Docker>(std::move(side));
}

std::vector<ConfigError> check_docker_config(std::string_view config) {
  docker::DockerConfig ignored;
  return docker::parse_docker_config(config, true, ignored);
}

}  // namespace yurt::drivers
