// Services: what allocations offer, by name, job and allocation.
#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "proto/release.pb.h"
#include "server/api/listing.h"
#include "server/api/operations.h"
#include "server/api/proposals.h"
#include "server/api/views.h"

namespace yurt::server {
namespace {

Status list_services(Reading& reading, const model::ListRequest&,
                     model::ServiceListResponse& response) {
  YURT_ASSIGN(const auto filter,
              parse_filter(reading.query, *model::ServiceRegistration::descriptor()));
  std::map<std::string, std::map<std::string, std::set<std::string>>> tags;
  const std::string first = reading.any_namespace() ? "" : reading.query.namespace_();
  reading.snapshot.tables().services.scan(
      ServiceKey{first, "", ""}, [&](const ServiceKey& key, const ServiceRef& service) {
        if (!in_namespace(reading, key.ns)) return false;
        if (!key.name.starts_with(reading.query.prefix())) return true;
        if (filter && !filter->matches({*service})) return true;
        tags[key.ns][key.name].insert(service->tags().begin(), service->tags().end());
        return true;
      });
  for (const auto& [ns, names] : tags) {
    auto& of_namespace = *response.add_services();
    of_namespace.set_namespace_(ns);
    for (const auto& [name, of_name] : names) {
      auto& stub = *of_namespace.add_services();
      stub.set_service_name(name);
      for (const auto& tag : of_name) stub.add_tags(tag);
    }
  }
  return {};
}

// "n|key": n of the instances, by rendezvous hashing: always the same ones for a key, and few
// others when an instance comes or goes.
Status choose(const std::string& how, std::vector<ServiceRef>& services) {
  const std::size_t bar = how.find('|');
  std::size_t count = 0;
  const auto parsed = std::from_chars(how.data(), how.data() + std::min(bar, how.size()), count);
  if (bar == std::string::npos || parsed.ec != std::errc() || parsed.ptr != how.data() + bar ||
      count == 0) {
    return Error{ErrorCode::invalid_argument,
                 "choose must be a number and a key, e.g. \"2|abc\", not \"" + how + "\""};
  }
  const std::string key = how.substr(bar + 1);
  std::sort(services.begin(), services.end(), [&](const ServiceRef& a, const ServiceRef& b) {
    return std::pair(job_hash(key, a->id()), a->id()) < std::pair(job_hash(key, b->id()), b->id());
  });
  if (services.size() > count) services.resize(count);
  return {};
}

Status read_service(Reading& reading, const model::ServiceReadRequest& request,
                    model::ServiceReadResponse& response) {
  YURT_ASSIGN(const auto filter,
              parse_filter(reading.query, *model::ServiceRegistration::descriptor()));
  const Snapshot& state = reading.snapshot;
  std::vector<ServiceRef> found;
  const auto add = [&](std::vector<ServiceRef> some) {
    for (auto& service : some) {
      if (request.healthy() && service->health() != "passing") continue;
      if (!filter || filter->matches({*service})) found.push_back(std::move(service));
    }
  };
  if (!request.alloc_id().empty()) {
    add(state.services_of_alloc(AllocId::parse_or_nil(request.alloc_id())));
  } else if (!request.job_id().empty()) {
    for (const AllocRef& alloc : state.allocs_of_job(reading.job_key(request.job_id()))) {
      add(state.services_of_alloc(alloc->id));
    }
  } else if (reading.any_namespace()) {
    state.tables().namespaces.each([&](const std::string& ns, const NamespaceRef&) {
      add(state.services_named(ns, request.service_name()));
      return true;
    });
  } else {
    add(state.services_named(reading.query.namespace_(), request.service_name()));
  }
  if (!request.choose().empty()) {
    YURT_TRY(choose(request.choose(), found));
    for (const auto& service : found) *response.add_services() = *service;
    return {};
  }
  list_by_name(
      reading, std::move(found),
      [](const ServiceRef& service) -> const std::string& { return service->id(); },
      [](const ServiceRef&) { return true; },
      [&](const ServiceRef& service) { *response.add_services() = *service; });
  return {};
}

void delete_service(const Serving& serving, std::unique_ptr<model::ServiceDeleteRequest> request,
                    Done<model::WriteResponse> done) {
  // The path of the HTTP API has both, the name first.
  std::string id = request->id();
  if (const std::size_t slash = id.find('/'); slash != std::string::npos) id.erase(0, slash + 1);
  if (id.empty()) {
    return done(Error{ErrorCode::invalid_argument, "the service registration's ID is missing"});
  }
  model::Command command;
  auto& remove = *command.mutable_delete_services();
  const std::string& ns = request->write().namespace_();
  remove.set_namespace_(ns.empty() ? "default" : ns);
  remove.add_ids(id);
  propose(serving, std::move(command), std::move(done), [](const Applied& applied) {
    model::WriteResponse response;
    response.set_index(applied.index);
    return response;
  });
}

}  // namespace

void add_service_operations(OperationTable& table) {
  table.read("ListServices", {Table::services}, &list_services);
  table.read("ReadService", {Table::services}, &read_service);
  table.call("DeleteService", Access::leader, &delete_service);
}

}  // namespace yurt::server
