// Nodes: lists, one, and its allocations.
#include "server/api/listing.h"
#include "server/api/operations.h"
#include "server/api/views.h"

namespace yurt::server {
namespace {

Status list_nodes(Reading& reading, const model::NodeListRequest& request,
                  model::NodeListResponse& response) {
  std::vector<const model::Node*> rows;
  reading.snapshot.tables().nodes.each([&](const NodeId& id, const NodeRef& node) {
    if (has_id_prefix(id.uuid, reading.query.prefix())) rows.push_back(node.get());
    return true;
  });
  return list_nodes(reading, std::move(rows), request.resources(), request.os(), response);
}

Status read_node(Reading& reading, const model::NodeReadRequest& request,
                 model::NodeReadResponse& response) {
  const auto node = reading.snapshot.node(NodeId::parse_or_nil(request.node_id()));
  if (!node) return not_found("node");
  reading.index = node->modify_index();
  *response.mutable_node() = shown(*node);
  return {};
}

Status list_allocations_of_node(Reading& reading, const model::NodeReadRequest& request,
                                model::NodeAllocationsResponse& response) {
  const NodeId id = NodeId::parse_or_nil(request.node_id());
  const std::string name = reading.snapshot.node_name(id);
  for (const auto& alloc : reading.snapshot.allocs_of_node(id)) {
    *response.add_allocations() = to_message(*alloc, name, true);
  }
  return {};
}

}  // namespace

void add_node_reads(OperationTable& table) {
  table.read("ListNodes", {Table::nodes}, &list_nodes);
  table.read("ReadNode", {Table::nodes}, &read_node);
  table.read("ListNodeAllocations", {Table::allocs}, &list_allocations_of_node);
}

}  // namespace yurt::server
