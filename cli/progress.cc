#include "cli/progress.h"

#include <algorithm>
#include <map>

namespace yurt::cli {
namespace {

constexpr std::size_t most_allocations = 10;
constexpr int bar_width = 20;

// Allocations that a person would look at come first.
int urgency(const std::string& status) {
  if (status == "failed" || status == "lost") return 0;
  if (status == "pending") return 1;
  return status == "running" ? 2 : 3;
}

std::string counts_text(const std::vector<model::AllocationStub>& allocations) {
  std::map<std::string, int> by_status;
  for (const auto& alloc : allocations) ++by_status[alloc.client_status()];
  std::string out = std::to_string(allocations.size()) + " placed";
  const char* separator = ": ";
  for (const auto& [status, count] : by_status) {
    out += separator + std::to_string(count) + " " + status;
    separator = ", ";
  }
  return out;
}

std::vector<std::string> sorted_groups(const model::Deployment& deployment) {
  std::vector<std::string> groups;
  for (const auto& [name, group] : deployment.task_groups()) groups.push_back(name);
  std::sort(groups.begin(), groups.end());
  return groups;
}

// Whether canaries have to prove themselves before anything else happens.
bool on_trial(const model::DeploymentState& group) {
  return group.desired_canaries() > 0 && !group.promoted();
}

}  // namespace

std::string progress_bar(int done, int total, int width) {
  const int full = total <= 0 ? width : std::clamp(done * width / total, 0, width);
  std::string out = "[" + std::string(static_cast<std::size_t>(full), '=');
  if (full < width) out += ">" + std::string(static_cast<std::size_t>(width - full - 1), ' ');
  return out + "]";
}

std::vector<std::string> progress_lines(const Terminal& terminal, const Progress& progress,
                                        bool verbose) {
  std::vector<std::string> out;
  out.push_back("    Evaluation   " + short_id(progress.evaluation.id(), verbose) + "  " +
                status_text(terminal, progress.evaluation.status()));
  std::vector<const model::AllocationStub*> sorted;
  for (const auto& alloc : progress.allocations) sorted.push_back(&alloc);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    const int left = urgency(a->client_status()), right = urgency(b->client_status());
    return left != right ? left < right : a->name() < b->name();
  });
  if (!sorted.empty()) out.push_back("    Allocations  " + counts_text(progress.allocations));
  for (std::size_t i = 0; i < sorted.size() && i < most_allocations; ++i) {
    out.push_back("      " + short_id(sorted[i]->id(), verbose) + "  " + sorted[i]->name() +
                  "  on " + sorted[i]->node_name() + "  " +
                  status_text(terminal, sorted[i]->client_status()));
  }
  if (sorted.size() > most_allocations) {
    out.push_back("      and " + std::to_string(sorted.size() - most_allocations) + " more");
  }
  const auto& deployment = progress.deployment;
  if (deployment.id().empty()) return out;
  out.push_back("    Deployment   " + short_id(deployment.id(), verbose) + "  " +
                status_text(terminal, deployment.status()) + "  " +
                terminal.paint(Color::faint, deployment.status_description()));
  for (const auto& name : sorted_groups(deployment)) {
    const auto& group = deployment.task_groups().at(name);
    const bool canaries = on_trial(group);
    const int total = canaries ? group.desired_canaries() : group.desired_total();
    std::string line = "      " + progress_bar(group.healthy_allocs(), total, bar_width) + "  " +
                       name + "  " + std::to_string(group.healthy_allocs()) + " of " +
                       std::to_string(total) + (canaries ? " canaries healthy" : " healthy");
    if (group.unhealthy_allocs() > 0) {
      line += ", " +
              terminal.paint(Color::red, std::to_string(group.unhealthy_allocs()) + " unhealthy");
    }
    out.push_back(std::move(line));
  }
  if (auto hint = promotion_hint(deployment, verbose); !hint.empty()) out.push_back(hint);
  return out;
}

std::string promotion_hint(const model::Deployment& deployment, bool verbose) {
  if (deployment.status() != "running") return "";
  bool waits = false;
  for (const auto& [name, group] : deployment.task_groups()) {
    if (!on_trial(group)) continue;
    if (group.auto_promote() || group.healthy_allocs() < group.desired_canaries()) return "";
    waits = true;
  }
  if (!waits) return "";
  const std::string id = short_id(deployment.id(), verbose);
  return "    The canaries are healthy: go on with `yurt deployment promote " + id +
         "`, go back with `yurt deployment fail " + id + "`";
}

std::vector<std::string> deployment_lines(const Terminal& terminal,
                                          const model::Deployment& deployment, bool verbose) {
  std::vector<std::string> out;
  out.push_back("    Deployment \"" + short_id(deployment.id(), verbose) +
                "\": " + status_text(terminal, deployment.status()) + ", " +
                deployment.status_description());
  for (const auto& name : sorted_groups(deployment)) {
    const auto& group = deployment.task_groups().at(name);
    out.push_back("      group \"" + name + "\": desired " + std::to_string(group.desired_total()) +
                  (group.desired_canaries() == 0 ? ""
                   : group.promoted()            ? ", promoted"
                                      : ", canaries " + std::to_string(group.desired_canaries())) +
                  ", placed " + std::to_string(group.placed_allocs()) + ", healthy " +
                  std::to_string(group.healthy_allocs()) + ", unhealthy " +
                  std::to_string(group.unhealthy_allocs()));
  }
  if (auto hint = promotion_hint(deployment, verbose); !hint.empty()) out.push_back(hint);
  return out;
}

}  // namespace yurt::cli
