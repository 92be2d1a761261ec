#include "drivers/compose/task/project_start.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/duration.h"
#include "base/log.h"
#include "drivers/compose/logs/project_log.h"
#include "drivers/compose/project/container_body.h"
#include "drivers/compose/project/engine_objects.h"
#include "drivers/compose/project/project_group.h"
#include "drivers/compose/task/project_run.h"
#include "drivers/compose/task/project_task.h"

namespace yurt::drivers::compose {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t engine_poll_ns = nanoseconds_per_second / 2;
// How long the allocation's earlier run may take to be removed.
constexpr std::int64_t earlier_run_ns = 60 * nanoseconds_per_second;
constexpr std::int64_t earlier_run_poll_ns = 100 * nanoseconds_per_millisecond;
constexpr std::int64_t pull_timeout_ns = 300 * nanoseconds_per_second;
// A busy Engine takes its time; nothing is gained by giving up early.
constexpr std::int64_t slow_create_ns = 300 * nanoseconds_per_second;

Error start_cancelled() { return {ErrorCode::unavailable, "the start was cancelled"}; }

// One pull for each image, so that cancelling ends them all.
std::string pull_id(const std::string& task_id, const std::string& image) {
  return task_id + " " + image;
}

}  // namespace

ProjectStart::ProjectStart(Means means, TaskConfig task, StartEvents events,
                           std::function<void()> on_over)
    : means_(means),
      task_(std::move(task)),
      folder_(means.services.state_folder, task_.id),
      events_(std::move(events)),
      on_over_(std::move(on_over)) {}

void ProjectStart::begin() {
  means_.services.keep(task_.id);
  engine_deadline_ns_ = SystemClock().steady_ns() + means_.options.engine_wait_ns;
  run_on_worker(&ProjectStart::plan);
}

void ProjectStart::run_on_worker(void (ProjectStart::*step)()) {
  means_.services.workers.submit([self = shared_from_this(), step] {
    if (self->cancelled_) return self->finish(start_cancelled());
    (self.get()->*step)();
  });
}

void ProjectStart::cancel() {
  cancelled_ = true;
  std::vector<std::string> images;
  {
    const std::lock_guard lock(mutex_);
    if (!plan_) return;
    for (const ActiveService& active : plan_->services) {
      images.push_back(active.service->container.image);
    }
  }
  for (const std::string& image : images) means_.puller.cancel(pull_id(task_.id, image));
}

void ProjectStart::abandon() { finish(Error{ErrorCode::unavailable, "the agent is stopping"}); }

void ProjectStart::progress(const std::string& message) const {
  if (events_.on_progress && !over_) events_.on_progress("Driver", message);
}

void ProjectStart::finish(Result<std::shared_ptr<Task>> outcome) {
  if (over_.exchange(true)) return;
  if (!outcome.ok() && outcome.error().code != ErrorCode::already_exists) {
    means_.services.give_up(task_.id);
  }
  on_over_();
  events_.on_done(std::move(outcome));
}

void ProjectStart::plan() {
  if (const auto there = folder_.read(); there.ok()) {
    return finish(Error{ErrorCode::already_exists, "the task " + task_.id + " is there already"});
  }
  auto text = read_compose_text(task_, means_.options);
  if (!text.ok()) return finish(text.error());
  text_ = std::move(*text);
  auto plan = make_project_plan(task_, text_);
  if (!plan.ok()) return finish(plan.error());
  {
    const std::lock_guard lock(mutex_);
    plan_ = std::move(*plan);
  }
  for (const std::string& name : plan_->unset) {
    progress("The variable " + name + " is not set; it counts as empty");
  }
  find_images();
}

void ProjectStart::wait_for_engine(const Error& error) {
  if (SystemClock().steady_ns() >= engine_deadline_ns_) return finish(error);
  if (!std::exchange(told_waiting_, true)) {
    progress("Waiting for the Docker Engine: " + error.message);
  }
  means_.services.background.run_after(engine_poll_ns, [self = shared_from_this()] {
    self->run_on_worker(&ProjectStart::find_images);
  });
}

void ProjectStart::find_images() {
  if (const auto version = means_.services.engine.version(); !version.ok()) {
    if (version.error().code == ErrorCode::unavailable ||
        version.error().code == ErrorCode::deadline_exceeded) {
      return wait_for_engine(version.error());
    }
    return finish(version.error());
  }
  int round = 0;
  {
    const std::lock_guard lock(mutex_);
    round = ++images_round_;
  }
  std::map<std::string, const Service*> wanted;
  for (const ActiveService& active : plan_->services) {
    const Service*& service = wanted[active.service->container.image];
    if (service == nullptr || active.service->pull == PullRule::always) service = active.service;
  }
  std::vector<std::shared_ptr<docker::ImageSearch>> searches;
  for (const auto& [name, service] : wanted) {
    auto image = docker::ImageName::parse(name);
    if (!image.ok()) return finish(image.error().within("services." + service->name + ".image"));
    docker::ImageWish wish;
    wish.id = pull_id(task_.id, name);
    wish.image = std::move(*image);
    wish.ask_registry = service->pull == PullRule::always;
    wish.stay_local = service->pull == PullRule::never;
    wish.pull_timeout_ns = pull_timeout_ns;
    wish.on_progress = [self = shared_from_this()](const std::string& message) {
      self->progress(message);
    };
    wish.on_done = [self = shared_from_this(), round, image_name = name](Result<std::string> id,
                                                                         bool engine_away) {
      self->image_found(round, image_name, std::move(id), engine_away);
    };
    searches.push_back(std::make_shared<docker::ImageSearch>(means_, std::move(wish)));
  }
  {
    const std::lock_guard lock(mutex_);
    images_missing_ = searches.size();
    image_failed_ = false;
  }
  for (const auto& search : searches) search->find();
}

void ProjectStart::image_found(int round, const std::string& image, Result<std::string> id,
                               bool engine_away) {
  bool last = false;
  bool first_failure = false;
  {
    const std::lock_guard lock(mutex_);
    if (round != images_round_) return;
    last = --images_missing_ == 0;
    if (id.ok()) {
      image_ids_[image] = std::move(*id);
    } else {
      first_failure = !std::exchange(image_failed_, true);
    }
    last = last && !image_failed_;
  }
  if (cancelled_) return finish(start_cancelled());
  if (first_failure) {
    if (engine_away) return wait_for_engine(id.error());
    cancel();
    return finish(id.error());
  }
  if (!last) return;
  create_deadline_ns_ = SystemClock().steady_ns() + earlier_run_ns;
  run_on_worker(&ProjectStart::create);
}

Result<std::string> ProjectStart::create_container(const PlannedContainer& container,
                                                   const std::string& cgroup_parent,
                                                   const std::vector<std::string>& ids) {
  docker::Services& services = means_.services;
  YURT_ASSIGN(const docker::EngineVersion version, services.engine.version());
  const Service& service = *container.service->service;
  BodyMeans means{
      means_.options, version.api,     services.owner, image_ids_[service.container.image],
      cgroup_parent,  folder_.files(), folder_.text(), ""};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (plan_->containers[i].service->service->name == service.network_of_service) {
      means.network_holder = ids[i];
      break;
    }
  }
  YURT_ASSIGN(const Json body, container_body(*plan_, container, means));
  std::string target = "/containers/create?name=" + docker::url_encoded(container.name);
  if (!service.platform.empty()) target += "&platform=" + docker::url_encoded(service.platform);
  docker::EngineCall call{"POST", target,
                          body.dump(-1, ' ', false, Json::error_handler_t::replace)};
  call.timeout_ns = slow_create_ns;
  auto created = services.engine.json(call);
  if (!created.ok()) {
    if (created.error().code == ErrorCode::conflict) {
      return Error{ErrorCode::resource_exhausted, created.error().message};
    }
    return created.error().within("services." + service.name);
  }
  for (const auto& warning : created->value("Warnings", Json::array())) {
    if (warning.is_string()) progress(container.key + ": " + warning.get<std::string>());
  }
  const std::string id = created->value("Id", "");
  const auto networks = ProjectPlan::networks_of(service);
  for (std::size_t i = 1; i < networks.size(); ++i) {
    const Json connect{{"Container", id}, {"EndpointConfig", endpoint_of(container, networks[i])}};
    const std::string name = plan_->network_name(networks[i].key);
    const auto connected = services.engine.call(
        {"POST", "/networks/" + docker::url_encoded(name) + "/connect", connect.dump()});
    if (!connected.ok()) return connected.error().within("services." + service.name);
  }
  return id;
}

Status ProjectStart::create_objects(ProjectRecord& record, std::vector<std::string>& ids) {
  docker::Services& services = means_.services;
  YURT_TRY(check_name_is_free(services, *plan_));
  YURT_TRY(folder_.make());
  YURT_TRY(folder_.write(record));
  std::string cgroup_parent;
  YURT_ASSIGN(const Json info, services.engine.json({"GET", "/info"}));
  if (info.value("CgroupDriver", "") == "cgroupfs") {
    const auto group = make_project_group(task_.id, task_.resources);
    if (group.ok()) {
      cgroup_parent = *group;
    } else {
      progress("The services' limits are divided among them: " + group.error().message);
    }
  }
  YURT_TRY(make_networks(services, *plan_, means_.options));
  YURT_TRY(make_volumes(services, *plan_, means_.options));
  for (const PlannedContainer& container : plan_->containers) {
    if (cancelled_) return start_cancelled();
    YURT_ASSIGN(std::string id, create_container(container, cgroup_parent, ids));
    ids.push_back(std::move(id));
  }
  record.created = true;
  record.started_at_ns = SystemClock().wall_ns();
  return folder_.write(record);
}

void ProjectStart::create() {
  ProjectRecord record;
  record.task = task_;
  record.text = text_;
  std::vector<std::string> ids;
  Status created = create_objects(record, ids);
  if (created.ok() && cancelled_) created = start_cancelled();
  std::shared_ptr<ProjectLog> log;
  if (created.ok() && !task_.logs.disabled) {
    auto opened = ProjectLog::open(task_.logs, folder_.position());
    if (opened.ok()) {
      log = std::move(*opened);
    } else {
      created = opened.error();
    }
  }
  if (!created.ok()) {
    clean_up();
    if (created.error().code != ErrorCode::conflict || cancelled_ ||
        SystemClock().steady_ns() >= create_deadline_ns_) {
      return finish(created.error());
    }
    means_.services.background.run_after(earlier_run_poll_ns, [self = shared_from_this()] {
      self->run_on_worker(&ProjectStart::create);
    });
    return;
  }
  const auto run =
      std::make_shared<ProjectRun>(means_.services, plan_, std::move(record), std::move(log));
  run->begin(ids, [self = shared_from_this(), run](const Status& outcome) {
    self->first_runs(run, outcome);
  });
}

void ProjectStart::first_runs(const std::shared_ptr<ProjectRun>& run, const Status& outcome) {
  if (outcome.ok()) {
    return finish(std::shared_ptr<Task>(std::make_shared<ProjectTask>(run)));
  }
  if (const Status gone = run->destroy(); !gone.ok()) {
    YURT_LOG(warn, "compose", "removing {}: {}", task_.id, gone.error().message);
  }
  finish(outcome.error());
}

void ProjectStart::clean_up() {
  if (const Status removed = remove_objects(means_.services, task_.id); !removed.ok()) {
    YURT_LOG(warn, "compose", "removing {}: {}", task_.id, removed.error().message);
    return;  // the sweep's
  }
  remove_project_group(task_.id);
  folder_.remove();
}

}  // namespace yurt::drivers::compose
