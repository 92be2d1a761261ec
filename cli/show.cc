#include "cli/show.h"

#include <algorithm>

#include "base/duration.h"

namespace yurt::cli {

std::string short_id(const std::string& id, bool verbose) { return verbose ? id : id.substr(0, 8); }

std::string time_ago(Session& session, std::int64_t unix_ns) {
  if (unix_ns == 0) return {};
  const std::int64_t seconds =
      std::max<std::int64_t>(0, (session.clock.wall_ns() - unix_ns) / nanoseconds_per_second);
  const auto two = [](std::int64_t big, const char* big_unit, std::int64_t small,
                      const char* small_unit) {
    return std::to_string(big) + big_unit +
           (small > 0 ? std::to_string(small) + small_unit : std::string()) + " ago";
  };
  if (seconds < 60) return std::to_string(seconds) + "s ago";
  if (seconds < 3600) return two(seconds / 60, "m", seconds % 60, "s");
  if (seconds < 86'400) return two(seconds / 3600, "h", seconds / 60 % 60, "m");
  return two(seconds / 86'400, "d", seconds / 3600 % 24, "h");
}

std::string timestamp(std::int64_t unix_ns) {
  if (unix_ns == 0) return "N/A";
  return format_time(unix_ns / nanoseconds_per_second * nanoseconds_per_second);
}

std::string status_text(const Terminal& terminal, const std::string& status) {
  Color color = Color::plain;
  for (const char* good : {"running", "ready", "complete", "successful", "eligible", "alive"}) {
    if (status == good) color = Color::green;
  }
  for (const char* bad : {"failed", "dead (stopped)", "down", "lost", "unhealthy"}) {
    if (status == bad) color = Color::red;
  }
  for (const char* waiting : {"pending", "blocked", "unknown", "disconnected", "ineligible"}) {
    if (status == waiting) color = Color::yellow;
  }
  return terminal.paint(color, status);
}

std::string allocation_table(
    Session& session, const google::protobuf::RepeatedPtrField<model::AllocationStub>& allocs,
    bool verbose) {
  if (allocs.empty()) return "No allocations placed";
  std::vector<const model::AllocationStub*> sorted;
  for (const auto& alloc : allocs) sorted.push_back(&alloc);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    return a->create_index() != b->create_index() ? a->create_index() > b->create_index()
                                                  : a->id() < b->id();
  });
  std::vector<Row> rows{
      {"ID", "Node ID", "Task Group", "Version", "Desired", "Status", "Created", "Modified"}};
  for (const auto* alloc : sorted) {
    rows.push_back({short_id(alloc->id(), verbose), short_id(alloc->node_id(), verbose),
                    alloc->task_group(), std::to_string(alloc->job_version()),
                    alloc->desired_status(), status_text(session.terminal, alloc->client_status()),
                    time_ago(session, alloc->create_time()),
                    time_ago(session, alloc->modify_time())});
  }
  return table(session.terminal, rows);
}

std::string deployment_table(
    Session& session, const google::protobuf::RepeatedPtrField<model::Deployment>& deployments,
    bool verbose) {
  if (deployments.empty()) return "No deployments found";
  std::vector<Row> rows{{"ID", "Job ID", "Job Version", "Status", "Description"}};
  for (const auto& deployment : deployments) {
    rows.push_back({short_id(deployment.id(), verbose), deployment.job_id(),
                    std::to_string(deployment.job_version()),
                    status_text(session.terminal, deployment.status()),
                    deployment.status_description()});
  }
  return table(session.terminal, rows);
}

std::string deployment_text(Session& session, const model::Deployment& deployment, bool verbose) {
  const Terminal& terminal = session.terminal;
  return key_values(terminal, {{"ID", short_id(deployment.id(), verbose)},
                               {"Status", status_text(terminal, deployment.status())},
                               {"Description", deployment.status_description()}}) +
         deployed_text(session, deployment);
}

std::string deployed_text(Session& session, const model::Deployment& deployment) {
  const Terminal& terminal = session.terminal;
  bool reverts = false, canaries = false;
  for (const auto& [name, group] : deployment.task_groups()) {
    reverts |= group.auto_revert();
    canaries |= group.desired_canaries() > 0;
  }
  std::vector<Row> rows;
  const auto add_row = [&](const std::string& name, const std::string& auto_revert,
                           const std::string& promoted, const std::string& desired,
                           const std::string& desired_canaries, Row rest) {
    Row row{name};
    if (reverts) row.push_back(auto_revert);
    if (canaries) row.push_back(promoted);
    row.push_back(desired);
    if (canaries) row.push_back(desired_canaries);
    std::move(rest.begin(), rest.end(), std::back_inserter(row));
    rows.push_back(std::move(row));
  };
  for (const auto& [name, group] : deployment.task_groups()) {
    const bool has_canaries = group.desired_canaries() > 0;
    add_row(name, group.auto_revert() ? "true" : "false",
            !has_canaries      ? "N/A"
            : group.promoted() ? "true"
                               : "false",
            std::to_string(group.desired_total()),
            has_canaries ? std::to_string(group.desired_canaries()) : "N/A",
            {std::to_string(group.placed_allocs()), std::to_string(group.healthy_allocs()),
             std::to_string(group.unhealthy_allocs()), timestamp(group.require_progress_by())});
  }
  std::sort(rows.begin(), rows.end());
  add_row("Task Group", "Auto Revert", "Promoted", "Desired", "Canaries",
          {"Placed", "Healthy", "Unhealthy", "Progress Deadline"});
  std::rotate(rows.begin(), rows.end() - 1, rows.end());
  return "\n\n" + terminal.paint(Color::bold, "Deployed") + "\n" + table(terminal, rows);
}

std::string metric_text(const model::AllocMetric& metric, const std::string& indent) {
  std::string out;
  const auto line = [&](const std::string& text) { out += indent + "* " + text + "\n"; };
  if (metric.nodes_evaluated() == 0) line("No nodes were eligible for evaluation");
  for (const auto& [datacenter, nodes] : metric.nodes_available()) {
    if (nodes == 0) line("No nodes are available in datacenter \"" + datacenter + "\"");
  }
  for (const auto& [name, count] : metric.class_filtered()) {
    line("Class \"" + name + "\": " + std::to_string(count) + " nodes excluded by filter");
  }
  for (const auto& [constraint, count] : metric.constraint_filtered()) {
    line("Constraint \"" + constraint + "\": " + std::to_string(count) +
         " nodes excluded by filter");
  }
  if (metric.nodes_exhausted() > 0) {
    line("Resources exhausted on " + std::to_string(metric.nodes_exhausted()) + " nodes");
  }
  for (const auto& [name, count] : metric.class_exhausted()) {
    line("Class \"" + name + "\" exhausted on " + std::to_string(count) + " nodes");
  }
  for (const auto& [dimension, count] : metric.dimension_exhausted()) {
    line("Dimension \"" + dimension + "\" exhausted on " + std::to_string(count) + " nodes");
  }
  for (const auto& quota : metric.quota_exhausted()) line("Quota limit hit \"" + quota + "\"");
  return out;
}

std::string placement_failures(
    const Terminal& terminal,
    const google::protobuf::Map<std::string, model::AllocMetric>& failed) {
  std::vector<std::string> groups;
  for (const auto& [group, metric] : failed) groups.push_back(group);
  std::sort(groups.begin(), groups.end());
  std::string out;
  for (const std::string& group : groups) {
    const auto& metric = failed.at(group);
    const int unplaced = metric.coalesced_failures() + 1;
    out += terminal.paint(Color::yellow, "Task Group \"" + group + "\" (failed to place " +
                                             std::to_string(unplaced) + " allocation" +
                                             (unplaced == 1 ? "" : "s") + "):") +
           "\n" + metric_text(metric, "  ");
  }
  return out;
}

model::QueryOptions query(const Session& session) {
  model::QueryOptions out;
  out.set_region(session.region);
  out.set_namespace_(session.ns);
  return out;
}

model::WriteOptions write(const Session& session) {
  model::WriteOptions out;
  out.set_region(session.region);
  out.set_namespace_(session.ns);
  return out;
}

}  // namespace yurt::cli
