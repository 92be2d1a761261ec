// Views: the API's forms of state objects, and the lists of them that several operations give.
//
// Pure functions of a snapshot.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/api/operation.h"
#include "server/state/snapshot.h"

namespace yurt::server {

[[nodiscard]] model::JobSummary summary_of(const JobRecord& record);
[[nodiscard]] model::JobListStub stub_of(const JobRecord& record, bool with_meta);
[[nodiscard]] model::EvaluationStub stub_of(const model::Evaluation& eval);
// As the API shows a node: without its secret, with the Drain flag.
[[nodiscard]] model::Node shown(const model::Node& node);

// Allocations as stubs: filtered, in pages, by creation.
[[nodiscard]] Status list_allocations(Reading& reading, std::vector<AllocRef> allocs,
                                      bool with_resources, bool with_task_states,
                                      model::AllocationListResponse& response);
[[nodiscard]] Status list_evaluations(Reading& reading, std::vector<EvalRef> evals,
                                      model::EvaluationListResponse& response);
[[nodiscard]] Status list_deployments(Reading& reading, std::vector<DeploymentRef> deployments,
                                      model::DeploymentListResponse& response);
// `records` point into the reading's snapshot.
[[nodiscard]] Status list_jobs(Reading& reading, std::vector<const JobRecord*> records,
                               bool with_meta, model::JobListResponse& response);
[[nodiscard]] Status list_nodes(Reading& reading, std::vector<const model::Node*> nodes,
                                bool with_resources, bool with_os,
                                model::NodeListResponse& response);

// True when `ns` is what the reading asks for.
[[nodiscard]] bool in_namespace(const Reading& reading, const std::string& ns);

[[nodiscard]] inline Error not_found(const std::string& what) {
  return {ErrorCode::not_found, what + " not found"};
}

}  // namespace yurt::server
