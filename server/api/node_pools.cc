// Node pools, their nodes and their jobs.
#include <cctype>

#include "server/api/listing.h"
#include "server/api/operations.h"
#include "server/api/proposals.h"
#include "server/api/views.h"

namespace yurt::server {
namespace {

constexpr std::size_t longest_node_pool_name = 128, longest_node_pool_description = 256;

bool is_built_in(const std::string& name) { return name == "default" || name == "all"; }

Status check_name(const std::string& name) {
  const bool valid = !name.empty() && name.size() <= longest_node_pool_name &&
                     std::all_of(name.begin(), name.end(), [](unsigned char c) {
                       return std::isalnum(c) != 0 || c == '-' || c == '_';
                     });
  if (valid) return {};
  return Error{ErrorCode::invalid_argument,
               "invalid node pool name \"" + name +
                   "\": 1 to 128 letters, digits, dashes and underscores are allowed"};
}

Status list_node_pools(Reading& reading, const model::ListRequest&,
                       model::NodePoolListResponse& response) {
  YURT_ASSIGN(const auto filter, parse_filter(reading.query, *model::NodePool::descriptor()));
  std::vector<const model::NodePool*> rows;
  reading.snapshot.tables().node_pools.each([&](const std::string& name, const NodePoolRef& pool) {
    if (name.starts_with(reading.query.prefix())) rows.push_back(pool.get());
    return true;
  });
  list_by_name(
      reading, std::move(rows),
      [](const model::NodePool* pool) -> const std::string& { return pool->name(); },
      [&](const model::NodePool* pool) { return !filter || filter->matches({*pool}); },
      [&](const model::NodePool* pool) { *response.add_pools() = *pool; });
  return {};
}

Status read_node_pool(Reading& reading, const model::NamedReadRequest& request,
                      model::NodePoolResponse& response) {
  const auto pool = reading.snapshot.node_pool(request.name());
  if (!pool) return not_found("node pool");
  reading.index = pool->modify_index();
  *response.mutable_pool() = *pool;
  return {};
}

Status refuse_prefix(const Reading& reading) {
  if (reading.query.prefix().empty()) return {};
  return Error{ErrorCode::invalid_argument, "prefix is not supported here"};
}

Status list_nodes_of_pool(Reading& reading, const model::NamedReadRequest& request,
                          model::NodeListResponse& response) {
  YURT_TRY(refuse_prefix(reading));
  std::vector<const model::Node*> rows;
  reading.snapshot.tables().nodes.each([&](const NodeId&, const NodeRef& node) {
    if (request.name() == "all" || node->node_pool() == request.name()) rows.push_back(node.get());
    return true;
  });
  return list_nodes(reading, std::move(rows), false, false, response);
}

Status list_jobs_of_pool(Reading& reading, const model::NamedReadRequest& request,
                         model::JobListResponse& response) {
  YURT_TRY(refuse_prefix(reading));
  std::vector<const JobRecord*> rows;
  reading.snapshot.tables().jobs.each([&](const JobKey& key, const JobRecordRef& record) {
    if (in_namespace(reading, key.ns) && record->job->node_pool() == request.name()) {
      rows.push_back(record.get());
    }
    return true;
  });
  return list_jobs(reading, std::move(rows), false, response);
}

model::WriteResponse node_pool_written(const Applied& applied) {
  model::WriteResponse response;
  response.set_index(applied.index);
  return response;
}

void upsert_node_pool(const Serving& serving, std::unique_ptr<model::NodePoolRequest> request,
                      Done<model::WriteResponse> done) {
  if (const auto valid = check_name(request->name()); !valid) return done(valid.error());
  if (is_built_in(request->name())) {
    return done(Error{ErrorCode::invalid_argument,
                      "modifying node pool \"" + request->name() + "\" is not allowed"});
  }
  if (request->description().size() > longest_node_pool_description) {
    return done(
        Error{ErrorCode::invalid_argument, "the description is longer than 256 characters"});
  }
  const auto& algorithm = request->scheduler_configuration().scheduler_algorithm();
  if (!algorithm.empty() && algorithm != "binpack" && algorithm != "spread") {
    return done(Error{ErrorCode::invalid_argument,
                      "invalid scheduler algorithm \"" + algorithm + "\": use binpack or spread"});
  }
  model::Command command;
  auto* pool = command.mutable_upsert_node_pools()->add_pools();
  pool->set_name(request->name());
  pool->set_description(request->description());
  pool->mutable_meta()->swap(*request->mutable_meta());
  if (request->has_scheduler_configuration()) {
    *pool->mutable_scheduler_configuration() = request->scheduler_configuration();
  }
  propose(serving, std::move(command), std::move(done), &node_pool_written);
}

void remove_node_pool(const Serving& serving, std::unique_ptr<model::NamedWriteRequest> request,
                      Done<model::WriteResponse> done) {
  const std::string& name = request->name();
  if (is_built_in(name)) {
    return done(
        Error{ErrorCode::invalid_argument, "deleting node pool \"" + name + "\" is not allowed"});
  }
  const Snapshot snapshot = serving.core.snapshot();
  if (!snapshot.node_pool(name)) return done(not_found("node pool"));
  const auto refuse = [&](const std::string& what) {
    done(Error{ErrorCode::failed_precondition, "node pool \"" + name + "\" has " + what});
  };
  bool nodes = false, jobs = false;
  snapshot.tables().nodes.each([&](const NodeId&, const NodeRef& node) {
    nodes = node->node_pool() == name;
    return !nodes;
  });
  if (nodes) return refuse("nodes: move or purge them first");
  snapshot.tables().jobs.each([&](const JobKey&, const JobRecordRef& record) {
    jobs = record->job->node_pool() == name && record->job->status() != "dead";
    return !jobs;
  });
  if (jobs) return refuse("jobs that have not ended: stop them first");
  model::Command command;
  command.mutable_delete_node_pools()->add_names(name);
  propose(serving, std::move(command), std::move(done), &node_pool_written);
}

}  // namespace

void add_node_pool_operations(OperationTable& table) {
  table.read("ListNodePools", {Table::node_pools}, &list_node_pools);
  table.read("ReadNodePool", {Table::node_pools}, &read_node_pool);
  table.read("ListNodePoolNodes", {Table::nodes}, &list_nodes_of_pool);
  table.read("ListNodePoolJobs", {Table::jobs}, &list_jobs_of_pool);
  table.call("UpsertNodePool", Access::leader, &upsert_node_pool);
  table.call("DeleteNodePool", Access::leader, &remove_node_pool);
}

}  // namespace yurt::server
