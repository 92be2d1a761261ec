#include "cli/monitor.h"

#include <algorithm>
#include <set>

#include "cli/progress.h"
#include "cli/show.h"

namespace yurt::cli {
namespace {

// How long one blocking query waits for news; a live view also shows what no such query tells.
constexpr std::int64_t wait_ns = 30 * nanoseconds_per_second;
constexpr std::int64_t live_wait_ns = nanoseconds_per_second;

class EvaluationMonitor {
 public:
  EvaluationMonitor(Session& session, const MonitorOptions& options)
      : session_(session), options_(options), live_(session.terminal.interactive()) {}

  int evaluation(const std::string& first) {
    std::string id = first;
    int code = exit_ok;
    while (!id.empty()) {
      say("==> Monitoring evaluation \"" + short_id(id, options_.verbose) + "\"");
      const Status followed = follow(id);
      if (!followed.ok()) return fail(session_, followed.error());
      const model::Evaluation& eval = progress_.evaluation;
      if (!eval.deployment_id().empty()) deployment_ = eval.deployment_id();
      const bool watch = options_.deployment && !deployment_.empty();
      // The deployment's progress is drawn over the evaluation's.
      if (!watch || !eval.next_eval().empty()) session_.terminal.keep_drawn();
      code = std::max(code, report(eval));
      if (eval.status() == "failed") return exit_failure;
      // A follow-up that waits for a time to come is not waited for.
      id = !eval.next_eval().empty() && !delayed(eval.next_eval()) ? eval.next_eval()
                                                                   : std::string();
    }
    if (!options_.deployment || deployment_.empty() || code != exit_ok) return code;
    return deployment(deployment_);
  }

  int deployment(const std::string& id) {
    model::DeploymentReadRequest request;
    *request.mutable_query() = query(session_);
    request.mutable_query()->set_wait(live_ ? live_wait_ns : wait_ns);
    request.set_deployment_id(id);
    // A live view shows it below the evaluation.
    if (!live_ || progress_.evaluation.id().empty()) {
      say("==> Monitoring deployment \"" + short_id(id, options_.verbose) + "\"");
    }
    std::vector<std::string> shown;
    while (true) {
      const auto reply =
          session_.client().get<model::DeploymentReadResponse>("ReadDeployment", request);
      if (!reply.ok()) return fail(session_, reply.error());
      progress_.deployment = reply->deployment();
      if (live_) {
        const Status drawn = draw_deployment(id);
        if (!drawn.ok()) return fail(session_, drawn.error());
      } else {
        auto lines = deployment_lines(session_.terminal, progress_.deployment, options_.verbose);
        if (lines != shown) {
          for (const auto& line : lines) say(line);
        }
        shown = std::move(lines);
      }
      const std::string& status = progress_.deployment.status();
      if (status == "successful" || status == "failed" || status == "cancelled") {
        session_.terminal.keep_drawn();
        say("==> Deployment \"" + short_id(id, options_.verbose) + "\" " +
            status_text(session_.terminal, status));
        if (status == "successful") return exit_ok;
        if (status == "failed" && !following_return_) follow_return(progress_.deployment);
        return exit_failure;
      }
      request.mutable_query()->set_index(reply->query_meta().index());
    }
  }

 private:
  void say(const std::string& line) { session_.terminal.print(line); }
  void say_plain(const std::string& line) {
    if (!live_) say(line);
  }
  void draw() {
    if (live_) {
      session_.terminal.redraw(progress_lines(session_.terminal, progress_, options_.verbose));
    }
  }

  Status draw_deployment(const std::string& id) {
    model::DeploymentReadRequest request;
    *request.mutable_query() = query(session_);
    request.set_deployment_id(id);
    YURT_ASSIGN(const auto allocs, session_.client().get<model::AllocationListResponse>(
                                       "ListDeploymentAllocations", request));
    progress_.allocations.assign(allocs.allocations().begin(), allocs.allocations().end());
    session_.terminal.redraw(progress_.evaluation.id().empty()
                                 ? deployment_view()
                                 : progress_lines(session_.terminal, progress_, options_.verbose));
    return {};
  }

  // The deployment failed and its job goes back to an earlier version: followed as well, until
  // that one is over.
  void follow_return(const model::Deployment& failed) {
    if (failed.status_description().find("rolling back to job version") == std::string::npos) {
      return;
    }
    say("    " + failed.status_description());
    model::JobReadRequest request;
    *request.mutable_query() = query(session_);
    request.set_job_id(failed.job_id());
    const std::int64_t give_up_ns = session_.clock.steady_ns() + wait_ns;
    while (session_.clock.steady_ns() < give_up_ns) {
      const auto latest =
          session_.client().get<model::DeploymentReadResponse>("ReadJobLatestDeployment", request);
      if (!latest.ok()) return;
      if (latest->deployment().job_version() > failed.job_version()) {
        following_return_ = true;
        progress_ = {};
        static_cast<void>(deployment(latest->deployment().id()));
        return;
      }
      request.mutable_query()->set_wait(live_wait_ns);
      request.mutable_query()->set_index(latest->query_meta().index());
    }
  }

  // A deployment that is followed without its evaluation.
  std::vector<std::string> deployment_view() {
    auto lines = progress_lines(session_.terminal, progress_, options_.verbose);
    lines.erase(lines.begin());
    return lines;
  }

  bool delayed(const std::string& id) {
    model::EvaluationReadRequest request;
    *request.mutable_query() = query(session_);
    request.set_eval_id(id);
    const auto reply =
        session_.client().get<model::EvaluationReadResponse>("ReadEvaluation", request);
    if (!reply.ok()) return true;
    const auto& eval = reply->evaluation();
    if (eval.wait_until() <= session_.clock.wall_ns()) return false;
    say("    Evaluation \"" + short_id(id, options_.verbose) + "\" follows at " +
        timestamp(eval.wait_until()));
    return true;
  }

  // Until the evaluation is dealt with.
  Status follow(const std::string& id) {
    model::EvaluationReadRequest request;
    *request.mutable_query() = query(session_);
    request.mutable_query()->set_wait(wait_ns);
    request.set_eval_id(id);
    bool first = true;
    while (true) {
      YURT_ASSIGN(const auto reply,
                  session_.client().get<model::EvaluationReadResponse>("ReadEvaluation", request));
      progress_.evaluation = reply.evaluation();
      const std::string& status = progress_.evaluation.status();
      if (first) {
        say_plain("    Evaluation triggered by job \"" + progress_.evaluation.job_id() + "\"");
      }
      first = false;
      YURT_TRY(look_at_allocations(id));
      draw();
      if (status == "complete" || status == "failed" || status == "canceled" ||
          status == "blocked") {
        say_plain("    Evaluation status changed: \"pending\" -> \"" + status + "\"");
        return {};
      }
      request.mutable_query()->set_index(reply.query_meta().index());
    }
  }

  Status look_at_allocations(const std::string& id) {
    model::EvaluationReadRequest request;
    *request.mutable_query() = query(session_);
    request.set_eval_id(id);
    YURT_ASSIGN(const auto reply, session_.client().get<model::AllocationListResponse>(
                                      "ListEvaluationAllocations", request));
    progress_.allocations.clear();
    for (const auto& alloc : reply.allocations()) {
      progress_.allocations.push_back(alloc);
      if (!told_.insert(alloc.id()).second) continue;
      say_plain("    Allocation \"" + short_id(alloc.id(), options_.verbose) +
                "\" created: node \"" + short_id(alloc.node_id(), options_.verbose) +
                "\", group \"" + alloc.task_group() + "\"");
    }
    return {};
  }

  int report(const model::Evaluation& eval) {
    const bool placed = eval.failed_tg_allocs().empty();
    // Drawn already, and the deployment goes on from there.
    if (live_ && placed && eval.status() == "complete" && options_.deployment &&
        !deployment_.empty()) {
      return exit_ok;
    }
    session_.terminal.keep_drawn();
    say("==> Evaluation \"" + short_id(eval.id(), options_.verbose) + "\" finished with status \"" +
        eval.status() + "\"" + (placed ? "" : " but failed to place all allocations:"));
    if (!eval.status_description().empty()) say("    " + eval.status_description());
    if (placed) return exit_ok;
    say(placement_failures(session_.terminal, eval.failed_tg_allocs()));
    if (!eval.blocked_eval().empty()) {
      say("Evaluation \"" + short_id(eval.blocked_eval(), options_.verbose) +
          "\" waiting for additional capacity to place remainder");
    }
    return exit_unplaced;
  }

  Session& session_;
  const MonitorOptions options_;
  const bool live_;
  Progress progress_;
  std::set<std::string> told_;
  std::string deployment_;
  bool following_return_ = false;
};

}  // namespace

int monitor_evaluation(Session& session, const std::string& eval_id,
                       const MonitorOptions& options) {
  return EvaluationMonitor(session, options).evaluation(eval_id);
}

int monitor_deployment(Session& session, const std::string& deployment_id, bool verbose) {
  return EvaluationMonitor(session, {.verbose = verbose, .deployment = true})
      .deployment(deployment_id);
}

}  // namespace yurt::cli
