#include "drivers/docker/task/container_start.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/duration.h"
#include "base/log.h"
#include "drivers/docker/container/container_spec.h"
#include "drivers/docker/container/task_mounts.h"
#include "drivers/docker/task/docker_task.h"

namespace yurt::drivers::docker {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t engine_poll_ns = nanoseconds_per_second / 2;
// A busy Engine takes its time; nothing is gained by giving up early.
constexpr std::int64_t slow_call_ns = 300 * nanoseconds_per_second;

Error start_cancelled() { return {ErrorCode::unavailable, "the start was cancelled"}; }

}  // namespace

ContainerStart::ContainerStart(Means means, TaskConfig task, StartEvents events,
                               std::function<void()> on_over)
    : means_(means),
      task_(std::move(task)),
      events_(std::move(events)),
      on_over_(std::move(on_over)) {}

void ContainerStart::begin() {
  means_.services.keep(task_.id);
  engine_deadline_ns_ = SystemClock().steady_ns() + means_.options.engine_wait_ns;
  run_on_worker(&ContainerStart::check);
}

void ContainerStart::run_on_worker(void (ContainerStart::*step)()) {
  means_.services.workers.submit([self = shared_from_this(), step] {
    if (self->cancelled_) return self->finish(start_cancelled());
    (self.get()->*step)();
  });
}

void ContainerStart::cancel() {
  cancelled_ = true;
  means_.puller.cancel(task_.id);
}

void ContainerStart::abandon() { finish(Error{ErrorCode::unavailable, "the agent is stopping"}); }

void ContainerStart::progress(const std::string& message) const {
  if (events_.on_progress && !over_) events_.on_progress("Driver", message);
}

void ContainerStart::finish(Result<std::shared_ptr<Task>> outcome) {
  if (over_.exchange(true)) return;
  // A container that was there before belongs to somebody.
  if (!outcome.ok() && outcome.error().code != ErrorCode::already_exists) {
    means_.services.give_up(task_.id);
  }
  on_over_();
  events_.on_done(std::move(outcome));
}

void ContainerStart::check() {
  const auto wrong = parse_docker_config(task_.config, false, config_);
  if (!wrong.empty()) {
    std::string text;
    for (const ConfigError& error : wrong) text += (text.empty() ? "" : "; ") + error.message;
    return finish(Error{ErrorCode::invalid_argument, text});
  }
  auto image = ImageName::parse(config_.image);
  if (!image.ok()) return finish(image.error());
  image_ = std::move(*image);
  find_image();
}

void ContainerStart::wait_for_engine(const Error& error) {
  if (SystemClock().steady_ns() >= engine_deadline_ns_) return finish(error);
  if (!std::exchange(told_waiting_, true)) {
    progress("Waiting for the Docker Engine: " + error.message);
  }
  means_.services.background.run_after(engine_poll_ns, [self = shared_from_this()] {
    self->run_on_worker(&ContainerStart::find_image);
  });
}

Status ContainerStart::load_image() {
  YURT_ASSIGN(const std::string path, host_path_of("local/" + config_.load, task_, means_.options));
  progress("Loading image " + image_.text() + " from " + config_.load);
  EngineCall call{"POST", "/images/load?quiet=1"};
  call.body_file = path;
  call.timeout_ns = config_.image_pull_timeout_ns;
  const auto loaded = means_.services.engine.call(call);
  return loaded.ok() ? Status() : Status(loaded.error().within("loading " + config_.load));
}

void ContainerStart::find_image() {
  if (const auto version = means_.services.engine.version(); !version.ok()) {
    if (version.error().code == ErrorCode::unavailable ||
        version.error().code == ErrorCode::deadline_exceeded) {
      return wait_for_engine(version.error());
    }
    return finish(version.error());
  }
  if (!config_.load.empty()) {
    if (const Status loaded = load_image(); !loaded.ok()) return finish(loaded.error());
  }
  ImageWish wish;
  wish.id = task_.id;
  wish.image = image_;
  wish.auth = config_.auth;
  wish.auth_soft_fail = config_.auth_soft_fail;
  wish.ask_registry = config_.force_pull && config_.load.empty();
  wish.stay_local = !config_.load.empty();
  wish.pull_timeout_ns = config_.image_pull_timeout_ns;
  wish.on_progress = [self = shared_from_this()](const std::string& message) {
    self->progress(message);
  };
  wish.on_done = [self = shared_from_this()](Result<std::string> id, bool engine_away) {
    if (self->cancelled_) return self->finish(start_cancelled());
    if (!id.ok()) {
      return engine_away ? self->wait_for_engine(id.error()) : self->finish(id.error());
    }
    self->image_id_ = std::move(*id);
    self->create();
  };
  std::make_shared<ImageSearch>(means_, std::move(wish))->find();
}

ContainerState ContainerStart::own_state() const {
  ContainerState state;
  state.task_id = task_.id;
  state.logs = task_.logs;
  state.tty = config_.tty;
  state.stop_signal = task_.stop_signal;
  if (!cgroup_parent_.empty()) state.limits_group = task_.limits_group;
  return state;
}

Status ContainerStart::enter_limits() {
  if (task_.limits_group.empty()) return {};
  Services& services = means_.services;
  if (services.limit_groups.usable(services.cgroup_driver())) {
    YURT_ASSIGN(cgroup_parent_, services.limit_groups.enter(task_.limits_group, task_.resources));
    return {};
  }
  const int workers = std::max(1, task_.limits_group_size);
  task_.resources.cpu_mhz /= workers;
  if (task_.resources.memory_mib > 0) {
    task_.resources.memory_mib = std::max<std::int64_t>(1, task_.resources.memory_mib / workers);
  }
  if (task_.resources.memory_max_mib > 0) {
    task_.resources.memory_max_mib =
        std::max<std::int64_t>(1, task_.resources.memory_max_mib / workers);
  }
  progress(fmt::format(
      "The Engine manages control groups with {}: each of the {} workers has a part of the "
      "task's limits ({} MiB, {} MHz)",
      services.cgroup_driver().empty() ? "an unknown driver" : services.cgroup_driver(), workers,
      task_.resources.memory_mib, task_.resources.cpu_mhz));
  return {};
}

void ContainerStart::leave_limits() {
  if (!cgroup_parent_.empty()) means_.services.limit_groups.leave(task_.limits_group, true);
}

Result<std::string> ContainerStart::create_container() {
  Services& services = means_.services;
  YURT_ASSIGN(const EngineVersion version, services.engine.version());
  YURT_ASSIGN(const Json spec,
              container_spec({task_, config_, means_.options, version.api, image_id_,
                              services.owner, own_state().encode(), cgroup_parent_}));
  EngineCall call{"POST", "/containers/create?name=yurt." + url_encoded(task_.id),
                  spec.dump(-1, ' ', false, Json::error_handler_t::replace)};
  call.timeout_ns = slow_call_ns;
  const auto created = services.engine.json(call);
  if (created.ok()) {
    for (const auto& warning : created->value("Warnings", Json::array())) {
      if (warning.is_string()) progress(warning.get<std::string>());
    }
    return created->value("Id", "");
  }
  if (created.error().code == ErrorCode::conflict) {
    return Error{ErrorCode::already_exists, created.error().message};
  }
  return created.error();
}

void ContainerStart::remove_container(const std::string& container_id) {
  const auto removed =
      means_.services.engine.call({"DELETE", "/containers/" + container_id + "?v=1&force=1"});
  if (!removed.ok() && removed.error().code != ErrorCode::not_found) {
    YURT_LOG(warn, "docker", "removing the container of {}: {}", task_.id, removed.error().message);
  }
}

void ContainerStart::create() {
  if (const Status limited = enter_limits(); !limited.ok()) return finish(limited.error());
  Services& services = means_.services;
  const auto container_id = create_container();
  if (!container_id.ok()) {
    leave_limits();
    return finish(container_id.error());
  }
  const std::string path = "/containers/" + *container_id;
  EngineCall call{"POST", path + "/start"};
  call.timeout_ns = slow_call_ns;
  const auto started =
      cancelled_ ? Result<std::string>(start_cancelled()) : services.engine.call(call);
  if (!started.ok()) {
    remove_container(*container_id);
    leave_limits();
    return finish(started.error());
  }
  const auto inspect = services.engine.call({"GET", path + "/json"});
  const auto run = inspect.ok() ? run_state_of(*inspect) : Result<RunState>(inspect.error());
  if (run.ok() && run->running && !cgroup_parent_.empty() &&
      !services.limit_groups.holds(task_.limits_group, *container_id)) {
    progress(
        "The Engine does not share its control groups with the agent: the task's limits hold for "
        "each worker alone");
  }
  leave_limits();
  ContainerState state = own_state();
  state.container_id = *container_id;
  state.started_at_ns = run.ok() && run->result.started_at_ns > 0 ? run->result.started_at_ns
                                                                  : SystemClock().wall_ns();
  if (run.ok()) state.address = run->address;
  auto container = std::make_shared<Container>(services, std::move(state));
  container->follow();
  finish(std::shared_ptr<Task>(std::make_shared<DockerTask>(services, std::move(container))));
}

}  // namespace yurt::drivers::docker
