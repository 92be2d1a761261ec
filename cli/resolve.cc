// Prefixes of IDs to the things they name.
#include "cli/show.h"

namespace yurt::cli {
namespace {

constexpr std::size_t uuid_length = 36;

Result<std::string> only_one(const std::string& what, const std::string& prefix,
                             const std::vector<std::string>& found) {
  if (found.empty()) {
    return Error{ErrorCode::not_found,
                 "No " + what + "(s) with prefix or id \"" + prefix + "\" found"};
  }
  if (found.size() == 1) return found.front();
  std::string message =
      "\"" + prefix + "\" names " + std::to_string(found.size()) + " " + what + "s:";
  for (const auto& id : found) message += "\n  " + id;
  return Error{ErrorCode::invalid_argument, message};
}

template <typename Request, typename Reply, typename List>
Result<std::string> resolve(Session& session, const char* operation, const std::string& what,
                            const std::string& prefix, List list) {
  if (prefix.size() == uuid_length) return prefix;
  if (prefix.size() < 2) {
    return Error{ErrorCode::invalid_argument,
                 "an ID's prefix needs at least two characters, not \"" + prefix + "\""};
  }
  Request request;
  *request.mutable_query() = query(session);
  // UUIDs are compared in whole bytes.
  std::string digits = prefix;
  std::erase(digits, '-');
  request.mutable_query()->set_prefix(
      prefix.substr(0, digits.size() % 2 == 1 ? prefix.size() - 1 : prefix.size()));
  YURT_ASSIGN(const Reply reply, session.client().get<Reply>(operation, request));
  std::vector<std::string> found;
  for (const auto& item : list(reply)) {
    if (item.id().starts_with(prefix)) found.push_back(item.id());
  }
  return only_one(what, prefix, found);
}

}  // namespace

Result<std::string> resolve_job(Session& session, const std::string& prefix) {
  model::JobListRequest request;
  *request.mutable_query() = query(session);
  request.mutable_query()->set_prefix(prefix);
  YURT_ASSIGN(const auto reply, session.client().get<model::JobListResponse>("ListJobs", request));
  std::vector<std::string> found;
  for (const auto& job : reply.jobs()) {
    if (job.id() == prefix) return prefix;
    found.push_back(job.id());
  }
  return only_one("job", prefix, found);
}

Result<std::string> resolve_alloc(Session& session, const std::string& prefix) {
  return resolve<model::AllocationListRequest, model::AllocationListResponse>(
      session, "ListAllocations", "allocation", prefix,
      [](const auto& reply) -> const auto& { return reply.allocations(); });
}
Result<std::string> resolve_node(Session& session, const std::string& prefix) {
  return resolve<model::NodeListRequest, model::NodeListResponse>(
      session, "ListNodes", "node", prefix,
      [](const auto& reply) -> const auto& { return reply.nodes(); });
}
Result<std::string> resolve_eval(Session& session, const std::string& prefix) {
  return resolve<model::EvaluationListRequest, model::EvaluationListResponse>(
      session, "ListEvaluations", "evaluation", prefix,
      [](const auto& reply) -> const auto& { return reply.evaluations(); });
}
Result<std::string> resolve_deployment(Session& session, const std::string& prefix) {
  return resolve<model::DeploymentListRequest, model::DeploymentListResponse>(
      session, "ListDeployments", "deployment", prefix,
      [](const auto& reply) -> const auto& { return reply.deployments(); });
}

}  // namespace yurt::cli
