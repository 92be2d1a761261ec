// One function per family of operations; each adds its own to the table.
#pragma once

#include "server/api/operation.h"

namespace yurt::server {

void add_job_reads(OperationTable& table);
void add_job_writes(OperationTable& table);
void add_job_planning(OperationTable& table);
void add_job_history(OperationTable& table);
void add_job_scaling(OperationTable& table);
void add_dispatch_operations(OperationTable& table);
void add_batch_reads(OperationTable& table);
void add_evaluation_operations(OperationTable& table);
void add_allocation_operations(OperationTable& table);
void add_deployment_operations(OperationTable& table);
void add_deployment_writes(OperationTable& table);
void add_node_reads(OperationTable& table);
void add_node_writes(OperationTable& table);
void add_node_pool_operations(OperationTable& table);
void add_namespace_operations(OperationTable& table);
void add_variable_operations(OperationTable& table);
void add_root_key_operations(OperationTable& table);
void add_agent_operations(OperationTable& table);
void add_cluster_operations(OperationTable& table);
void add_operator_operations(OperationTable& table);
void add_search_operations(OperationTable& table);
void add_snapshot_operations(OperationTable& table);
void add_snapshot_restore(OperationTable& table);
void add_service_operations(OperationTable& table);
void add_event_operations(OperationTable& table);

}  // namespace yurt::server
