#include "drivers/compose/compose.h"

#include <map>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "drivers/compose/config/compose_config.h"
#include "drivers/compose/project/engine_objects.h"
#include "drivers/compose/project/project_group.h"
#include "drivers/compose/task/project_start.h"
#include "drivers/compose/task/project_sweep.h"
#include "drivers/compose/task/project_task.h"
#include "drivers/docker/container/task_mounts.h"

namespace yurt::drivers {
namespace compose {
namespace {

// A fingerprint may take a second in all.
constexpr std::int64_t ping_timeout_ns = 600 * nanoseconds_per_millisecond;

class Compose final : public Driver {
 public:
  explicit Compose(std::shared_ptr<docker::EngineSide> side)
      : side_(std::move(side)), services_(side_->services) {
    side_->on_sweep(
        [sweep = std::make_shared<ProjectSweep>(services_, side_->options.dangling_grace_ns)](
            std::int64_t now_ns) { sweep->run(now_ns); });
  }
  ~Compose() override;

  std::string_view name() const override { return "compose"; }
  Fingerprint fingerprint() override;
  std::vector<ConfigError> validate(std::string_view config) const override {
    return check_compose_config(config);
  }
  std::optional<InnerFolders> inner_folders() const override {
    return InnerFolders{docker::inner_alloc_dir, docker::inner_task_dir, docker::inner_secrets_dir};
  }
  void start(TaskConfig config, StartEvents events) override;
  void cancel_start(const std::string& id) override;
  Result<std::shared_ptr<Task>> recover(std::string_view reattach_state) override;
  Result<std::vector<std::string>> discover() override;

 private:
  const std::shared_ptr<docker::EngineSide> side_;
  docker::Services& services_;

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<ProjectStart>> starting_;
  bool seen_ = false;    // the Engine has answered once
  std::string version_;  // what was known stays published while the Engine is away
};

Compose::~Compose() {
  side_->shut_down();
  std::map<std::string, std::shared_ptr<ProjectStart>> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(starting_);
  }
  for (const auto& [id, start] : left) start->abandon();
}

Fingerprint Compose::fingerprint() {
  const Status alive = services_.engine.ping(ping_timeout_ns);
  const auto version =
      alive.ok() ? services_.engine.version() : Result<docker::EngineVersion>(alive.error());
  const std::lock_guard lock(mutex_);
  seen_ |= alive.ok();
  if (version.ok()) version_ = version->engine;
  Fingerprint fingerprint;
  fingerprint.detected = seen_ || side_->options.configured || side_->socket_exists();
  fingerprint.healthy = alive.ok();
  fingerprint.health_description = alive.ok() ? "Healthy" : alive.error().message;
  if (!version_.empty()) {
    fingerprint.attributes = {{"driver.compose", "1"}, {"driver.compose.version", version_}};
  }
  return fingerprint;
}

void Compose::start(TaskConfig config, StartEvents events) {
  const std::string id = config.id;
  std::shared_ptr<ProjectStart> start;
  {
    const std::lock_guard lock(mutex_);
    if (!starting_.contains(id)) {
      start = std::make_shared<ProjectStart>(
          ProjectStart::Means{services_, side_->options, side_->puller(), side_->images},
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

void Compose::cancel_start(const std::string& id) {
  std::shared_ptr<ProjectStart> start;
  {
    const std::lock_guard lock(mutex_);
    const auto found = starting_.find(id);
    if (found == starting_.end()) return;
    start = found->second;
  }
  // The end of the start is told by a callback, which must not come from inside this call.
  services_.workers.submit([start] { start->cancel(); });
}

Result<std::shared_ptr<Task>> Compose::recover(std::string_view reattach_state) {
  YURT_ASSIGN(const ProjectTask::Reattach known, ProjectTask::decode_reattach(reattach_state));
  const ProjectFolder folder(services_.state_folder, known.task_id);
  auto record = folder.read();
  std::string why = record.ok() ? "" : "nothing is known of the project any more";
  std::shared_ptr<const ProjectPlan> plan;
  std::shared_ptr<ProjectLog> log;
  if (record.ok()) {
    auto made = make_project_plan(record->task, record->text);
    if (made.ok()) {
      plan = std::move(*made);
    } else {
      why = made.error().message;
    }
  }
  if (plan && !plan->task.logs.disabled) {
    // Without its files the project goes on; what it writes is lost.
    log = ProjectLog::open(plan->task.logs, folder.position()).value_or(nullptr);
  }
  if (!plan) {
    auto empty = std::make_shared<ProjectPlan>();
    empty->task.id = known.task_id;
    plan = std::move(empty);
  }
  ProjectRecord kept = record.ok() ? std::move(*record) : ProjectRecord{};
  kept.started_at_ns = known.started_at_ns;
  const auto run = std::make_shared<ProjectRun>(services_, plan, std::move(kept), std::move(log));
  if (why.empty()) {
    run->take_over();
  } else {
    run->lose(why);
  }
  return std::shared_ptr<Task>(std::make_shared<ProjectTask>(run));
}

Result<std::vector<std::string>> Compose::discover() {
  std::vector<std::string> states;
  for (const std::string& task_id : ProjectFolder::task_ids(services_.state_folder)) {
    const auto record = ProjectFolder(services_.state_folder, task_id).read();
    if (record.ok() && record->created) {
      states.push_back(ProjectTask::encode_reattach(task_id, record->started_at_ns));
    } else if (!record.ok() && record.error().code != ErrorCode::not_found) {
      // Perhaps it runs: it is the sweep's, unless an allocation asks for it.
      YURT_LOG(warn, "compose", "{}", record.error().message);
    } else if (!services_.is_kept(task_id)) {
      // Its agent died while it was being made; the task will be started anew.
      services_.workers.submit([this, task_id] {
        if (services_.is_kept(task_id) || !remove_objects(services_, task_id).ok()) return;
        remove_project_group(task_id);
        ProjectFolder(services_.state_folder, task_id).remove();
      });
    }
  }
  return states;
}

}  // namespace
}  // namespace compose

std::unique_ptr<Driver> make_compose(std::shared_ptr<docker::EngineSide> side) {
  return std::make_unique<compose::Compose>(std::move(side));
}

std::vector<ConfigError> check_compose_config(std::string_view config) {
  compose::ComposeConfig ignored;
  return compose::parse_compose_config(config, true, ignored);
}

}  // namespace yurt::drivers
