// The services that allocations offer, by name and by allocation.
#include <google/protobuf/util/message_differencer.h>

#include "base/assert.h"
#include "proto/release.pb.h"
#include "server/state/transaction.h"

namespace yurt::server {
namespace {

ServiceKey key_of(const model::ServiceRegistration& service) {
  return {service.namespace_(), service.service_name(), service.id()};
}

}  // namespace

void Transaction::put_service(model::ServiceRegistration service) {
  const AllocId alloc = AllocId::parse_or_nil(service.alloc_id());
  YURT_ASSERT(!alloc.is_nil() && !service.id().empty());
  const ServiceRef* found = tables_.services.find(key_of(service));
  const ServiceRef before = found == nullptr ? nullptr : *found;
  service.set_create_index(before ? before->create_index() : index_);
  service.set_modify_index(before ? before->modify_index() : index_);
  if (before && google::protobuf::util::MessageDifferencer::Equals(*before, service)) return;
  service.set_modify_index(index_);
  const auto after = std::make_shared<const model::ServiceRegistration>(std::move(service));
  tables_.services.set(key_of(*after), after);
  tables_.services_by_alloc.set({alloc, after->id()}, after);
  changes_.services.push_back({before, after});
  touch(Table::services);
}

void Transaction::remove_service(const ServiceKey& key) {
  const ServiceRef* found = tables_.services.find(key);
  if (found == nullptr) return;
  const ServiceRef before = *found;
  tables_.services.erase(key);
  tables_.services_by_alloc.erase({AllocId::parse_or_nil(before->alloc_id()), before->id()});
  changes_.services.push_back({before, nullptr});
  touch(Table::services);
}

void Transaction::remove_services(const AllocId& alloc) {
  std::vector<ServiceKey> keys;
  tables_.services_by_alloc.scan(AllocServiceKey{alloc, ""},
                                 [&](const AllocServiceKey& at, const ServiceRef& service) {
                                   if (at.alloc != alloc) return false;
                                   keys.push_back(key_of(*service));
                                   return true;
                                 });
  for (const ServiceKey& key : keys) remove_service(key);
}

}  // namespace yurt::server
