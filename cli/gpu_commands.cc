// gpu top: the cluster's GPUs and who uses them.
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>
#include <tuple>

#include "base/duration.h"
#include "cli/gpu_view.h"
#include "cli/show.h"

namespace yurt::cli {
namespace {

struct GpuOptions {
  bool once = false, json = false, verbose = false;
  std::string interval = "2s";
  std::string node;
};

Result<std::vector<GpuRow>> read_gpus(Session& session, const std::string& only_node) {
  model::NodeListRequest request;
  *request.mutable_query() = query(session);
  request.set_resources(true);
  YURT_ASSIGN(const auto nodes,
              session.client().get<model::NodeListResponse>("ListNodes", request));
  std::vector<GpuRow> rows;
  for (const auto& node : nodes.nodes()) {
    if (node.node_resources().devices().empty()) continue;
    if (!only_node.empty() && node.id() != only_node) continue;
    model::NodeReadRequest of_node;
    *of_node.mutable_query() = query(session);
    of_node.set_node_id(node.id());
    YURT_ASSIGN(const auto allocations, session.client().get<model::NodeAllocationsResponse>(
                                            "ListNodeAllocations", of_node));
    nlohmann::json stats;
    if (node.status() == "ready") {
      model::NodeStatsRequest stats_request;
      *stats_request.mutable_query() = query(session);
      stats_request.set_node_id(node.id());
      // A node that does not answer shows what it was registered with.
      const auto reply = session.client().get<model::JsonDocument>("ReadNodeStats", stats_request);
      if (reply.ok()) stats = nlohmann::json::parse(reply->json(), nullptr, false);
    }
    for (auto& row : gpu_rows(node, allocations.allocations(), stats)) {
      if (node.status() != "ready") {
        row.healthy = false;
        row.health = "the node is " + node.status();
      }
      rows.push_back(std::move(row));
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const GpuRow& a, const GpuRow& b) {
    return std::tie(a.node_name, a.node_id) < std::tie(b.node_name, b.node_id);
  });
  return rows;
}

int show_gpus(Session& session, const GpuOptions& options) {
  const auto interval_ns = parse_duration(options.interval);
  if (!interval_ns.ok()) return fail(session, interval_ns.error().within("-interval"));
  if (*interval_ns < nanoseconds_per_second / 10) {
    return fail(session, {ErrorCode::invalid_argument, "-interval: at least 100ms"});
  }
  std::string node;
  if (!options.node.empty()) {
    const auto id = resolve_node(session, options.node);
    if (!id.ok()) return fail(session, id.error());
    node = *id;
  }
  const bool live = !options.once && !options.json && session.terminal.interactive();
  while (true) {
    const auto rows = read_gpus(session, node);
    if (!rows.ok()) return fail(session, rows.error());
    if (options.json) {
      session.terminal.print(gpu_json(*rows).dump(2));
      return exit_ok;
    }
    auto lines = gpu_lines(session.terminal, *rows, options.verbose);
    if (!live) {
      for (const auto& line : lines) session.terminal.print(line);
      return exit_ok;
    }
    lines.push_back("every " + options.interval + "; Ctrl-C ends it");
    session.terminal.redraw(lines);
    std::this_thread::sleep_for(std::chrono::nanoseconds(*interval_ns));
  }
}

}  // namespace

void add_gpu_commands(CLI::App& root, Session& session) {
  CLI::App* gpu = add_group(root, "gpu", "Look at the cluster's GPUs");
  auto options = std::make_shared<GpuOptions>();
  CLI::App* top =
      add_command(*gpu, session, "top", "Show all GPUs, the tasks on them, and idle ones",
                  [&session, options] { return show_gpus(session, *options); });
  top->add_option("--node", options->node, "Only the GPUs of this node (ID or prefix)");
  top->add_option("--interval", options->interval, "How often the view is renewed")
      ->capture_default_str();
  top->add_flag("--once", options->once, "Print once and end");
  top->add_flag("--json", options->json, "Print once, as JSON");
  top->add_flag("--verbose", options->verbose, "Show whole IDs");
}

}  // namespace yurt::cli
