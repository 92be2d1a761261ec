// The table of the HTTP API. docs/http-api.md is its reference for users.
#include "server/http/route.h"

namespace yurt::server {
namespace {

using std::string_view;
constexpr auto body = BodyUse::required;
constexpr auto maybe_body = BodyUse::optional;
constexpr auto nothing = ReplyForm::nothing;

// GET, the whole answer or one field of it.
constexpr Route show(string_view path, string_view operation, string_view answer = {}) {
  return {.methods = "GET",
          .path = path,
          .operation = operation,
          .reply = answer.empty() ? ReplyForm::message : ReplyForm::field,
          .answer = answer};
}

// PUT and POST are the same: Nomad's clients use either.
constexpr Route act(string_view path, string_view operation, BodyUse use = BodyUse::none,
                    ReplyForm reply = ReplyForm::message) {
  return {.methods = "PUT POST", .path = path, .operation = operation, .reply = reply, .body = use};
}

constexpr Route remove(string_view path, string_view operation, ReplyForm reply) {
  return {.methods = "DELETE", .path = path, .operation = operation, .reply = reply};
}

constexpr Route get(ReplyForm reply, string_view path, string_view operation) {
  return {.methods = "GET", .path = path, .operation = operation, .reply = reply};
}

constexpr Route only_put(Route route) { return route.methods = "PUT", route; }
constexpr Route answering(Route route, string_view field) {
  return route.reply = ReplyForm::field, route.answer = field, route;
}
constexpr Route needing(Route route, string_view parameters) {
  return route.required = parameters, route;
}
constexpr Route always(Route route, string_view preset) { return route.preset = preset, route; }
constexpr Route body_in(Route route, string_view field) { return route.body_field = field, route; }
// Nomad answers the caller's mistakes with 500 here, and its clients know that.
constexpr Route mistakes_500(Route route) { return route.mistakes_are_500 = true, route; }
constexpr Route open(Route route) { return route.cors = "HEAD GET", route; }

constexpr Route choosing(Route route, string_view choice) { return route.choice = choice, route; }
constexpr Route without_body(Route route) { return route.status = 204, route; }
constexpr Route open_to(Route route, string_view methods) { return route.cors = methods, route; }

constexpr Route fixed(string_view methods, string_view path, int status, string_view text = {}) {
  return {.methods = methods,
          .path = path,
          .operation = {},
          .reply = ReplyForm::fixed,
          .status = status,
          .text = text};
}
constexpr Route enterprise(string_view path, string_view methods = "*") {
  return fixed(methods, path, 501, "Nomad Enterprise only endpoint");
}

constexpr Route table[] = {
    // Jobs
    show("/v1/jobs", "ListJobs", "jobs"),
    mistakes_500(act("/v1/jobs", "RegisterJob", body)),
    answering(act("/v1/jobs/parse", "ParseJob", body), "job"),
    act("/v1/validate/job", "ValidateJob", body),
    show("/v1/job/:job_id", "ReadJob", "job"),
    mistakes_500(act("/v1/job/:job.id", "RegisterJob", body)),
    remove("/v1/job/:job_id", "DeregisterJob", ReplyForm::message),
    show("/v1/job/:job_id/allocations", "ListJobAllocations", "allocations"),
    show("/v1/job/:job_id/evaluations", "ListJobEvaluations", "evaluations"),
    show("/v1/job/:job_id/deployments", "ListJobDeployments", "deployments"),
    show("/v1/job/:job_id/deployment", "ReadJobLatestDeployment", "deployment"),
    show("/v1/job/:job_id/summary", "ReadJobSummary", "summary"),
    show("/v1/job/:job_id/versions", "ListJobVersions"),
    needing(show("/v1/job/:job_id/submission", "ReadJobSubmission", "submission"), "version"),
    mistakes_500(act("/v1/job/:job.id/plan", "PlanJob", body)),
    mistakes_500(act("/v1/job/:job_id/evaluate", "EvaluateJob", maybe_body)),
    mistakes_500(act("/v1/job/:job_id/revert", "RevertJob", body)),
    mistakes_500(act("/v1/job/:job_id/stable", "SetJobStability", body)),
    mistakes_500(act("/v1/job/:job_id/versions/:tag/tag", "TagJobVersion", maybe_body)),
    mistakes_500(
        remove("/v1/job/:job_id/versions/:tag/tag", "UntagJobVersion", ReplyForm::message)),
    show("/v1/job/:job_id/services", "ReadService", "services"),
    show("/v1/job/:job_id/scale", "ReadJobScaleStatus"),
    act("/v1/job/:job_id/scale", "ScaleJob", body),

    // Batch work
    mistakes_500(act("/v1/job/:job_id/dispatch", "DispatchJob", body)),
    mistakes_500(act("/v1/job/:job_id/periodic/force", "ForcePeriodicJob", maybe_body)),
    show("/v1/job/:job_id/why", "ExplainJob"),
    act("/v1/job/:job_id/sweep", "StartSweep", maybe_body),
    show("/v1/sweeps", "ListSweeps", "sweeps"),
    show("/v1/sweep/:sweep_id", "ReadSweep", "sweep"),
    show("/v1/sweep/:sweep_id/trials", "ListSweepTrials", "trials"),
    act("/v1/sweep/:sweep_id/status", "SetSweepStatus", body),
    show("/v1/runs", "ListRuns", "runs"),
    show("/v1/run/:job_id", "ReadRun", "run"),
    act("/v1/jobs/unit", "RegisterJobs", body),

    // Nodes and pools
    show("/v1/nodes", "ListNodes", "nodes"),
    show("/v1/node/:node_id", "ReadNode", "node"),
    show("/v1/node/:node_id/allocations", "ListNodeAllocations", "allocations"),
    act("/v1/node/:node_id/evaluate", "EvaluateNode"),
    act("/v1/node/:node_id/drain", "DrainNode", body),
    act("/v1/node/:node_id/eligibility", "SetNodeEligibility", body),
    act("/v1/node/:node_id/purge", "PurgeNode"),
    show("/v1/node/pools", "ListNodePools", "pools"),
    act("/v1/node/pools", "UpsertNodePool", body, nothing),
    show("/v1/node/pool/:name", "ReadNodePool", "pool"),
    act("/v1/node/pool/:name", "UpsertNodePool", body, nothing),
    remove("/v1/node/pool/:name", "DeleteNodePool", nothing),
    show("/v1/node/pool/:name/nodes", "ListNodePoolNodes", "nodes"),
    show("/v1/node/pool/:name/jobs", "ListNodePoolJobs", "jobs"),

    // Allocations
    show("/v1/allocations", "ListAllocations", "allocations"),
    show("/v1/allocation/:alloc_id", "ReadAllocation", "allocation"),
    act("/v1/allocation/:alloc_id/stop", "StopAllocation"),
    get(ReplyForm::document, "/v1/allocation/:alloc_id/checks", "ReadAllocationChecks"),
    show("/v1/allocation/:alloc_id/services", "ReadService", "services"),
    open(get(ReplyForm::document, "/v1/client/allocation/:alloc_id/stats", "ReadAllocationStats")),
    open(
        get(ReplyForm::document, "/v1/client/allocation/:alloc_id/checks", "ReadAllocationChecks")),
    open(act("/v1/client/allocation/:alloc_id/restart", "RestartAllocation", maybe_body, nothing)),
    open(act("/v1/client/allocation/:alloc_id/signal", "SignalAllocation", body, nothing)),
    open(get(ReplyForm::exec, "/v1/client/allocation/:start.alloc_id/exec", "ExecAllocation")),

    // Evaluations and deployments
    show("/v1/evaluations", "ListEvaluations", "evaluations"),
    show("/v1/evaluations/count", "CountEvaluations"),
    show("/v1/evaluation/:eval_id", "ReadEvaluation", "evaluation"),
    show("/v1/evaluation/:eval_id/allocations", "ListEvaluationAllocations", "allocations"),
    show("/v1/deployments", "ListDeployments", "deployments"),
    show("/v1/deployment/:deployment_id", "ReadDeployment", "deployment"),
    show("/v1/deployment/allocations/:deployment_id", "ListDeploymentAllocations", "allocations"),
    mistakes_500(act("/v1/deployment/promote/:deployment_id", "PromoteDeployment", body)),
    mistakes_500(act("/v1/deployment/fail/:deployment_id", "FailDeployment", maybe_body)),
    mistakes_500(act("/v1/deployment/pause/:deployment_id", "PauseDeployment", body)),
    mistakes_500(
        act("/v1/deployment/allocation-health/:deployment_id", "SetDeploymentHealth", body)),
    enterprise("/v1/deployment/unblock/:deployment_id", "PUT POST"),

    // Logs, files and statistics of nodes
    open(get(ReplyForm::frames, "/v1/client/fs/logs/:alloc_id", "StreamLogs")),
    open(show("/v1/client/fs/ls/:alloc_id", "ListFiles", "files")),
    open(needing(show("/v1/client/fs/stat/:alloc_id", "StatFile", "file"), "path")),
    open(always(needing(get(ReplyForm::raw, "/v1/client/fs/cat/:alloc_id", "StreamFile"), "path"),
                "follow=false&offset=0&origin=start")),
    open(always(needing(get(ReplyForm::raw, "/v1/client/fs/readat/:alloc_id", "StreamFile"),
                        "path offset limit"),
                "follow=false&origin=start")),
    open(needing(get(ReplyForm::frames, "/v1/client/fs/stream/:alloc_id", "StreamFile"), "path")),
    open(get(ReplyForm::document, "/v1/client/stats", "ReadNodeStats")),

    // Servers
    get(ReplyForm::document, "/v1/agent/self", "ReadAgentSelf"),
    show("/v1/agent/members", "ListMembers"),
    show("/v1/agent/servers", "ListPeers", "values"),
    get(ReplyForm::document, "/v1/agent/health", "ReadAgentHealth"),
    get(ReplyForm::document, "/v1/agent/host", "ReadAgentHost"),
    show("/v1/status/leader", "ReadLeader", "address"),
    show("/v1/status/peers", "ListPeers", "values"),
    show("/v1/regions", "ListRegions", "values"),
    only_put(act("/v1/system/gc", "CollectGarbage", BodyUse::none, nothing)),
    only_put(act("/v1/system/reconcile/summaries", "ReconcileSummaries", BodyUse::none, nothing)),
    get(ReplyForm::metrics, "/v1/metrics", "ReadMetrics"),

    // Services and events
    show("/v1/services", "ListServices", "services"),
    show("/v1/service/:service_name", "ReadService", "services"),
    remove("/v1/service/:id", "DeleteService", nothing),
    get(ReplyForm::events, "/v1/event/stream", "StreamEvents"),

    // Search and namespaces
    act("/v1/search", "Search", body),
    show("/v1/namespaces", "ListNamespaces", "namespaces"),
    act("/v1/namespace", "UpsertNamespace", body, nothing),
    show("/v1/namespace/:name", "ReadNamespace", "namespace"),
    act("/v1/namespace/:name", "UpsertNamespace", body, nothing),
    remove("/v1/namespace/:name", "DeleteNamespace", nothing),

    // Variables
    open(show("/v1/vars", "ListVariables", "variables")),
    open_to(show("/v1/var/:path", "ReadVariable", "variable"), "HEAD GET PUT DELETE"),
    choosing(
        answering(body_in(act("/v1/var/:variable.path", "WriteVariable", maybe_body), "variable"),
                  "variable"),
        "operation lock-acquire lock-renew lock-release"),
    without_body(answering(
        always(remove("/v1/var/:variable.path", "WriteVariable", nothing), "operation=delete"),
        "variable")),

    // Operators
    show("/v1/operator/keyring/keys", "ListRootKeys", "keys"),
    act("/v1/operator/keyring/rotate", "RotateRootKey"),
    remove("/v1/operator/keyring/key/:key_id", "RemoveRootKey", nothing),
    show("/v1/operator/scheduler/configuration", "ReadSchedulerConfiguration"),
    body_in(act("/v1/operator/scheduler/configuration", "SetSchedulerConfiguration", body),
            "configuration"),
    get(ReplyForm::snapshot, "/v1/operator/snapshot", "SaveSnapshot"),
    show("/v1/operator/raft/configuration", "ReadRaftConfiguration"),
    remove("/v1/operator/raft/peer", "RemoveRaftPeer", nothing),
    act("/v1/operator/raft/transfer-leadership", "TransferLeadership", BodyUse::none, nothing),

    // What Nomad sells apart
    fixed("GET", "/v1/operator/license", 204),
    enterprise("/v1/operator/license", "PUT"),
    enterprise("/v1/operator/utilization", "PUT POST"),
    enterprise("/v1/sentinel/policies"),
    enterprise("/v1/sentinel/policy/:name"),
    enterprise("/v1/quotas"),
    enterprise("/v1/quota-usages"),
    enterprise("/v1/quota/:name"),
    enterprise("/v1/quota"),
    enterprise("/v1/recommendation"),
    enterprise("/v1/recommendations"),
    enterprise("/v1/recommendations/apply"),
    enterprise("/v1/recommendation/:id"),
};

}  // namespace

std::span<const Route> routes() { return table; }

}  // namespace yurt::server
