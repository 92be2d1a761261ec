#include "cli/monitor.h"

#include <algorithm>
#include <set>

#include "cli/show.h"

namespace yurt::cli {
namespace {

// How long one blocking query waits for news.
constexpr std::int64_t wait_ns = 30 * nanoseconds_per_second;

class EvaluationMonitor {
 public:
  EvaluationMonitor(Session& session, const MonitorOptions& options)
      : session_(session), options_(options) {}

  int run(const std::string& first) {
    std::string id = first;
    int code = exit_ok;
    while (!id.empty()) {
      say("==> Monitoring evaluation \"" + short_id(id, options_.verbose) + "\"");
      const auto eval = follow(id);
      if (!eval.ok()) return fail(session_, eval.error());
      code = std::max(code, report(*eval));
      if (eval->status() == "failed") return exit_failure;
      // A follow-up that waits for a time to come is not waited for.
      const bool due = !eval->next_eval().empty() && !delayed(eval->next_eval());
      id = due ? eval->next_eval() : std::string();
      deployment_ = eval->deployment_id().empty() ? deployment_ : eval->deployment_id();
    }
    if (options_.deployment && !deployment_.empty() && code == exit_ok) {
      return monitor_deployment(session_, deployment_, options_.verbose);
    }
    return code;
  }

 private:
  void say(const std::string& line) { session_.terminal.print(line); }

  bool delayed(const std::string& id) {
    model::EvaluationReadRequest request;
    *request.mutable_query() = query(session_);
    request.set_eval_id(id);
    const auto reply =
        session_.client().get<model::EvaluationReadResponse>("ReadEvaluation", request);
    if (!reply.ok()) return true;
    const auto& eval = reply->evaluation();
    if (eval.wait_until() > session_.clock.wall_ns()) {
      say("    Evaluation \"" + short_id(id, options_.verbose) + "\" follows at " +
          timestamp(eval.wait_until()));
      return true;
    }
    return false;
  }

  Result<model::Evaluation> follow(const std::string& id) {
    model::EvaluationReadRequest request;
    *request.mutable_query() = query(session_);
    request.mutable_query()->set_wait(wait_ns);
    request.set_eval_id(id);
    std::string triggered, status;
    while (true) {
      auto reply = session_.client().get<model::EvaluationReadResponse>("ReadEvaluation", request);
      if (!reply.ok()) return reply.error();
      const auto& eval = reply->evaluation();
      if (triggered.empty()) {
        triggered = eval.triggered_by();
        say("    Evaluation triggered by job \"" + eval.job_id() + "\"");
      }
      show_allocations(id);
      if (status != eval.status()) {
        status = eval.status();
        const bool over = status == "complete" || status == "failed" || status == "canceled" ||
                          status == "blocked";
        if (over) {
          say("    Evaluation status changed: \"pending\" -> \"" + status + "\"");
          return eval;
        }
      }
      request.mutable_query()->set_index(reply->query_meta().index());
    }
  }

  void show_allocations(const std::string& id) {
    model::EvaluationReadRequest request;
    *request.mutable_query() = query(session_);
    request.set_eval_id(id);
    const auto reply =
        session_.client().get<model::AllocationListResponse>("ListEvaluationAllocations", request);
    if (!reply.ok()) return;
    for (const auto& alloc : reply->allocations()) {
      if (!shown_.insert(alloc.id()).second) continue;
      say("    Allocation \"" + short_id(alloc.id(), options_.verbose) + "\" created: node \"" +
          short_id(alloc.node_id(), options_.verbose) + "\", group \"" + alloc.task_group() + "\"");
    }
  }

  int report(const model::Evaluation& eval) {
    say("==> Evaluation \"" + short_id(eval.id(), options_.verbose) + "\" finished with status \"" +
        eval.status() + "\"" +
        (eval.failed_tg_allocs().empty() ? "" : " but failed to place all allocations:"));
    if (!eval.status_description().empty()) say("    " + eval.status_description());
    if (eval.failed_tg_allocs().empty()) return exit_ok;
    say(placement_failures(session_.terminal, eval.failed_tg_allocs()));
    if (!eval.blocked_eval().empty()) {
      say("Evaluation \"" + short_id(eval.blocked_eval(), options_.verbose) +
          "\" waiting for additional capacity to place remainder");
    }
    return exit_unplaced;
  }

  Session& session_;
  const MonitorOptions options_;
  std::set<std::string> shown_;
  std::string deployment_;
};

std::vector<std::string> deployment_lines(Session& session, const model::Deployment& deployment) {
  std::vector<std::string> out;
  out.push_back("    Deployment \"" + short_id(deployment.id()) +
                "\": " + status_text(session.terminal, deployment.status()) + ", " +
                deployment.status_description());
  std::vector<std::string> groups;
  for (const auto& [name, group] : deployment.task_groups()) groups.push_back(name);
  std::sort(groups.begin(), groups.end());
  for (const auto& name : groups) {
    const auto& group = deployment.task_groups().at(name);
    out.push_back("      group \"" + name + "\": desired " + std::to_string(group.desired_total()) +
                  ", placed " + std::to_string(group.placed_allocs()) + ", healthy " +
                  std::to_string(group.healthy_allocs()) + ", unhealthy " +
                  std::to_string(group.unhealthy_allocs()));
  }
  return out;
}

}  // namespace

int monitor_evaluation(Session& session, const std::string& eval_id,
                       const MonitorOptions& options) {
  return EvaluationMonitor(session, options).run(eval_id);
}

int monitor_deployment(Session& session, const std::string& deployment_id, bool verbose) {
  model::DeploymentReadRequest request;
  *request.mutable_query() = query(session);
  request.mutable_query()->set_wait(wait_ns);
  request.set_deployment_id(deployment_id);
  session.terminal.print("==> Monitoring deployment \"" + short_id(deployment_id, verbose) + "\"");
  std::vector<std::string> shown;
  while (true) {
    const auto reply =
        session.client().get<model::DeploymentReadResponse>("ReadDeployment", request);
    if (!reply.ok()) return fail(session, reply.error());
    const auto lines = deployment_lines(session, reply->deployment());
    if (session.terminal.interactive()) {
      session.terminal.redraw(lines);
    } else if (lines != shown) {
      for (const auto& line : lines) session.terminal.print(line);
    }
    shown = lines;
    const std::string& status = reply->deployment().status();
    if (status == "successful") return exit_ok;
    if (status == "failed" || status == "cancelled") return exit_failure;
    request.mutable_query()->set_index(reply->query_meta().index());
  }
}

}  // namespace yurt::cli
