#include "agent/runner/task_preparation.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include "agent/alloc_dir/task_path.h"
#include "agent/artifact/artifact.h"
#include "agent/fs/confined_root.h"
#include "agent/gpu/gpu_environment.h"
#include "agent/runner/task_event.h"
#include "drivers/signals.h"

namespace yurt::agent {
namespace {

bool heals(const Error& error) {
  return error.code != ErrorCode::invalid_argument && error.code != ErrorCode::permission_denied &&
         error.code != ErrorCode::unimplemented;
}

PrepareFailure setup_failure(const Error& error) {
  return {task_event::setup_failure(error.message), heals(error)};
}

// Templates are the task's, so that none is rendered anew for each of its workers.
enum class Whose { task, worker };

std::shared_ptr<const TaskEnvironment> make_environment(
    const PreparationRequest& request, Whose whose,
    const std::map<std::string, std::string>& extra = {}) {
  const TaskFolders folders = request.dir.task(request.task->name());
  TaskPaths paths{request.dir.shared().string(), folders.local.string(), folders.secrets.string()};
  if (const auto inner = request.driver ? request.driver->inner_folders() : std::nullopt) {
    paths = {inner->alloc_dir, inner->task_dir, inner->secrets_dir};
  }
  auto beneath = request.inherited_environment;
  const auto& granted = request.assignment->resources().tasks();
  if (const auto own = granted.find(request.task->name()); own != granted.end()) {
    for (auto& [name, value] : gpu_environment(own->second.devices(), *request.gpus)) {
      beneath.insert_or_assign(name, std::move(value));
    }
  }
  std::optional<WorkerFacts> worker;
  if (request.workers && whose == Whose::worker) {
    worker = WorkerFacts{
        request.worker, request.workers->count,
        request.worker < request.workers->gpus.size() ? request.workers->gpus[request.worker] : "",
        request.workers->ready_by_check ? paths.task_dir + "/" + ready_file_name(request.worker)
                                        : ""};
  }
  return std::make_shared<TaskEnvironment>(*request.assignment, *request.job, *request.group,
                                           *request.task, paths, request.node, beneath, extra,
                                           worker);
}

// The name of a control group, from a task's.
std::string limits_name(const std::string& task) {
  std::string name = task.substr(0, 60);
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '-') c = '_';
  }
  return name;
}

TemplateScope template_scope(const PreparationRequest& request) {
  return {.data = request.cluster,
          .ns = request.assignment->namespace_(),
          .region = request.node->region,
          .rolling = request.job->type() == "service" && request.group->count() > 1};
}

Status write_payload(const PreparationRequest& request, const TaskEnvironment& environment) {
  const auto& task = *request.task;
  if (!task.has_dispatch_payload() || task.dispatch_payload().file().empty()) return {};
  YURT_ASSIGN(const ConfinedRoot root, ConfinedRoot::open(request.dir.task(task.name()).local));
  const std::string file = environment.interpolate(task.dispatch_payload().file());
  const std::size_t slash = file.rfind('/');
  if (slash != std::string::npos) YURT_TRY(root.make_folders(file.substr(0, slash), 0777));
  return root.replace_file(file, request.job->payload(), 0644);
}

Result<ArtifactRequest> artifact_request(const PreparationRequest& request,
                                         const TaskEnvironment& environment,
                                         const model::Artifact& artifact) {
  ArtifactRequest result;
  result.source = environment.interpolate(artifact.source());
  YURT_ASSIGN(result.destination,
              path_in_alloc(request.dir.root(), request.task->name(),
                            artifact.destination().empty()
                                ? "local/"
                                : environment.interpolate(artifact.destination())));
  for (const auto& [key, value] : artifact.options()) {
    result.options[environment.interpolate(key)] = environment.interpolate(value);
  }
  for (const auto& [key, value] : artifact.headers()) {
    result.headers[environment.interpolate(key)] = environment.interpolate(value);
  }
  result.mode = artifact.mode() == "file"  ? ArtifactMode::file
                : artifact.mode() == "dir" ? ArtifactMode::dir
                                           : ArtifactMode::any;
  result.insecure = artifact.insecure();
  result.allow_files = request.allow_files;
  result.chown = artifact.chown();
  // A container's users are not this machine's.
  if (!request.driver->inner_folders()) {
    YURT_ASSIGN(result.owner, find_user(request.task->user()));
  }
  return result;
}

Status fetch_all(const PreparationRequest& request, const TaskEnvironment& environment,
                 const std::atomic<bool>& cancelled) {
  const ArtifactPlaces places{request.dir.root(),
                              request.dir.task(request.task->name()).private_dir / "artifact"};
  for (const auto& artifact : request.task->artifact()) {
    YURT_ASSIGN(const ArtifactRequest one, artifact_request(request, environment, artifact));
    const auto status = fetch_artifact(one, places, cancelled);
    if (!status.ok()) return status.error().within("artifact " + one.source);
  }
  return {};
}

void add_ports(const PreparationRequest& request, drivers::TaskConfig& config) {
  const auto& resources = request.assignment->resources();
  const auto add = [&config](const std::string& label, const std::string& ip, int value, int to) {
    config.ports.push_back({label, ip, value, to > 0 ? to : value});
  };
  const auto add_network = [&add](const model::NetworkResource& network) {
    for (const auto* ports : {&network.reserved_ports(), &network.dynamic_ports()}) {
      for (const auto& port : *ports) add(port.label(), network.ip(), port.static_(), port.to());
    }
  };
  for (const auto& port : resources.shared().ports()) {
    add(port.label(), port.host_ip(), port.value(), port.to());
  }
  if (resources.shared().ports().empty()) {
    for (const auto& network : resources.shared().networks()) add_network(network);
  }
  const auto own = resources.tasks().find(request.task->name());
  if (own != resources.tasks().end()) {
    for (const auto& network : own->second.networks()) add_network(network);
  }
  if (request.group->network_size() > 0) config.network_mode = request.group->network(0).mode();
}

Status add_volumes(const PreparationRequest& request, drivers::TaskConfig& config) {
  for (const auto& mount : request.task->volume_mount()) {
    const auto wanted =
        std::find_if(request.group->volume().begin(), request.group->volume().end(),
                     [&mount](const auto& volume) { return volume.name() == mount.volume(); });
    if (wanted == request.group->volume().end()) {
      return Error{ErrorCode::invalid_argument,
                   "volume_mount: the group has no volume \"" + mount.volume() + "\""};
    }
    const auto offered =
        std::find_if(request.host_volumes.begin(), request.host_volumes.end(),
                     [&](const auto& volume) { return volume.name == wanted->source(); });
    if (offered == request.host_volumes.end()) {
      return Error{ErrorCode::not_found,
                   "this node has no host volume \"" + wanted->source() + "\""};
    }
    config.mounts.push_back({offered->path, mount.destination(),
                             offered->read_only || wanted->read_only() || mount.read_only()});
  }
  return {};
}

// A container reaches the machine's MPS daemon through its pipe directory.
void add_mps(const TaskEnvironment& environment, drivers::TaskConfig& config) {
  const auto pipe = environment.variables().find("CUDA_MPS_PIPE_DIRECTORY");
  if (pipe == environment.variables().end() || config.devices.granted.empty()) return;
  config.mounts.push_back({pipe->second, pipe->second, false});
}

Result<drivers::TaskConfig> driver_config(const PreparationRequest& request,
                                          const TaskEnvironment& environment) {
  const auto& task = *request.task;
  drivers::TaskConfig config;
  config.id = request.run_id;
  config.alloc_id = AllocId::from_bytes(request.assignment->id()).to_string();
  config.ns = request.assignment->namespace_();
  config.job_id = request.assignment->job_id();
  config.group_name = request.assignment->group();
  config.task_name = task.name();
  config.config = environment.interpolate_config(task.config());
  config.user = environment.interpolate(task.user());
  for (const auto& [name, value] : environment.variables()) config.env.emplace_back(name, value);

  const auto& granted = request.assignment->resources().tasks();
  if (const auto found = granted.find(task.name()); found != granted.end()) {
    const auto& resources = found->second;
    config.resources.cpu_mhz = resources.cpu().cpu_shares();
    for (const int core : resources.cpu().reserved_cores()) {
      config.resources.cores.push_back(static_cast<std::uint32_t>(core));
    }
    config.resources.memory_mib = resources.memory().memory_mb();
    config.resources.memory_max_mib = resources.memory().memory_max_mb();
    config.devices = task_devices(resources.devices(), *request.gpus);
  }
  if (const auto total = request.node->attributes.find("cpu.totalcompute");
      total != request.node->attributes.end()) {
    config.resources.machine_cpu_mhz = std::strtoll(total->second.c_str(), nullptr, 10);
  }
  if (request.driver->inner_folders()) {
    add_ports(request, config);
    YURT_TRY(add_volumes(request, config));
    add_mps(environment, config);
  }
  if (!task.kill_signal().empty()) {
    config.stop_signal = drivers::parse_signal(task.kill_signal()).value_or(0);
  }
  const TaskFolders folders = request.dir.task(task.name());
  config.task_dir = folders.task.string();
  config.alloc_dir = request.dir.shared().string();
  config.secrets_dir = folders.secrets.string();
  config.logs.disabled = task.logs().disabled();
  config.logs.folder = request.dir.logs().string();
  config.logs.prefix = task.name();
  if (request.workers) {
    config.logs.prefix = worker_name(task.name(), request.worker);
    config.limits_group = config.alloc_id + "." + limits_name(task.name());
    config.limits_group_size = static_cast<int>(request.workers->count);
  }
  if (task.logs().has_max_files()) config.logs.max_files = task.logs().max_files();
  if (task.logs().has_max_file_size()) config.logs.max_file_size_mib = task.logs().max_file_size();

  const auto errors = request.driver->validate(config.config);
  if (!errors.empty()) {
    std::string text = "the task's config is not usable:";
    for (const auto& error : errors) text += " " + error.message + ";";
    text.pop_back();
    return Error{ErrorCode::invalid_argument, text};
  }
  return config;
}

}  // namespace

ResumedTemplates resume_templates(const PreparationRequest& request) {
  ResumedTemplates resumed;
  if (request.task->template__size() == 0) return resumed;
  resumed.environment = make_environment(request, Whose::task);
  auto templates = TaskTemplates::create(*request.task, *resumed.environment, request.dir.root(),
                                         template_scope(request));
  if (!templates.ok()) return resumed;
  (*templates)->adopt_rendered();
  auto changes = (*templates)->render(*resumed.environment, request.now_wall_ns);
  if (!changes.ok()) return resumed;
  resumed.templates = std::move(*templates);
  resumed.changes = std::move(*changes);
  return resumed;
}

bool is_slow(const PreparationRequest& request) {
  return request.fetch_artifacts && request.task->artifact_size() > 0;
}

Preparation prepare_task(const PreparationRequest& request, const std::atomic<bool>& cancelled) {
  const auto& task = *request.task;
  const auto secrets_mb = task.resources().secrets();
  const Status created = request.driver->inner_folders()
                             ? request.dir.create_isolated_task(task.name(), secrets_mb)
                             : request.dir.create_task(task.name(), task.user(), secrets_mb);
  if (!created.ok()) return setup_failure(created.error());
  if (request.workers) {
    std::error_code ignored;
    std::filesystem::remove(request.dir.task(task.name()).local / ready_file_name(request.worker),
                            ignored);
  }
  auto environment = make_environment(request, Whose::task);
  if (auto status = write_payload(request, *environment); !status.ok()) {
    return setup_failure(status.error().within("dispatch_payload"));
  }
  if (is_slow(request)) {
    request.on_event(task_event::downloading_artifacts());
    if (auto status = fetch_all(request, *environment, cancelled); !status.ok()) {
      return PrepareFailure{task_event::failed_artifact_download(status.error().message),
                            heals(status.error())};
    }
  }
  PreparedTask prepared;
  prepared.environment = environment;
  if (task.template__size() > 0) {
    prepared.templates = request.templates;
    if (!prepared.templates) {
      auto created =
          TaskTemplates::create(task, *environment, request.dir.root(), template_scope(request));
      if (!created.ok()) {
        return PrepareFailure{task_event::template_failure(created.error().message), false};
      }
      prepared.templates = std::move(*created);
    }
    if (request.render_templates) {
      auto rendered = prepared.templates->render(*environment, request.now_wall_ns);
      if (!rendered.ok()) {
        return PrepareFailure{task_event::template_failure(rendered.error().message),
                              heals(rendered.error())};
      }
      if (!rendered->missing.empty()) {
        return BlockedTask{std::move(prepared.templates), std::move(rendered->missing),
                           rendered->answered};
      }
      prepared.first_scripts = std::move(rendered->scripts);
    }
    // It begins anew anyway: with the newest, without waiting for its turn.
    if (auto committed = prepared.templates->commit_staged(); !committed.ok()) {
      return PrepareFailure{task_event::template_failure(committed.error().message),
                            heals(committed.error())};
    }
    const auto variables = prepared.templates->variables();
    if (!variables.empty() || request.workers) {
      environment = make_environment(request, Whose::worker, variables);
    }
  } else if (request.workers) {
    environment = make_environment(request, Whose::worker);
  }
  auto config = driver_config(request, *environment);
  if (!config.ok())
    return PrepareFailure{task_event::driver_failure(config.error().message), false};
  prepared.config = std::move(*config);
  return prepared;
}

}  // namespace yurt::agent
