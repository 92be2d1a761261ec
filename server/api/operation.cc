#include "server/api/operation.h"

#include <algorithm>

#include "server/api/operations.h"

namespace yurt::server {

OperationTable OperationTable::all() {
  OperationTable table;
  add_job_reads(table);
  add_job_writes(table);
  add_job_planning(table);
  add_job_history(table);
  add_job_scaling(table);
  add_dispatch_operations(table);
  add_batch_reads(table);
  add_evaluation_operations(table);
  add_allocation_operations(table);
  add_deployment_operations(table);
  add_deployment_writes(table);
  add_node_reads(table);
  add_node_writes(table);
  add_node_pool_operations(table);
  add_namespace_operations(table);
  add_variable_operations(table);
  add_root_key_operations(table);
  add_agent_operations(table);
  add_cluster_operations(table);
  add_operator_operations(table);
  add_search_operations(table);
  add_snapshot_operations(table);
  add_service_operations(table);
  add_event_operations(table);
  std::sort(table.operations_.begin(), table.operations_.end(),
            [](const Operation& a, const Operation& b) { return a.name < b.name; });
  return table;
}

const google::protobuf::MethodDescriptor* OperationTable::method_of(std::string_view name) {
  return model::QueryOptions::descriptor()->file()->FindServiceByName("Yurt")->FindMethodByName(
      std::string(name));
}

bool OperationTable::caller_streams(std::string_view name) {
  const auto* method = method_of(name);
  return method != nullptr && method->client_streaming();
}

const Operation* OperationTable::find(std::string_view name) const {
  const auto found = std::lower_bound(
      operations_.begin(), operations_.end(), name,
      [](const Operation& op, std::string_view wanted) { return op.name < wanted; });
  return found != operations_.end() && found->name == name ? &*found : nullptr;
}

}  // namespace yurt::server
