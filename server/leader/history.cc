#include "server/leader/history.h"

#include "proto/command.pb.h"

namespace yurt::server {
namespace {

bool is_due(std::int64_t retention_ns, std::int64_t now_ns, std::int64_t& last_ns) {
  if (retention_ns <= 0 || now_ns - last_ns < retention_ns / 100) return false;
  last_ns = now_ns;
  return true;
}

}  // namespace

std::vector<model::Command> HistoryTrimming::take_due(std::int64_t now_ns) {
  std::vector<model::Command> commands;
  if (is_due(settings_.run_retention_ns, now_ns, runs_trimmed_ns_)) {
    const std::int64_t before_ns = now_ns - settings_.run_retention_ns;
    commands.emplace_back().mutable_trim_runs()->set_finished_before(before_ns);
  }
  if (is_due(settings_.sweep_retention_ns, now_ns, sweeps_trimmed_ns_)) {
    const std::int64_t before_ns = now_ns - settings_.sweep_retention_ns;
    commands.emplace_back().mutable_trim_sweeps()->set_finished_before(before_ns);
  }
  return commands;
}

}  // namespace yurt::server
