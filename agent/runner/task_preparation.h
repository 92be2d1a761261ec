// Task preparation: everything between "it is the task's turn" and handing it to its driver:
// folders, dispatch payload, artifacts, templates, environment, the driver's configuration.
//
// Blocks (downloads included); runs on a worker thread from values of its own. Several tasks of
// one allocation may be prepared at once.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "agent/alloc_dir/alloc_dir.h"
#include "agent/environment/node_facts.h"
#include "agent/environment/task_environment.h"
#include "agent/gpu/gpu.h"
#include "agent/options.h"
#include "agent/runner/task_machine.h"
#include "agent/runner/worker_rules.h"
#include "agent/template/task_templates.h"
#include "drivers/driver.h"
#include "proto/agent_stream.pb.h"

namespace yurt::agent {

struct PreparationRequest {
  std::shared_ptr<const model::Assignment> assignment;
  std::shared_ptr<const model::Job> job;
  const model::TaskGroup* group = nullptr;  // inside *job
  const model::Task* task = nullptr;        // inside *job
  std::optional<WorkerRules> workers;       // of a task with several copies
  std::size_t worker = 0;                   // which of them this is
  AllocDir dir;
  std::shared_ptr<const NodeFacts> node;
  std::map<std::string, std::string> inherited_environment;
  std::shared_ptr<drivers::Driver> driver;
  std::vector<HostVolumeOptions> host_volumes;  // this node's
  GpuSnapshotPtr gpus = std::make_shared<GpuSnapshot>();
  bool allow_files = false;                  // artifacts may be files of this machine
  bool fetch_artifacts = true;               // false: an earlier run of the task has fetched them
  bool render_templates = true;              // false: they were rendered and are kept
  std::shared_ptr<TaskTemplates> templates;  // of an earlier run, or null
  const ClusterData* cluster = nullptr;      // what templates read; null: nothing
  std::string run_id;
  std::int64_t now_wall_ns = 0;
  std::function<void(model::TaskEvent)> on_event;  // from the worker's thread
};

struct PreparedTask {
  drivers::TaskConfig config;
  std::shared_ptr<const TaskEnvironment> environment;  // what templates see
  std::shared_ptr<TaskTemplates> templates;            // null when the task has none
  std::vector<ChangeScriptRequest> first_scripts;      // to run once the task has started
};

// Templates read what is not there: to be tried again when it has come.
struct BlockedTask {
  std::shared_ptr<TaskTemplates> templates;
  std::vector<std::string> missing;
  bool answered = true;  // the servers have said that it is not there
};

using Preparation = std::variant<PreparedTask, PrepareFailure, BlockedTask>;

// `cancelled` may turn true at any time: then the preparation ends soon, with any failure.
[[nodiscard]] Preparation prepare_task(const PreparationRequest& request,
                                       const std::atomic<bool>& cancelled);

// The templates of a task that already runs, for watching them on; null when it has none or they
// can't be read any more.
struct ResumedTemplates {
  std::shared_ptr<const TaskEnvironment> environment;
  std::shared_ptr<TaskTemplates> templates;
  TemplateChanges changes;  // what has changed while nobody looked
};
[[nodiscard]] ResumedTemplates resume_templates(const PreparationRequest& request);

// Whether preparing takes downloads, so that it belongs on the pool for slow work.
[[nodiscard]] bool is_slow(const PreparationRequest& request);

}  // namespace yurt::agent
