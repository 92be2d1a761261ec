#include "server/http/route.h"
#include "server/http/url.h"
#include "tests/unit/server_api/api_fixture.h"

namespace yurt::server {
namespace {

std::string operation_of(const std::string& method, const std::string& path) {
  const auto match = find_route(method, path);
  if (!match) return "unknown path";
  return match->route == nullptr ? "wrong method" : std::string(match->route->operation);
}

std::string capture_of(const std::string& method, const std::string& path) {
  return find_route(method, path)->capture;
}

// The routes graded P0 whose subject exists.
TEST(Routes, all_that_clients_can_not_do_without_are_there) {
  const std::vector<std::tuple<std::string, std::string, std::string>> expected = {
      {"GET", "/v1/jobs", "ListJobs"},
      {"PUT", "/v1/jobs", "RegisterJob"},
      {"POST", "/v1/jobs", "RegisterJob"},
      {"POST", "/v1/jobs/parse", "ParseJob"},
      {"GET", "/v1/job/a", "ReadJob"},
      {"PUT", "/v1/job/a", "RegisterJob"},
      {"DELETE", "/v1/job/a", "DeregisterJob"},
      {"PUT", "/v1/job/a/evaluate", "EvaluateJob"},
      {"GET", "/v1/job/a/allocations", "ListJobAllocations"},
      {"GET", "/v1/job/a/evaluations", "ListJobEvaluations"},
      {"GET", "/v1/job/a/deployments", "ListJobDeployments"},
      {"GET", "/v1/job/a/deployment", "ReadJobLatestDeployment"},
      {"GET", "/v1/job/a/summary", "ReadJobSummary"},
      {"GET", "/v1/job/a/versions", "ListJobVersions"},
      {"PUT", "/v1/job/a/plan", "PlanJob"},
      {"PUT", "/v1/job/a/revert", "RevertJob"},
      {"PUT", "/v1/job/a/stable", "SetJobStability"},
      {"POST", "/v1/validate/job", "ValidateJob"},
      {"GET", "/v1/nodes", "ListNodes"},
      {"GET", "/v1/node/n", "ReadNode"},
      {"GET", "/v1/node/n/allocations", "ListNodeAllocations"},
      {"GET", "/v1/allocations", "ListAllocations"},
      {"GET", "/v1/allocation/x", "ReadAllocation"},
      {"GET", "/v1/client/allocation/x/stats", "ReadAllocationStats"},
      {"GET", "/v1/evaluations", "ListEvaluations"},
      {"GET", "/v1/evaluation/x", "ReadEvaluation"},
      {"GET", "/v1/evaluation/x/allocations", "ListEvaluationAllocations"},
      {"GET", "/v1/deployments", "ListDeployments"},
      {"GET", "/v1/deployment/x", "ReadDeployment"},
      {"GET", "/v1/deployment/allocations/x", "ListDeploymentAllocations"},
      {"PUT", "/v1/deployment/promote/x", "PromoteDeployment"},
      {"POST", "/v1/deployment/fail/x", "FailDeployment"},
      {"PUT", "/v1/deployment/pause/x", "PauseDeployment"},
      {"PUT", "/v1/deployment/allocation-health/x", "SetDeploymentHealth"},
      {"POST", "/v1/job/a/versions/gold/tag", "TagJobVersion"},
      {"DELETE", "/v1/job/a/versions/gold/tag", "UntagJobVersion"},
      {"GET", "/v1/client/fs/logs/x", "StreamLogs"},
      {"GET", "/v1/client/stats", "ReadNodeStats"},
      {"GET", "/v1/agent/self", "ReadAgentSelf"},
      {"GET", "/v1/agent/members", "ListMembers"},
      {"GET", "/v1/agent/servers", "ListPeers"},
      {"GET", "/v1/status/leader", "ReadLeader"},
      {"GET", "/v1/status/peers", "ListPeers"},
      {"GET", "/v1/regions", "ListRegions"},
      {"PUT", "/v1/system/gc", "CollectGarbage"},
      {"GET", "/v1/client/fs/ls/x", "ListFiles"},
      {"GET", "/v1/client/fs/stat/x", "StatFile"},
      {"GET", "/v1/client/fs/cat/x", "StreamFile"},
      {"GET", "/v1/client/fs/readat/x", "StreamFile"},
      {"GET", "/v1/client/fs/stream/x", "StreamFile"},
      {"GET", "/v1/client/allocation/x/exec", "ExecAllocation"},
      {"PUT", "/v1/client/allocation/x/restart", "RestartAllocation"},
      {"PUT", "/v1/client/allocation/x/signal", "SignalAllocation"},
      {"PUT", "/v1/allocation/x/stop", "StopAllocation"},
      {"PUT", "/v1/node/n/drain", "DrainNode"},
      {"PUT", "/v1/node/n/eligibility", "SetNodeEligibility"},
      {"GET", "/v1/node/pools", "ListNodePools"},
      {"GET", "/v1/node/pool/p", "ReadNodePool"},
      {"GET", "/v1/node/pool/p/nodes", "ListNodePoolNodes"},
      {"GET", "/v1/namespaces", "ListNamespaces"},
      {"PUT", "/v1/namespace", "UpsertNamespace"},
      {"DELETE", "/v1/namespace/n", "DeleteNamespace"},
      {"POST", "/v1/search", "Search"},
      {"GET", "/v1/metrics", "ReadMetrics"},
      {"GET", "/v1/operator/raft/configuration", "ReadRaftConfiguration"},
      {"GET", "/v1/operator/scheduler/configuration", "ReadSchedulerConfiguration"},
  };
  for (const auto& [method, path, operation] : expected) {
    EXPECT_EQ(operation_of(method, path), operation) << method << " " << path;
  }
}

TEST(Routes, every_row_names_an_operation_that_exists_and_its_fields) {
  const OperationTable table = OperationTable::all();
  for (const Route& route : routes()) {
    if (route.reply == ReplyForm::fixed) continue;
    const Operation* operation = table.find(route.operation);
    ASSERT_NE(operation, nullptr) << route.path;
    if (route.reply == ReplyForm::field) {
      EXPECT_NE(operation->response->GetDescriptor()->FindFieldByName(std::string(route.answer)),
                nullptr)
          << route.path;
    }
    const std::string capture(capture_name(route));
    const std::string first = capture.substr(0, capture.find('.'));
    if (!first.empty()) {
      EXPECT_NE(operation->request->GetDescriptor()->FindFieldByName(first), nullptr) << route.path;
    }
  }
}

TEST(Routes, job_ids_may_hold_slashes_and_the_longest_ending_decides) {
  EXPECT_EQ(capture_of("GET", "/v1/job/nightly/periodic-17/allocations"), "nightly/periodic-17");
  EXPECT_EQ(operation_of("GET", "/v1/job/nightly/periodic-17"), "ReadJob");
  EXPECT_EQ(capture_of("GET", "/v1/job/nightly/periodic-17"), "nightly/periodic-17");
  const auto tagged = find_route("PUT", "/v1/job/a/versions/b/versions/gold/tag");
  EXPECT_EQ(tagged->capture, "a/versions/b");
  EXPECT_EQ(tagged->second_capture, "gold");
}

TEST(Routes, only_put_collects_garbage) {
  EXPECT_EQ(operation_of("POST", "/v1/system/gc"), "wrong method");
}

TEST(Routes, unknown_paths_are_unknown) {
  EXPECT_EQ(operation_of("GET", "/v1/nothing"), "unknown path");
  EXPECT_EQ(operation_of("GET", "/v1/job/"), "unknown path");
  EXPECT_EQ(operation_of("GET", "/v1/jobs/"), "unknown path");
}

TEST(Url, decodes_path_and_parameters) {
  const auto url = parse_url("/v1/job/a%2Fb+c?filter=x%20%3D%3D+y&stale&n=1&n=2");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->path, "/v1/job/a/b+c");
  EXPECT_EQ(url->parameter("filter"), "x == y");
  EXPECT_EQ(url->parameter("stale"), "");
  EXPECT_EQ(url->parameter("n"), "1");
  EXPECT_FALSE(url->parameter("none"));
  EXPECT_FALSE(parse_url("/v1/%zz").ok());
  EXPECT_FALSE(parse_url("/v1/%2").ok());
}

}  // namespace
}  // namespace yurt::server
