// Prefix search over everything that has a name or an ID.
#include <functional>

#include "server/api/listing.h"
#include "server/api/operations.h"
#include "server/api/views.h"

namespace yurt::server {
namespace {

constexpr int most_matches = 20;

// Collects the matches of one context.
class Matches {
 public:
  Matches(model::SearchResponse& response, const std::string& context)
      : matches_((*response.mutable_matches())[context]),
        truncated_((*response.mutable_truncations())[context]) {
    truncated_ = false;
  }

  // False when there is no room for more.
  bool add(const std::string& id) {
    if (matches_.values_size() == most_matches) {
      truncated_ = true;
      return false;
    }
    matches_.add_values(id);
    return true;
  }

 private:
  model::SearchMatches& matches_;
  bool& truncated_;
};

// Rows keyed by a UUID, of the namespace that is asked for.
template <typename Map, typename IsWanted>
void search_ids(const Map& rows, const std::string& prefix, Matches matches, IsWanted is_wanted) {
  rows.each([&](const auto& id, const auto& row) {
    if (!has_id_prefix(id.uuid, prefix) || !is_wanted(*row)) return true;
    return matches.add(id.to_string());
  });
}

template <typename Map>
void search_names(const Map& rows, const std::string& prefix, Matches matches) {
  rows.scan(prefix, [&](const std::string& name, const auto&) {
    return name.starts_with(prefix) && matches.add(name);
  });
}

Status search(Reading& reading, const model::SearchRequest& request,
              model::SearchResponse& response) {
  const std::string& context = request.context();
  const std::string& prefix = request.prefix();
  const Tables& tables = reading.snapshot.tables();
  const auto here = [&](const std::string& ns) { return in_namespace(reading, ns); };
  const std::map<std::string, std::function<void(Matches)>> contexts = {
      {"jobs",
       [&](Matches matches) {
         tables.jobs.each([&](const JobKey& key, const JobRecordRef&) {
           if (!here(key.ns) || !key.id.starts_with(prefix)) return true;
           return matches.add(key.id);
         });
       }},
      {"evals",
       [&](Matches matches) {
         search_ids(tables.evals, prefix, matches,
                    [&](const model::Evaluation& eval) { return here(eval.namespace_()); });
       }},
      {"allocs",
       [&](Matches matches) {
         search_ids(tables.allocs, prefix, matches,
                    [&](const Allocation& alloc) { return here(alloc.job->namespace_()); });
       }},
      {"deployment",
       [&](Matches matches) {
         search_ids(tables.deployments, prefix, matches,
                    [&](const model::Deployment& one) { return here(one.namespace_()); });
       }},
      {"nodes",
       [&](Matches matches) {
         search_ids(tables.nodes, prefix, matches, [](const model::Node&) { return true; });
       }},
      {"node_pools", [&](Matches matches) { search_names(tables.node_pools, prefix, matches); }},
      {"namespaces", [&](Matches matches) { search_names(tables.namespaces, prefix, matches); }},
  };
  const bool all = context.empty() || context == "all";
  const auto one = contexts.find(context);
  if (!all && one == contexts.end()) {
    return Error{ErrorCode::invalid_argument,
                 "context must be one of all, jobs, evals, allocs, deployment, nodes, node_pools, "
                 "namespaces; got \"" +
                     context + "\""};
  }
  for (const auto& [name, run] : contexts) {
    if (all || name == context) run(Matches(response, name));
  }
  return {};
}

}  // namespace

void add_search_operations(OperationTable& table) {
  table.read("Search",
             {Table::jobs, Table::evals, Table::allocs, Table::deployments, Table::nodes,
              Table::node_pools, Table::namespaces},
             &search);
}

}  // namespace yurt::server
