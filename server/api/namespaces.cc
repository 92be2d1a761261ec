// Namespaces.
#include <cctype>

#include "server/api/listing.h"
#include "server/api/operations.h"
#include "server/api/proposals.h"
#include "server/api/request_options.h"
#include "server/api/views.h"

namespace yurt::server {
namespace {

constexpr std::size_t longest_namespace_name = 128, longest_namespace_description = 256;

Status list_namespaces(Reading& reading, const model::ListRequest&,
                       model::NamespaceListResponse& response) {
  YURT_ASSIGN(const auto filter, parse_filter(reading.query, *model::Namespace::descriptor()));
  std::vector<const model::Namespace*> rows;
  reading.snapshot.tables().namespaces.each([&](const std::string& name, const NamespaceRef& ns) {
    if (name.starts_with(reading.query.prefix())) rows.push_back(ns.get());
    return true;
  });
  list_by_name(
      reading, std::move(rows),
      [](const model::Namespace* ns) -> const std::string& { return ns->name(); },
      [&](const model::Namespace* ns) { return !filter || filter->matches({*ns}); },
      [&](const model::Namespace* ns) { *response.add_namespaces() = *ns; });
  return {};
}

Status read_namespace(Reading& reading, const model::NamedReadRequest& request,
                      model::NamespaceResponse& response) {
  const NamespaceRef* found = reading.snapshot.tables().namespaces.find(request.name());
  if (found == nullptr) return not_found("Namespace");
  reading.index = (*found)->modify_index();
  *response.mutable_namespace_() = **found;
  return {};
}

Status check(const model::NamespaceRequest& request) {
  const std::string& name = request.name();
  const bool valid = !name.empty() && name.size() <= longest_namespace_name &&
                     std::all_of(name.begin(), name.end(),
                                 [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
  if (!valid) {
    return Error{ErrorCode::invalid_argument,
                 "invalid name \"" + name + "\": 1 to 128 letters, digits and dashes are allowed"};
  }
  if (request.description().size() > longest_namespace_description) {
    return Error{ErrorCode::invalid_argument, "the description is longer than 256 characters"};
  }
  if (!request.quota().empty()) {
    return Error{ErrorCode::invalid_argument, "quotas are not supported"};
  }
  return {};
}

model::WriteResponse namespace_written(const Applied& applied) {
  model::WriteResponse response;
  response.set_index(applied.index);
  return response;
}

void upsert_namespace(const Serving& serving, std::unique_ptr<model::NamespaceRequest> request,
                      Done<model::WriteResponse> done) {
  if (const auto valid = check(*request); !valid) return done(valid.error());
  model::Command command;
  auto* ns = command.mutable_upsert_namespaces()->add_namespaces();
  ns->set_name(request->name());
  ns->set_description(request->description());
  ns->mutable_meta()->swap(*request->mutable_meta());
  propose(serving, std::move(command), std::move(done), &namespace_written);
}

void remove_namespace(const Serving& serving, std::unique_ptr<model::NamedWriteRequest> request,
                      Done<model::WriteResponse> done) {
  const std::string& name = request->name();
  if (name == default_namespace) {
    return done(Error{ErrorCode::invalid_argument, "can not delete default namespace"});
  }
  const Snapshot snapshot = serving.core.snapshot();
  if (snapshot.tables().namespaces.find(name) == nullptr) return done(not_found("Namespace"));
  bool live = false;
  snapshot.tables().jobs.scan({name, ""}, [&](const JobKey& key, const JobRecordRef& record) {
    live = key.ns == name && record->job->status() != "dead";
    return key.ns == name && !live;
  });
  if (live) {
    return done(Error{ErrorCode::failed_precondition,
                      "namespace \"" + name + "\" has non-terminal jobs: stop them first"});
  }
  model::Command command;
  command.mutable_delete_namespaces()->add_names(name);
  propose(serving, std::move(command), std::move(done), &namespace_written);
}

}  // namespace

void add_namespace_operations(OperationTable& table) {
  table.read("ListNamespaces", {Table::namespaces}, &list_namespaces);
  table.read("ReadNamespace", {Table::namespaces}, &read_namespace);
  table.call("UpsertNamespace", Access::leader, &upsert_namespace);
  table.call("DeleteNamespace", Access::leader, &remove_namespace);
}

}  // namespace yurt::server
