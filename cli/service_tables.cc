#include "cli/service_tables.h"

#include <nlohmann/json.hpp>

#include "cli/show.h"
#include "proto/release.pb.h"

namespace yurt::cli {

std::string service_table(
    Session& session,
    const google::protobuf::RepeatedPtrField<model::ServiceRegistration>& services, bool verbose) {
  std::vector<Row> rows{{"Service", "Address", "Health", "Tags", "Version", "Alloc ID", "Node ID"}};
  for (const auto& service : services) {
    std::string tags;
    for (const auto& tag : service.tags()) tags += (tags.empty() ? "" : ",") + tag;
    rows.push_back({service.service_name(),
                    service.address() + ":" + std::to_string(service.port()),
                    status_text(session.terminal, service.health()), tags,
                    std::to_string(service.job_version()) + (service.canary() ? " (canary)" : ""),
                    short_id(service.alloc_id(), verbose), short_id(service.node_id(), verbose)});
  }
  return table(session.terminal, rows);
}

Result<std::string> check_results(Session& session, const std::string& alloc_id) {
  model::AllocationStatsRequest request;
  request.set_alloc_id(alloc_id);
  YURT_ASSIGN(auto reply,
              session.client().get<model::JsonDocument>("ReadAllocationChecks", request));
  return std::move(*reply.mutable_json());
}

Result<std::string> check_table(Session& session, const std::string& alloc_id) {
  YURT_ASSIGN(const std::string text, check_results(session, alloc_id));
  const auto results = nlohmann::json::parse(text, nullptr, false);
  if (!results.is_object() || results.empty()) return std::string();
  std::vector<Row> rows{{"Service", "Task", "Check", "Mode", "Status", "Time", "Output"}};
  for (const auto& [id, check] : results.items()) {
    std::string output = check.value("Output", "");
    for (char& c : output) c = c == '\n' || c == '\t' ? ' ' : c;
    constexpr std::size_t shown_output = 80;
    if (output.size() > shown_output) output = output.substr(0, shown_output) + "…";
    const std::int64_t seconds = check.value("Timestamp", std::int64_t{0});
    rows.push_back({check.value("Service", ""), check.value("Task", ""), check.value("Check", ""),
                    check.value("Mode", ""),
                    status_text(session.terminal, check.value("Status", "")),
                    timestamp(seconds * nanoseconds_per_second), output});
  }
  return table(session.terminal, rows);
}

}  // namespace yurt::cli
