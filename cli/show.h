// How commands show things that several of them show.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command.h"
#include "proto/api.pb.h"

namespace yurt::cli {

// The first eight characters, or everything with -verbose.
[[nodiscard]] std::string short_id(const std::string& id, bool verbose = false);
// "5s ago", "2m3s ago", "3d4h ago"; "" for 0.
[[nodiscard]] std::string time_ago(Session& session, std::int64_t unix_ns);
// "2026-11-22T15:46:00Z"; "N/A" for 0.
[[nodiscard]] std::string timestamp(std::int64_t unix_ns);
// A status in its colour.
[[nodiscard]] std::string status_text(const Terminal& terminal, const std::string& status);

[[nodiscard]] std::string allocation_table(
    Session& session, const google::protobuf::RepeatedPtrField<model::AllocationStub>& allocs,
    bool verbose);

[[nodiscard]] std::string deployment_table(
    Session& session, const google::protobuf::RepeatedPtrField<model::Deployment>& deployments,
    bool verbose);
// The progress of a deployment's groups.
[[nodiscard]] std::string deployed_text(Session& session, const model::Deployment& deployment);
// Its state, too.
[[nodiscard]] std::string deployment_text(Session& session, const model::Deployment& deployment,
                                          bool verbose);

// "Why is it pending": for each unplaced group, what filtered and what exhausted the nodes.
[[nodiscard]] std::string placement_failures(
    const Terminal& terminal, const google::protobuf::Map<std::string, model::AllocMetric>& failed);
[[nodiscard]] std::string metric_text(const model::AllocMetric& metric, const std::string& indent);

// Options filled from the session.
[[nodiscard]] model::QueryOptions query(const Session& session);
[[nodiscard]] model::WriteOptions write(const Session& session);

// Resolves a prefix of an ID to the one thing it names; the error lists the candidates when there
// are several. Jobs: an exact ID wins.
[[nodiscard]] Result<std::string> resolve_job(Session& session, const std::string& prefix);
[[nodiscard]] Result<std::string> resolve_alloc(Session& session, const std::string& prefix);
[[nodiscard]] Result<std::string> resolve_node(Session& session, const std::string& prefix);
[[nodiscard]] Result<std::string> resolve_eval(Session& session, const std::string& prefix);
[[nodiscard]] Result<std::string> resolve_deployment(Session& session, const std::string& prefix);

}  // namespace yurt::cli
