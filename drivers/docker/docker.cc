#include "drivers/docker/docker.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/log.h"
#include "drivers/docker/config/docker_config.h"
#include "drivers/docker/container/task_mounts.h"
#include "drivers/docker/image/image_uses.h"
#include "drivers/docker/image/puller.h"
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
  Docker(DockerOptions options, std::string owner, std::unique_ptr<EventLoop> loop)
      : options_(std::move(options)),
        services_(options_.endpoint, options_.state_folder, std::move(owner), std::move(loop)),
        images_(options_.state_folder + "/images.json"),
        puller_(std::make_unique<Puller>(services_.engine, services_.background,
                                         options_.pull_activity_timeout_ns)) {
    sweep_later();
  }
  ~Docker() override;

  std::string_view name() const override { return "docker"; }
  Fingerprint fingerprint() override;
  std::vector<ConfigError> validate(std::string_view config) const override {
    return check_docker_config(config);
  }
  std::optional<InnerFolders> inner_folders() const override {
    return InnerFolders{inner_alloc_dir, inner_task_dir, inner_secrets_dir};
  }
  void start(TaskConfig config, StartEvents events) override;
  void cancel_start(const std::string& id) override;
  Result<std::shared_ptr<Task>> recover(std::string_view reattach_state) override;
  Result<std::vector<std::string>> discover() override;

 private:
  void sweep_later();
  void read_facts();

  const DockerOptions options_;
  Services services_;
  ImageUses images_;
  std::unique_ptr<Puller> puller_;

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<ContainerStart>> starting_;
  bool seen_ = false;         // the Engine has answered once
  bool facts_known_ = false;  // since it last came back
  std::vector<std::pair<std::string, std::string>> facts_;
};

Docker::~Docker() {
  services_.engine.shut_down();
  puller_.reset();
  services_.workers.stop();
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
  struct stat info {};
  fingerprint.detected =
      seen_ || options_.configured || ::stat(services_.engine.socket_path().c_str(), &info) == 0;
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
          ContainerStart::Means{services_, options_, *puller_, images_}, std::move(config),
          std::move(events), [this, id] {
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
  struct stat info {};
  if (::stat(services_.engine.socket_path().c_str(), &info) != 0 && !options_.configured) {
    return std::vector<std::string>{};
  }
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

void Docker::sweep_later() {
  services_.background.run_after(options_.sweep_interval_ns, [this] {
    services_.workers.submit([this] {
      const std::int64_t now_ns = SystemClock().wall_ns();
      sweep_containers(services_, options_.dangling_grace_ns, now_ns);
      sweep_images(services_, images_, options_, now_ns);
    });
    sweep_later();
  });
}

// Made once: whose containers are whose must not depend on names or paths that may be reused.
Result<std::string> owner_of(const std::string& state_folder, Random& random) {
  const std::string path = state_folder + "/owner";
  auto known = read_file(path);
  if (known.ok() && known->size() == 32) return known;
  const std::string made = fmt::format("{:016x}{:016x}", random.next(), random.next());
  YURT_TRY(write_file_atomically(path, made, 0600));
  return made;
}

}  // namespace
}  // namespace docker

Result<std::unique_ptr<Driver>> make_docker(docker::DockerOptions options, Random& random) {
  YURT_TRY(make_folders(options.state_folder, 0700));
  YURT_ASSIGN(std::string owner, docker::owner_of(options.state_folder, random));
  YURT_ASSIGN(std::unique_ptr<EventLoop> loop, EventLoop::create());
  return std::unique_ptr<Driver>(
      new docker::Docker(std::move(options), std::move(owner), std::move(loop)));
}

std::vector<ConfigError> check_docker_config(std::string_view config) {
  docker::DockerConfig ignored;
  return docker::parse_docker_config(config, true, ignored);
}

}  // namespace yurt::drivers
