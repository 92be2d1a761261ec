// node status, drain, eligibility: the machines.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/duration.h"
#include "cli/device_lines.h"
#include "cli/gpu_view.h"
#include "cli/named_commands.h"
#include "cli/pages.h"
#include "cli/show.h"

namespace yurt::cli {
namespace {

struct NodeOptions : PageOptions {
  std::string node, filter;
  bool stats = false;
  bool enable = false, disable = false;
  std::string deadline = "1h";
  bool force = false, no_deadline = false, ignore_system = false, keep_ineligible = false;
  bool detach = false, yes = false, monitor = false;
  std::string message;
};

int list_nodes(Session& session, const NodeOptions& options) {
  model::NodeListRequest request;
  *request.mutable_query() = query(session);
  request.mutable_query()->set_filter(options.filter);
  request.set_resources(options.verbose);
  const auto reply = session.client().get<model::NodeListResponse>("ListNodes", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) return print_field(session, options.output, *reply, "nodes");
  if (reply->nodes().empty()) {
    session.terminal.print("No nodes registered");
    return exit_ok;
  }
  std::vector<Row> rows{
      {"ID", "Node Pool", "DC", "Name", "Class", "Drain", "Eligibility", "Status"}};
  for (const auto& node : reply->nodes()) {
    rows.push_back({short_id(node.id(), options.verbose), node.node_pool(), node.datacenter(),
                    node.name(), node.node_class().empty() ? "<none>" : node.node_class(),
                    node.drain() ? "true" : "false",
                    status_text(session.terminal, node.scheduling_eligibility()),
                    status_text(session.terminal, node.status())});
  }
  session.terminal.print(table(session.terminal, rows));
  return exit_ok;
}

std::string used_of(std::int64_t used, std::int64_t total, const char* unit) {
  return std::to_string(used) + "/" + std::to_string(total) + " " + unit;
}

class NodePage {
 public:
  NodePage(Session& session, const NodeOptions& options) : session_(session), options_(options) {}

  int show() {
    const auto id = resolve_node(session_, options_.node);
    if (!id.ok()) return fail(session_, id.error());
    model::NodeReadRequest request;
    *request.mutable_query() = query(session_);
    request.set_node_id(*id);
    const auto reply = session_.client().get<model::NodeReadResponse>("ReadNode", request);
    if (!reply.ok()) return fail(session_, reply.error());
    if (options_.output.wanted()) return print_field(session_, options_.output, *reply, "node");
    const auto allocs =
        session_.client().get<model::NodeAllocationsResponse>("ListNodeAllocations", request);
    if (!allocs.ok()) return fail(session_, allocs.error());
    head(reply->node());
    resources(reply->node(), *allocs);
    const std::string devices = node_devices_text(session_.terminal, reply->node(), *allocs);
    if (!devices.empty()) section("Devices", devices);
    events(reply->node());
    allocations(*allocs);
    if (options_.verbose) attributes(reply->node());
    return options_.stats ? stats(*id) : exit_ok;
  }

 private:
  void section(const std::string& title, const std::string& text) {
    session_.terminal.print("\n" + session_.terminal.paint(Color::bold, title) + "\n" + text);
  }

  void head(const model::Node& node) {
    std::string drivers;
    std::vector<std::string> names;
    for (const auto& [name, driver] : node.drivers()) {
      if (driver.detected()) names.push_back(name + (driver.healthy() ? "" : " (unhealthy)"));
    }
    std::sort(names.begin(), names.end());
    for (const auto& name : names) drivers += (drivers.empty() ? "" : ",") + name;
    session_.terminal.print(
        key_values(session_.terminal,
                   {{"ID", node.id()},
                    {"Name", node.name()},
                    {"Node Pool", node.node_pool()},
                    {"Class", node.node_class().empty() ? "<none>" : node.node_class()},
                    {"DC", node.datacenter()},
                    {"Drain", node.has_drain_strategy() ? "true" : "false"},
                    {"Eligibility", status_text(session_.terminal, node.scheduling_eligibility())},
                    {"Status", status_text(session_.terminal, node.status())},
                    {"Drivers", drivers}}));
  }

  void resources(const model::Node& node, const model::NodeAllocationsResponse& allocs) {
    std::int64_t cpu = 0, memory = 0, disk = 0;
    for (const auto& alloc : allocs.allocations()) {
      const std::string& status = alloc.client_status();
      if (status != "running" && status != "pending") continue;
      for (const auto& [name, task] : alloc.allocated_resources().tasks()) {
        cpu += task.cpu().cpu_shares();
        memory += task.memory().memory_mb();
      }
      disk += alloc.allocated_resources().shared().disk_mb();
    }
    const auto& total = node.node_resources();
    const auto& reserved = node.reserved_resources();
    section(
        "Allocated Resources",
        table(session_.terminal,
              {{"CPU", "Memory", "Disk"},
               {used_of(cpu, total.cpu().cpu_shares() - reserved.cpu().cpu_shares(), "MHz"),
                used_of(memory, total.memory().memory_mb() - reserved.memory().memory_mb(), "MiB"),
                used_of(disk, total.disk().disk_mb() - reserved.disk().disk_mb(), "MiB")}}));
  }

  void events(const model::Node& node) {
    std::vector<Row> rows{{"Time", "Subsystem", "Message"}};
    for (int i = node.events_size() - 1; i >= 0; --i) {
      const auto& event = node.events(i);
      rows.push_back({timestamp(event.timestamp()), event.subsystem(), event.message()});
    }
    section("Node Events", table(session_.terminal, rows));
  }

  void allocations(const model::NodeAllocationsResponse& allocs) {
    std::vector<const model::Allocation*> sorted;
    for (const auto& alloc : allocs.allocations()) sorted.push_back(&alloc);
    std::sort(sorted.begin(), sorted.end(),
              [](const auto* a, const auto* b) { return a->create_index() > b->create_index(); });
    std::vector<Row> rows{{"ID", "Job ID", "Task Group", "Desired", "Status", "Created"}};
    for (const auto* alloc : sorted) {
      rows.push_back({short_id(alloc->id(), options_.verbose), alloc->job_id(), alloc->task_group(),
                      alloc->desired_status(),
                      status_text(session_.terminal, alloc->client_status()),
                      time_ago(session_, alloc->create_time())});
    }
    section("Allocations",
            sorted.empty() ? "No allocations placed" : table(session_.terminal, rows));
  }

  void attributes(const model::Node& node) {
    const auto listing = [&](const auto& map) {
      std::vector<std::pair<std::string, std::string>> rows(map.begin(), map.end());
      std::sort(rows.begin(), rows.end());
      return key_values(session_.terminal, rows);
    };
    section("Attributes", listing(node.attributes()));
    section("Meta", listing(node.meta()));
  }

  [[nodiscard]] std::string host_use(const nlohmann::json& stats) const {
    double busy = 0;
    const auto cpus = stats.value("CPU", nlohmann::json::array());
    for (const auto& cpu : cpus) busy += cpu.value("TotalPercent", 0.0);
    const auto memory = stats.value("Memory", nlohmann::json::object());
    const auto gib = [](double bytes) { return fmt::format("{:.1f}", bytes / (1 << 30)); };
    std::vector<Row> rows{{"CPU", "Memory", "Disk"}};
    const auto disk = stats.value("AllocDirStats", nlohmann::json());
    rows.push_back(
        {fmt::format("{:.0f}% of {} cores",
                     cpus.empty() ? 0 : busy / static_cast<double>(cpus.size()), cpus.size()),
         gib(memory.value("Used", 0.0)) + "/" + gib(memory.value("Total", 0.0)) + " GiB",
         disk.is_object()
             ? gib(disk.value("Used", 0.0)) + "/" + gib(disk.value("Size", 0.0)) + " GiB"
             : "-"});
    return table(session_.terminal, rows);
  }

  int stats(const std::string& id) {
    model::NodeStatsRequest request;
    *request.mutable_query() = query(session_);
    request.set_node_id(id);
    const auto reply = session_.client().get<model::JsonDocument>("ReadNodeStats", request);
    if (!reply.ok()) return fail(session_, reply.error());
    const auto stats = nlohmann::json::parse(reply->json(), nullptr, false);
    if (!stats.is_object()) {
      return fail(session_, {ErrorCode::corrupt, "the node's statistics are not JSON"});
    }
    section("Host Resource Utilization", host_use(stats));
    const auto devices = device_stats_table(stats.value("DeviceStats", nlohmann::json()));
    if (!devices.empty()) {
      section("Device Resource Utilization", table(session_.terminal, devices));
    }
    return exit_ok;
  }

  Session& session_;
  const NodeOptions& options_;
};

// Waits until the drain is over; prints each allocation that leaves.
int follow_drain(Session& session, const std::string& id) {
  model::NodeReadRequest request;
  *request.mutable_query() = query(session);
  request.mutable_query()->set_wait(30 * nanoseconds_per_second);
  request.set_node_id(id);
  while (true) {
    const auto reply = session.client().get<model::NodeReadResponse>("ReadNode", request);
    if (!reply.ok()) return fail(session, reply.error());
    if (!reply->node().has_drain_strategy()) {
      session.terminal.print("Drain complete for node " + id);
      return exit_ok;
    }
    request.mutable_query()->set_index(reply->query_meta().index());
  }
}

int drain_node(Session& session, const NodeOptions& options) {
  if (options.monitor && !options.enable && !options.disable) {
    const auto id = resolve_node(session, options.node);
    return id.ok() ? follow_drain(session, *id) : fail(session, id.error());
  }
  if (options.enable == options.disable) {
    return fail(session, {ErrorCode::invalid_argument, "give either -enable or -disable"});
  }
  const auto id = resolve_node(session, options.node);
  if (!id.ok()) return fail(session, id.error());
  // A whole ID is meant; a prefix may name a node that is not.
  if (options.enable && *id != options.node && !options.yes &&
      !ask(session, "Move everything off node \"" + *id + "\"?")) {
    session.terminal.print("Cancelled: nothing was drained");
    return exit_failure;
  }
  model::NodeDrainRequest request;
  *request.mutable_write() = write(session);
  request.set_node_id(*id);
  if (options.enable) {
    auto* spec = request.mutable_drain_spec();
    const auto deadline = parse_duration(options.deadline);
    if (!deadline.ok()) return fail(session, deadline.error().within("-deadline"));
    spec->set_deadline(options.force ? -1 : options.no_deadline ? 0 : *deadline);
    spec->set_ignore_system_jobs(options.ignore_system);
  } else {
    request.set_mark_eligible(!options.keep_ineligible);
  }
  if (!options.message.empty()) (*request.mutable_meta())["message"] = options.message;
  const auto reply = session.client().get<model::NodeUpdateResponse>("DrainNode", request);
  if (!reply.ok()) return fail(session, reply.error());
  session.terminal.print("Node \"" + *id + "\" drain strategy " +
                         (options.enable ? "set" : "unset"));
  return options.enable && !options.detach ? follow_drain(session, *id) : exit_ok;
}

int set_eligibility(Session& session, const NodeOptions& options) {
  if (options.enable == options.disable) {
    return fail(session, {ErrorCode::invalid_argument, "give either -enable or -disable"});
  }
  const auto id = resolve_node(session, options.node);
  if (!id.ok()) return fail(session, id.error());
  model::NodeEligibilityRequest request;
  *request.mutable_write() = write(session);
  request.set_node_id(*id);
  request.set_eligibility(options.enable ? "eligible" : "ineligible");
  const auto reply = session.client().get<model::NodeUpdateResponse>("SetNodeEligibility", request);
  if (!reply.ok()) return fail(session, reply.error());
  session.terminal.print("Node \"" + *id +
                         "\" scheduling eligibility set: " + request.eligibility());
  return exit_ok;
}

}  // namespace

namespace {

void add_switch(CLI::App& command, NodeOptions& options) {
  command.add_option("node", options.node, "Node ID or prefix")->required();
  command.add_flag("--enable", options.enable, "Turn it on");
  command.add_flag("--disable", options.disable, "Turn it off");
}

}  // namespace

int show_node(Session& session, const std::string& node, const PageOptions& options) {
  NodeOptions all;
  static_cast<PageOptions&>(all) = options;
  all.node = node;
  return NodePage(session, all).show();
}

CLI::App* add_node_status(CLI::App& parent, Session& session, const std::string& name) {
  auto status = std::make_shared<NodeOptions>();
  CLI::App* command =
      add_command(parent, session, name, "List nodes, or show one", [&session, status] {
        return status->node.empty() ? list_nodes(session, *status)
                                    : NodePage(session, *status).show();
      });
  command->add_option("node", status->node, "Node ID or prefix");
  status->output.add_to(*command);
  command->add_flag("--verbose", status->verbose, "Show whole IDs and attributes");
  command->add_flag("--stats", status->stats, "Show the host's statistics");
  command->add_option("--filter", status->filter, "List only nodes that match the expression");
  return command;
}

CLI::App* add_node_drain(CLI::App& parent, Session& session, const std::string& name) {
  auto drain = std::make_shared<NodeOptions>();
  CLI::App* command = add_command(parent, session, name, "Move everything off a node, or end that",
                                  [&session, drain] { return drain_node(session, *drain); });
  add_switch(*command, *drain);
  command->add_option("--deadline", drain->deadline, "Move what is left by force after this long")
      ->capture_default_str();
  command->add_flag("--force", drain->force, "Move everything at once");
  command->add_flag("--no-deadline", drain->no_deadline, "Wait for as long as it takes");
  command->add_flag("--ignore-system", drain->ignore_system, "Leave system jobs where they are");
  command->add_flag("--keep-ineligible", drain->keep_ineligible,
                    "With -disable: place nothing on it yet");
  command->add_flag("--detach", drain->detach, "Do not wait for the end");
  command->add_option("-m,--message", drain->message, "Why, for the node's record");
  command->add_flag("-y,--yes", drain->yes, "Do not ask");
  command->add_flag("--monitor", drain->monitor, "Follow a drain that is under way");
  return command;
}

void add_node_commands(CLI::App& root, Session& session) {
  CLI::App* node = add_group(root, "node", "Look at and act on the machines");
  add_node_status(*node, session, "status");
  add_node_drain(*node, session, "drain");
  auto eligibility = std::make_shared<NodeOptions>();
  CLI::App* command =
      add_command(*node, session, "eligibility", "Allow or forbid new placements on a node",
                  [&session, eligibility] { return set_eligibility(session, *eligibility); });
  add_switch(*command, *eligibility);
}

}  // namespace yurt::cli
