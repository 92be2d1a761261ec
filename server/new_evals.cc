#include "server/new_evals.h"

#include <algorithm>
#include <set>

#include "base/glob.h"
#include "proto/command.pb.h"
#include "proto/job.pb.h"

namespace yurt::server {
namespace {

bool wants_node(const model::Job& job, const model::Node& node) {
  if (job.stop() || (job.type() != "system" && job.type() != "sysbatch")) return false;
  if (job.has_parameterized() && !job.dispatched()) return false;
  if (job.has_periodic()) return false;
  if (job.node_pool() != "all" && job.node_pool() != node.node_pool()) return false;
  for (const std::string& pattern : job.datacenters()) {
    if (glob_match(pattern, node.datacenter())) return true;
  }
  return false;
}

bool may_reschedule(const model::Job& job, const model::TaskGroup& group) {
  if (job.stop() || (job.type() != "service" && job.type() != "batch")) return false;
  if (group.reschedule().unlimited() || group.reschedule().attempts() > 0) return true;
  return std::any_of(group.task().begin(), group.task().end(),
                     [](const model::Task& task) { return !task.on_failure().empty(); });
}

}  // namespace

model::Evaluation new_eval(const model::Job& job, const std::string& triggered_by, Random& random) {
  model::Evaluation eval;
  eval.set_id(EvalId::generate(random).to_string());
  eval.set_namespace_(job.namespace_());
  eval.set_priority(job.priority());
  eval.set_type(job.type());
  eval.set_triggered_by(triggered_by);
  eval.set_job_id(job.id());
  eval.set_job_modify_index(job.job_modify_index());
  eval.set_status("pending");
  return eval;
}

std::vector<model::Evaluation> node_evals(const Snapshot& state, const model::Node& node,
                                          const std::string& triggered_by, Random& random) {
  std::vector<model::Evaluation> out;
  std::set<JobKey> seen;
  const auto add = [&](const model::Job& job) {
    if (!seen.insert({job.namespace_(), job.id()}).second) return;
    model::Evaluation eval = new_eval(job, triggered_by, random);
    eval.set_node_id(node.id());
    eval.set_node_modify_index(node.modify_index());
    out.push_back(std::move(eval));
  };
  for (const AllocRef& alloc : state.allocs_of_node(NodeId::parse_or_nil(node.id()))) {
    if (!alloc->terminal()) add(*alloc->job);
  }
  state.tables().jobs.each([&](const JobKey&, const JobRecordRef& record) {
    // One that waits for others is not begun by a node.
    if (record->waiting_for.empty() && wants_node(*record->job, node)) add(*record->job);
    return true;
  });
  return out;
}

std::vector<model::Evaluation> client_update_evals(const Snapshot& state,
                                                   const model::UpdateAllocsFromClient& report,
                                                   Random& random) {
  std::vector<model::Evaluation> out;
  std::set<JobKey> seen;
  for (const auto& update : report.updates()) {
    const AllocRef alloc = state.alloc(AllocId::from_bytes(update.id()));
    const auto status = parse_client_status(update.client_status());
    if (!alloc || !status || alloc->client == *status) continue;
    const JobKey key{alloc->job->namespace_(), alloc->job->id()};
    const JobRef job = state.job(key);
    const bool failed = *status == ClientStatus::failed && alloc->desired == DesiredStatus::run &&
                        job && may_reschedule(*job, alloc->task_group());
    const bool returned = alloc->client == ClientStatus::unknown;
    if ((!failed && !returned) || !seen.insert(key).second) continue;
    out.push_back(
        new_eval(job ? *job : *alloc->job, returned ? "reconnect" : "alloc-failure", random));
  }
  return out;
}

}  // namespace yurt::server
