// Nodes as the API shows them.
#include "server/api/listing.h"
#include "server/api/views.h"

namespace yurt::server {
namespace {

std::string attribute(const model::Node& node, const std::string& name) {
  const auto found = node.attributes().find(name);
  return found == node.attributes().end() ? "" : found->second;
}

model::NodeListStub stub_of(const model::Node& node, bool with_resources, bool with_os) {
  model::NodeListStub out;
  out.set_id(node.id());
  out.set_address(node.http_addr().substr(0, node.http_addr().rfind(':')));
  out.set_datacenter(node.datacenter());
  out.set_name(node.name());
  out.set_node_class(node.node_class());
  out.set_node_pool(node.node_pool());
  out.set_version(attribute(node, "nomad.version"));
  out.set_drain(node.has_drain_strategy());
  out.set_scheduling_eligibility(node.scheduling_eligibility());
  out.set_status(node.status());
  out.set_status_description(node.status_description());
  *out.mutable_drivers() = node.drivers();
  if (node.has_last_drain()) *out.mutable_last_drain() = node.last_drain();
  if (with_os) (*out.mutable_attributes())["os.name"] = attribute(node, "os.name");
  if (with_resources) {
    *out.mutable_node_resources() = node.node_resources();
    *out.mutable_reserved_resources() = node.reserved_resources();
  }
  out.set_create_index(node.create_index());
  out.set_modify_index(node.modify_index());
  return out;
}

}  // namespace

model::Node shown(const model::Node& node) {
  model::Node out = node;
  out.clear_secret_id();
  out.set_drain(node.has_drain_strategy());
  return out;
}

Status list_nodes(Reading& reading, std::vector<const model::Node*> nodes, bool with_resources,
                  bool with_os, model::NodeListResponse& response) {
  YURT_ASSIGN(const auto filter, parse_filter(reading.query, *model::Node::descriptor()));
  list_by_name(
      reading, std::move(nodes),
      [](const model::Node* node) -> const std::string& { return node->id(); },
      [&](const model::Node* node) { return !filter || filter->matches({shown(*node)}); },
      [&](const model::Node* node) {
        *response.add_nodes() = stub_of(*node, with_resources, with_os);
      });
  return {};
}

}  // namespace yurt::server
