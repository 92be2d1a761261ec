// What agents say that their allocations offer, and services that somebody takes out by hand.
#include <set>

#include "proto/command.pb.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "server/state/apply.h"

namespace yurt::server {

namespace {

// "_nomad-task-<allocation>-…"
AllocId alloc_of_service(const std::string& id) {
  constexpr std::size_t prefix = 12, uuid = 36;
  return id.size() < prefix + uuid ? AllocId() : AllocId::parse_or_nil(id.substr(prefix, uuid));
}

}  // namespace

void set_services(Transaction& transaction, const Allocation& alloc,
                  const model::AllocServices& offered) {
  if (alloc.client_terminal() || alloc.client == ClientStatus::unknown) return;
  const NodeRef node = transaction.node(alloc.node);
  std::set<std::string> ids;
  for (const auto& one : offered.services()) {
    if (alloc_of_service(one.id()) != alloc.id || one.service_name().empty()) continue;
    model::ServiceRegistration service = one;
    service.set_namespace_(alloc.job->namespace_());
    service.set_node_id(alloc.node.to_string());
    service.set_datacenter(node ? node->datacenter() : "");
    service.set_job_id(alloc.job->id());
    service.set_job_version(alloc.job->version());
    service.set_alloc_id(alloc.id.to_string());
    ids.insert(one.id());
    transaction.put_service(std::move(service));
  }
  std::vector<ServiceKey> withdrawn;
  transaction.tables().services_by_alloc.scan(
      AllocServiceKey{alloc.id, ""}, [&](const AllocServiceKey& at, const ServiceRef& service) {
        if (at.alloc != alloc.id) return false;
        if (!ids.contains(at.id)) {
          withdrawn.push_back({service->namespace_(), service->service_name(), at.id});
        }
        return true;
      });
  for (const ServiceKey& key : withdrawn) transaction.remove_service(key);
}

void remove_services_of_node(Transaction& transaction, const NodeId& node) {
  std::vector<AllocId> allocs;
  transaction.tables().allocs_by_node.scan(NodeAllocKey{node, {}},
                                           [&](const NodeAllocKey& at, const AllocRef&) {
                                             if (at.node != node) return false;
                                             allocs.push_back(at.alloc);
                                             return true;
                                           });
  for (const AllocId& alloc : allocs) transaction.remove_services(alloc);
}

Result<Applied> apply(Transaction& transaction, const model::DeleteServices& command) {
  std::vector<ServiceKey> keys;
  for (const std::string& id : command.ids()) {
    const AllocServiceKey at{alloc_of_service(id), id};
    const ServiceRef* found = transaction.tables().services_by_alloc.find(at);
    if (found == nullptr || (*found)->namespace_() != command.namespace_()) {
      return Error{ErrorCode::not_found, "service registration \"" + id + "\" not found"};
    }
    keys.push_back({command.namespace_(), (*found)->service_name(), id});
  }
  for (const ServiceKey& key : keys) transaction.remove_service(key);
  return Applied{.index = transaction.index()};
}

}  // namespace yurt::server
