// alloc status, stop, restart, signal: one allocation.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/device_lines.h"
#include "cli/gpu_view.h"
#include "cli/monitor.h"
#include "cli/named_commands.h"
#include "cli/pages.h"
#include "cli/service_tables.h"
#include "cli/show.h"
#include "cli/streaming.h"

namespace yurt::cli {
namespace {

struct AllocOptions : PageOptions {
  std::string alloc, task, task_flag, signal = "SIGKILL";
  bool detach = false, no_shutdown_delay = false, reschedule = false;
  bool all_tasks = false;
  bool stats = false;
  std::optional<unsigned> worker;

  // Both forms are Nomad's: a second word, or -task.
  [[nodiscard]] const std::string& named_task() const { return task.empty() ? task_flag : task; }
};

class AllocPage {
 public:
  AllocPage(Session& session, const PageOptions& options, bool stats = false)
      : session_(session), options_(options), stats_(stats) {}

  int show(const std::string& prefix) {
    const auto id = resolve_alloc(session_, prefix);
    if (!id.ok()) return fail(session_, id.error());
    model::AllocationReadRequest request;
    *request.mutable_query() = query(session_);
    request.set_alloc_id(*id);
    const auto reply =
        session_.client().get<model::AllocationReadResponse>("ReadAllocation", request);
    if (!reply.ok()) return fail(session_, reply.error());
    if (options_.output.wanted()) {
      return print_field(session_, options_.output, *reply, "allocation");
    }
    const auto& alloc = reply->allocation();
    head(alloc);
    ports(alloc);
    std::vector<std::string> tasks;
    for (const auto& [name, state] : alloc.task_states()) tasks.push_back(name);
    std::sort(tasks.begin(), tasks.end());
    for (const auto& name : tasks) task(alloc, name);
    services(alloc.id());
    // An agent that can't be asked is no reason to show nothing.
    if (const auto checks = check_table(session_, alloc.id()); checks.ok() && !checks->empty()) {
      section("Nomad Service Checks:", *checks);
    }
    placement(alloc);
    return stats_ ? stats(alloc.id()) : exit_ok;
  }

 private:
  void section(const std::string& title, const std::string& text) {
    session_.terminal.print("\n" + session_.terminal.paint(Color::bold, title) + "\n" + text);
  }

  void head(const model::Allocation& alloc) {
    std::vector<std::pair<std::string, std::string>> rows{
        {"ID", alloc.id()},
        {"Eval ID", short_id(alloc.eval_id(), options_.verbose)},
        {"Name", alloc.name()},
        {"Node ID", short_id(alloc.node_id(), options_.verbose)},
        {"Node Name", alloc.node_name()},
        {"Job ID", alloc.job_id()},
        {"Job Version", std::to_string(alloc.job_version())},
        {"Client Status", status_text(session_.terminal, alloc.client_status())},
        {"Client Description",
         alloc.client_description().empty() ? "<none>" : alloc.client_description()},
        {"Desired Status", alloc.desired_status()},
        {"Desired Description",
         alloc.desired_description().empty() ? "<none>" : alloc.desired_description()},
        {"Created", time_ago(session_, alloc.create_time())},
        {"Modified", time_ago(session_, alloc.modify_time())}};
    const auto add = [&](const char* name, const std::string& value) {
      if (!value.empty()) rows.emplace_back(name, short_id(value, options_.verbose));
    };
    add("Deployment ID", alloc.deployment_id());
    add("Previous Alloc ID", alloc.previous_allocation());
    add("Replacement Alloc ID", alloc.next_allocation());
    add("Preempted By", alloc.preempted_by_allocation());
    if (alloc.deployment_status().has_healthy()) {
      rows.emplace_back("Deployment Health",
                        alloc.deployment_status().healthy() ? "healthy" : "unhealthy");
    }
    session_.terminal.print(key_values(session_.terminal, rows));
  }

  void ports(const model::Allocation& alloc) {
    const auto& shared = alloc.allocated_resources().shared();
    if (shared.ports().empty()) return;
    std::vector<Row> rows{{"Label", "Dynamic", "Address"}};
    for (const auto& port : shared.ports()) {
      rows.push_back({port.label(), port.value() >= 20000 ? "yes" : "no",
                      port.host_ip() + ":" + std::to_string(port.value())});
    }
    section("Allocation Addresses", table(session_.terminal, rows));
  }

  void task(const model::Allocation& alloc, const std::string& name) {
    const auto& state = alloc.task_states().at(name);
    section("Task \"" + name + "\" is \"" + state.state() + "\"", resources(alloc, name));
    session_.terminal.print(
        key_values(session_.terminal, {{"Started At", timestamp(state.started_at())},
                                       {"Finished At", timestamp(state.finished_at())},
                                       {"Total Restarts", std::to_string(state.restarts())},
                                       {"Last Restart", timestamp(state.last_restart())}}));
    workers(state);
    std::vector<Row> rows{{"Time", "Type", "Description"}};
    for (int i = state.events_size() - 1; i >= 0; --i) {
      const auto& event = state.events(i);
      rows.push_back({timestamp(event.time()), event.type(), event.display_message()});
    }
    section("Recent Events:", table(session_.terminal, rows));
  }

  void workers(const model::TaskState& state) {
    if (state.workers_size() == 0) return;
    const bool gpus = std::any_of(state.workers().begin(), state.workers().end(),
                                  [](const auto& worker) { return worker.device_ids_size() > 0; });
    std::vector<Row> rows{{"Worker", "State", "Ready", "Restarts", "Started At"}};
    if (gpus) rows.front().push_back("GPU");
    for (const auto& worker : state.workers()) {
      rows.push_back({std::to_string(worker.index()),
                      worker.failed() ? status_text(session_.terminal, "failed") : worker.state(),
                      worker.ready() ? "yes" : "no", std::to_string(worker.restarts()),
                      timestamp(worker.started_at())});
      if (!gpus) continue;
      std::string ids;
      for (const auto& id : worker.device_ids()) ids += (ids.empty() ? "" : ",") + id;
      rows.back().push_back(ids);
    }
    section("Workers:", table(session_.terminal, rows));
  }

  std::string resources(const model::Allocation& alloc, const std::string& name) {
    const auto& tasks = alloc.allocated_resources().tasks();
    const auto found = tasks.find(name);
    if (found == tasks.end()) return {};
    const auto& memory = found->second.memory();
    std::string cpu = std::to_string(found->second.cpu().cpu_shares()) + " MHz";
    if (found->second.cpu().reserved_cores_size() > 0) {
      cpu = std::to_string(found->second.cpu().reserved_cores_size()) + " cores";
    }
    std::string text =
        "Task Resources: CPU " + cpu + ", memory " + std::to_string(memory.memory_mb()) + " MiB";
    if (memory.memory_max_mb() > memory.memory_mb()) {
      text += " (max " + std::to_string(memory.memory_max_mb()) + " MiB)";
    }
    const std::string devices = device_grants_text(found->second);
    return devices.empty() ? text : text + "\nDevices: " + devices;
  }

  int stats(const std::string& id) {
    model::AllocationStatsRequest request;
    *request.mutable_query() = query(session_);
    request.set_alloc_id(id);
    const auto reply = session_.client().get<model::JsonDocument>("ReadAllocationStats", request);
    if (!reply.ok()) return fail(session_, reply.error());
    using Json = nlohmann::json;
    const auto json = Json::parse(reply->json(), nullptr, false);
    if (!json.is_object()) {
      return fail(session_, {ErrorCode::corrupt, "the allocation's statistics are not JSON"});
    }
    const Json tasks = json.value("Tasks", Json::object());
    std::vector<Row> rows{{"Task", "CPU", "Memory"}};
    for (const auto& [name, task] : tasks.items()) {
      const Json use = task.value("ResourceUsage", Json::object());
      rows.push_back(
          {name,
           fmt::format("{:.0f}%", use.value("CpuStats", Json::object()).value("Percent", 0.0)),
           fmt::format("{:.1f} MiB",
                       use.value("MemoryStats", Json::object()).value("Usage", 0.0) / (1 << 20))});
    }
    section("Resource Utilization", table(session_.terminal, rows));
    const auto devices = device_stats_table(
        json.value("ResourceUsage", Json::object()).value("DeviceStats", Json::array()));
    if (!devices.empty()) section("Device Utilization", table(session_.terminal, devices));
    return exit_ok;
  }

  void services(const std::string& alloc_id) {
    model::ServiceReadRequest request;
    *request.mutable_query() = query(session_);
    request.set_alloc_id(alloc_id);
    const auto reply = session_.client().get<model::ServiceReadResponse>("ReadService", request);
    if (!reply.ok() || reply->services().empty()) return;
    section("Services:", service_table(session_, reply->services(), options_.verbose));
  }

  void placement(const model::Allocation& alloc) {
    if (!options_.verbose || alloc.metrics().score_meta_data().empty()) return;
    std::vector<Row> rows{{"Node", "Score"}};
    for (const auto& score : alloc.metrics().score_meta_data()) {
      rows.push_back({score.node_id(), std::to_string(score.norm_score())});
    }
    section("Placement Metrics",
            metric_text(alloc.metrics(), "  ") + table(session_.terminal, rows));
  }

  Session& session_;
  const PageOptions& options_;
  const bool stats_;
};

int stop_alloc(Session& session, const AllocOptions& options) {
  const auto id = resolve_alloc(session, options.alloc);
  if (!id.ok()) return fail(session, id.error());
  model::AllocationStopRequest request;
  *request.mutable_write() = write(session);
  request.set_alloc_id(*id);
  request.set_no_shutdown_delay(options.no_shutdown_delay);
  request.set_reschedule(options.reschedule);
  const auto reply = session.client().get<model::AllocationStopResponse>("StopAllocation", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (options.detach) {
    session.terminal.print(reply->eval_id());
    return exit_ok;
  }
  return monitor_evaluation(session, reply->eval_id(),
                            {.verbose = options.verbose, .deployment = false});
}

// What the agent is to act on: a task, a worker of it, or everything ("").
Result<std::string> named_task(Session& session, const std::string& alloc_id,
                               const AllocOptions& options) {
  if (!options.worker) return options.named_task();
  AllocTarget target;
  target.task = options.named_task();
  target.worker = options.worker;
  return find_task(session, alloc_id, target);
}

int restart_alloc(Session& session, const AllocOptions& options) {
  const auto id = resolve_alloc(session, options.alloc);
  if (!id.ok()) return fail(session, id.error());
  if (options.worker && options.all_tasks) {
    return fail(session,
                {ErrorCode::invalid_argument, "-worker and -all-tasks exclude each other"});
  }
  const auto task = named_task(session, *id, options);
  if (!task.ok()) return fail(session, task.error());
  model::AllocationRestartRequest request;
  *request.mutable_write() = write(session);
  request.set_alloc_id(*id);
  request.set_task_name(*task);
  request.set_all_tasks(options.all_tasks);
  const auto reply = session.client().get<model::Empty>("RestartAllocation", request);
  return reply.ok() ? exit_ok : fail(session, reply.error());
}

int signal_alloc(Session& session, const AllocOptions& options) {
  const auto id = resolve_alloc(session, options.alloc);
  if (!id.ok()) return fail(session, id.error());
  const auto task = named_task(session, *id, options);
  if (!task.ok()) return fail(session, task.error());
  model::AllocationSignalRequest request;
  *request.mutable_write() = write(session);
  request.set_alloc_id(*id);
  request.set_task(*task);
  request.set_signal(options.signal);
  const auto reply = session.client().get<model::Empty>("SignalAllocation", request);
  return reply.ok() ? exit_ok : fail(session, reply.error());
}

int show_checks(Session& session, const AllocOptions& options) {
  const auto id = resolve_alloc(session, options.alloc);
  if (!id.ok()) return fail(session, id.error());
  if (options.output.wanted()) {
    const auto results = check_results(session, *id);
    if (!results.ok()) return fail(session, results.error());
    return print_document(session, options.output, *results);
  }
  const auto table = check_table(session, *id);
  if (!table.ok()) return fail(session, table.error());
  session.terminal.print(table->empty() ? "No checks" : *table);
  return exit_ok;
}

}  // namespace

namespace {

std::pair<CLI::App*, std::shared_ptr<AllocOptions>> add_alloc(
    CLI::App& parent, Session& session, const std::string& name, const char* description,
    int (*run)(Session&, const AllocOptions&)) {
  auto options = std::make_shared<AllocOptions>();
  CLI::App* command = add_command(parent, session, name, description,
                                  [&session, options, run] { return run(session, *options); });
  command->add_option("alloc", options->alloc, "Allocation ID or prefix")->required();
  command->add_flag("--verbose", options->verbose, "Print whole IDs and more");
  return {command, options};
}

void add_task(CLI::App& command, AllocOptions& options) {
  command.add_option("task", options.task, "Only this task");
  command.add_option("--task", options.task_flag, "Only this task");
  add_worker_flag(command, options.worker);
}

}  // namespace

int show_alloc(Session& session, const std::string& alloc, const PageOptions& options) {
  return AllocPage(session, options).show(alloc);
}

CLI::App* add_alloc_status(CLI::App& parent, Session& session, const std::string& name) {
  auto [status, options] = add_alloc(
      parent, session, name, "Show an allocation, its tasks and their events",
      [](Session& s, const AllocOptions& o) { return AllocPage(s, o, o.stats).show(o.alloc); });
  options->output.add_to(*status);
  status->add_flag("--stats", options->stats, "Show what its tasks use");
  return status;
}

void add_alloc_commands(CLI::App& root, Session& session) {
  CLI::App* alloc = add_group(root, "alloc", "Look at and act on single allocations");
  add_alloc_status(*alloc, session, "status");
  add_logs(*alloc, session, "logs");
  add_files(*alloc, session, "fs");
  add_exec(*alloc, session, "exec");
  auto [checks, checks_options] =
      add_alloc(*alloc, session, "checks", "Show the health checks of an allocation", show_checks);
  checks_options->output.add_to(*checks);
  auto [stop, stop_options] =
      add_alloc(*alloc, session, "stop", "Stop an allocation; its job replaces it", stop_alloc);
  stop->add_flag("--detach", stop_options->detach, "Print the evaluation's ID and return at once");
  stop->add_flag("--no-shutdown-delay", stop_options->no_shutdown_delay, "Ignore shutdown_delay");
  stop->add_flag("--reschedule", stop_options->reschedule,
                 "Place it elsewhere, batch allocations too");
  auto [restart, restart_options] = add_alloc(
      *alloc, session, "restart", "Restart the tasks of an allocation where it is", restart_alloc);
  add_task(*restart, *restart_options);
  restart->add_flag("--all-tasks", restart_options->all_tasks, "Also tasks that are not running");
  auto [signal, signal_options] =
      add_alloc(*alloc, session, "signal", "Send a signal to tasks", signal_alloc);
  add_task(*signal, *signal_options);
  signal->add_option("-s,--signal", signal_options->signal, "Signal by name")
      ->capture_default_str();
}

}  // namespace yurt::cli
