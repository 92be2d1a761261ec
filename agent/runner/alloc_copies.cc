// AllocRunner's tasks as the copies that run: what they are called, taking them over from an
// earlier process, and looking for the word of those that say when they are ready.
#include <algorithm>
#include <filesystem>
#include <utility>

#include "agent/runner/alloc_runner.h"
#include "base/log.h"

namespace yurt::agent {
namespace {

// How often a worker's word that it is ready is looked for.
constexpr std::int64_t readiness_poll_ns = 200 * nanoseconds_per_millisecond;

}  // namespace

std::string AllocRunner::run_key(CopyRef copy) const {
  const TaskSpec& spec = machine_.tasks()[copy.task].spec();
  return spec.workers ? worker_name(spec.name, copy.worker) : spec.name;
}

void AllocRunner::restore_task(std::size_t task, const StoredAlloc& stored, FoundRuns& found) {
  const WorkerSet& machine = machine_.tasks()[task];
  const auto state = stored.update.task_states().find(machine.spec().name);
  const bool known = state != stored.update.task_states().end();
  std::vector<KnownCopy> copies(machine.size());
  std::vector<std::shared_ptr<drivers::Task>> runs(machine.size());
  for (std::size_t worker = 0; worker < copies.size(); ++worker) {
    const auto run = stored.runs.find(run_key({task, worker}));
    if (run == stored.runs.end()) continue;
    copies[worker].tracker = run->second.tracker;
    if (run->second.run_id.empty()) continue;
    if (auto node = found.extract(run->second.run_id); !node.empty()) {
      runs[worker] = std::move(node.mapped());
    } else if (const auto driver = context_.drivers.find(run->second.driver);
               driver != context_.drivers.end() && !run->second.reattach_state.empty()) {
      // The driver no longer knows it: it tells that the run was lost.
      auto lost = driver->second->recover(run->second.reattach_state);
      if (lost.ok()) runs[worker] = std::move(*lost);
    }
    if (!runs[worker]) continue;
    copies[worker].attached = true;
    copies[worker].started_at_ns = runs[worker]->started_at_ns();
  }
  if (known) machine_.restore_task(task, state->second, copies, now());
  for (std::size_t worker = 0; worker < runs.size(); ++worker) {
    if (!runs[worker]) continue;
    if (known && machine.copy(worker).dead()) {
      context_.quick.submit([run = runs[worker]] { destroy_run(*run); });
    } else {
      tasks_[task][worker]->attach(std::move(runs[worker]));
    }
  }
}

void AllocRunner::watch_readiness() {
  const auto any_awaits = [this] {
    for (const auto& task : machine_.tasks()) {
      for (std::size_t worker = 0; worker < task.size(); ++worker) {
        if (task.awaits_ready(worker)) return true;
      }
    }
    return false;
  };
  if (readiness_timer_ != 0 || !any_awaits()) return;
  readiness_timer_ =
      context_.loop.at(context_.clock.steady_ns() + readiness_poll_ns, [self = weak_from_this()] {
        const auto alive = self.lock();
        if (!alive) return;
        alive->readiness_timer_ = 0;
        for (std::size_t i = 0; i < alive->tasks_.size(); ++i) {
          for (std::size_t worker = 0; worker < alive->tasks_[i].size(); ++worker) {
            const WorkerSet& task = alive->machine_.tasks()[i];
            if (!task.awaits_ready(worker)) continue;
            const auto file = alive->dir_.task(task.spec().name).local / ready_file_name(worker);
            std::error_code ignored;
            const bool checked =
                alive->services_ && alive->services_->passes(alive->run_key({i, worker}));
            if (!checked && !std::filesystem::exists(file, ignored)) continue;
            alive->perform(alive->machine_.became_ready({i, worker}, alive->now()));
          }
        }
        alive->watch_readiness();
      });
}

std::set<std::string> AllocRunner::serving_now(
    std::map<std::string, std::string>& addresses) const {
  std::set<std::string> serving;
  for (std::size_t i = 0; i < tasks_.size() && !machine_.stopping(); ++i) {
    const WorkerSet& task = machine_.tasks()[i];
    const std::string& name = task.spec().name;
    const auto run = run_named(name);
    if (task.phase() == TaskMachine::Phase::running && run) {
      serving.insert(name);
      if (auto address = run->address(); !address.empty()) addresses.emplace(name, address);
    }
    if (!task.spec().workers) continue;
    // A worker with checks is checked before it is ready: they may be what makes it so.
    const auto& services = group_->task(static_cast<int>(i)).service();
    const bool checked = std::any_of(services.begin(), services.end(),
                                     [](const auto& service) { return service.check_size() > 0; });
    for (std::size_t worker = 0; worker < task.size(); ++worker) {
      const auto own = run_of(CopyRef(i, worker));
      if (!own || task.copy(worker).phase() != TaskMachine::Phase::running) continue;
      if (!task.ready(worker) && !checked) continue;
      serving.insert(worker_name(name, worker));
      if (auto address = own->address(); !address.empty()) {
        addresses.emplace(worker_name(name, worker), address);
      }
    }
  }
  return serving;
}

void AllocRunner::offer_services() {
  if (services_) {
    std::map<std::string, std::string> addresses;
    auto serving = serving_now(addresses);
    if (std::exchange(services_stale_, false) || serving != serving_) {
      const TaskPaths paths{dir_.shared().string(), "", ""};
      services_->set(service_specs({*assignment_, *job_, *group_, context_.node, paths, addresses}),
                     serving);
      serving_ = std::move(serving);
    }
  }
  machine_.checks_pass(!services_ || services_->healthy(), now());
}

std::optional<AllocRunner::Named> AllocRunner::find(const std::string& name) const {
  if (const auto task = machine_.find(name)) return Named{*task, std::nullopt};
  for (std::size_t i = 0; i < machine_.tasks().size(); ++i) {
    if (!machine_.tasks()[i].spec().workers) continue;
    for (std::size_t worker = 0; worker < tasks_[i].size(); ++worker) {
      if (run_key({i, worker}) == name) return Named{i, worker};
    }
  }
  return std::nullopt;
}

std::shared_ptr<drivers::Task> AllocRunner::run_of(CopyRef copy) const {
  if (!machine_.tasks()[copy.task].copy(copy.worker).runs()) return nullptr;
  return tasks_[copy.task][copy.worker]->run();
}

std::shared_ptr<drivers::Task> AllocRunner::run_named(const std::string& name) const {
  const auto named = find(name);
  if (!named) return nullptr;
  if (named->worker) return run_of({named->task, *named->worker});
  for (std::size_t worker = 0; worker < tasks_[named->task].size(); ++worker) {
    if (auto run = run_of({named->task, worker})) return run;
  }
  return nullptr;
}

}  // namespace yurt::agent
