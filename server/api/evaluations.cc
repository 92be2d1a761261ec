// Evaluations: lists, counts, one with its relatives, and its allocations.
#include <set>

#include "server/api/listing.h"
#include "server/api/operations.h"
#include "server/api/views.h"

namespace yurt::server {
namespace {

Result<std::vector<EvalRef>> select(Reading& reading, const model::EvaluationListRequest& request) {
  const auto& query = reading.query;
  if (!query.filter().empty() && (!request.status().empty() || !request.job().empty())) {
    return Error{ErrorCode::invalid_argument,
                 "incompatible filtering: filter can't be combined with status or job"};
  }
  const auto wanted = [&](const EvalRef& eval, const Uuid& id) {
    return in_namespace(reading, eval->namespace_()) &&
           (request.status().empty() || eval->status() == request.status()) &&
           (request.job().empty() || eval->job_id() == request.job()) &&
           has_id_prefix(id, query.prefix());
  };
  std::vector<EvalRef> out;
  if (!request.job().empty() && !reading.any_namespace()) {
    for (auto& eval : reading.snapshot.evals_of_job(reading.job_key(request.job()))) {
      if (wanted(eval, EvalId::parse_or_nil(eval->id()).uuid)) out.push_back(std::move(eval));
    }
    return out;
  }
  reading.snapshot.tables().evals.each([&](const EvalId& id, const EvalRef& eval) {
    if (wanted(eval, id.uuid)) out.push_back(eval);
    return true;
  });
  return out;
}

Status list_evaluations(Reading& reading, const model::EvaluationListRequest& request,
                        model::EvaluationListResponse& response) {
  YURT_ASSIGN(auto evals, select(reading, request));
  return list_evaluations(reading, std::move(evals), response);
}

Status count(Reading& reading, const model::EvaluationListRequest& request,
             model::EvaluationCountResponse& response) {
  YURT_ASSIGN(const auto filter, parse_filter(reading.query, *model::Evaluation::descriptor()));
  YURT_ASSIGN(const auto evals, select(reading, request));
  for (const auto& eval : evals) {
    if (!filter || filter->matches({*eval})) response.set_count(response.count() + 1);
  }
  return {};
}

// Everything that can be reached over next, previous and blocked evaluations.
void add_related(const Snapshot& snapshot, model::Evaluation& eval) {
  std::set<std::string> seen = {eval.id(), ""};
  std::vector<std::string> open = {eval.next_eval(), eval.previous_eval(), eval.blocked_eval()};
  while (!open.empty()) {
    const std::string id = std::move(open.back());
    open.pop_back();
    if (!seen.insert(id).second) continue;
    const auto found = snapshot.eval(EvalId::parse_or_nil(id));
    if (!found) continue;
    *eval.add_related_evals() = stub_of(*found);
    open.insert(open.end(), {found->next_eval(), found->previous_eval(), found->blocked_eval()});
  }
}

Status read_evaluation(Reading& reading, const model::EvaluationReadRequest& request,
                       model::EvaluationReadResponse& response) {
  const auto eval = reading.snapshot.eval(EvalId::parse_or_nil(request.eval_id()));
  if (!eval) return not_found("eval");
  reading.index = eval->modify_index();
  *response.mutable_evaluation() = *eval;
  if (request.related()) add_related(reading.snapshot, *response.mutable_evaluation());
  return {};
}

Status list_allocations_of_eval(Reading& reading, const model::EvaluationReadRequest& request,
                                model::AllocationListResponse& response) {
  const EvalId id = EvalId::parse_or_nil(request.eval_id());
  const auto eval = reading.snapshot.eval(id);
  std::vector<AllocRef> allocs;
  if (eval) {
    allocs = reading.snapshot.allocs_of_job({eval->namespace_(), eval->job_id()});
    std::erase_if(allocs, [&](const AllocRef& alloc) { return alloc->eval != id; });
  }
  return list_allocations(reading, std::move(allocs), false, true, response);
}

}  // namespace

void add_evaluation_operations(OperationTable& table) {
  table.read("ListEvaluations", {Table::evals}, &list_evaluations);
  table.read("CountEvaluations", {Table::evals}, &count);
  table.read("ReadEvaluation", {Table::evals}, &read_evaluation);
  table.read("ListEvaluationAllocations", {Table::allocs}, &list_allocations_of_eval);
}

}  // namespace yurt::server
