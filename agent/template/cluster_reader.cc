#include "agent/template/cluster_reader.h"

#include <algorithm>

#include "agent/template/task_templates.h"

namespace yurt::agent {
namespace {

using QueryKind = templates::ClusterQuery::Kind;
using Json = templates::Value;

model::Watch::Kind watch_kind(QueryKind kind) {
  switch (kind) {
    case QueryKind::variable:
    case QueryKind::variable_exists: return model::Watch::VARIABLE;
    case QueryKind::variable_list: return model::Watch::VARIABLE_LIST;
    case QueryKind::service: return model::Watch::SERVICE;
    case QueryKind::service_list: break;
  }
  return model::Watch::SERVICE_LIST;
}

const char* block_of(model::Watch::Kind kind) {
  switch (kind) {
    case model::Watch::VARIABLE: return "nomad.var.block";
    case model::Watch::VARIABLE_LIST: return "nomad.var.list";
    case model::Watch::SERVICE: return "nomad.service";
    default: return "nomad.services";
  }
}

Json list_of(const model::WatchResult& result) {
  Json out = Json::array();
  for (const auto& one : result.variables()) {
    out.push_back({{"Path", one.path()},
                   {"Namespace", one.namespace_()},
                   {"CreateIndex", one.create_index()},
                   {"ModifyIndex", one.modify_index()},
                   {"CreateTime", one.create_time()},
                   {"ModifyTime", one.modify_time()}});
  }
  return out;
}

Json instances_of(const model::WatchResult& result) {
  Json out = Json::array();
  for (const auto& one : result.services()) {
    if (!one.health().empty() && one.health() != "passing") continue;
    Json meta = Json::object();
    for (const auto& [name, value] : one.meta()) meta[name] = value;
    out.push_back({{"ID", one.id()},
                   {"Name", one.service_name()},
                   {"Namespace", one.namespace_()},
                   {"Node", one.node_id()},
                   {"Datacenter", one.datacenter()},
                   {"JobID", one.job_id()},
                   {"AllocID", one.alloc_id()},
                   {"Address", one.address()},
                   {"Port", one.port()},
                   {"Tags", std::vector<std::string>(one.tags().begin(), one.tags().end())},
                   {"Meta", std::move(meta)}});
  }
  // By ID, so that a list that is the same reads the same.
  std::sort(out.begin(), out.end(), [](const Json& a, const Json& b) { return a["ID"] < b["ID"]; });
  return out;
}

Json names_of(const model::WatchResult& result) {
  Json out = Json::array();
  for (const auto& one : result.service_names()) {
    out.push_back({{"Name", one.service_name()},
                   {"Tags", std::vector<std::string>(one.tags().begin(), one.tags().end())}});
  }
  return out;
}

}  // namespace

Result<std::string> ClusterReader::own_path(const std::string& text) const {
  const std::size_t at = text.find('@');
  if (at == std::string::npos) return text;
  const std::string where = text.substr(at + 1);
  const std::string ns = where.substr(0, where.find('.'));
  if (ns.empty() || ns == scope_.ns) return text.substr(0, at);
  return Error{ErrorCode::invalid_argument, "\"" + text + "\" lies in another namespace than the " +
                                                "job, which is in \"" + scope_.ns + "\""};
}

void ClusterReader::miss(const WatchKey& key, const std::string& why) {
  missing_.push_back(std::string(block_of(key.kind)) + "(" + key.name + "@" + key.ns + "." +
                     scope_.region + ")" + (why.empty() ? "" : ": " + why));
}

Result<templates::Value> ClusterReader::answer(const templates::ClusterQuery& query) {
  WatchKey key{watch_kind(query.kind), scope_.ns, {}};
  YURT_ASSIGN(key.name, own_path(query.name));
  keys_.insert(key);
  const ClusterData::Answer found = scope_.data == nullptr ? nullptr : scope_.data->find(key);
  const bool wants_list =
      query.kind != QueryKind::variable && query.kind != QueryKind::variable_exists;
  const Json nothing = wants_list ? Json::array() : Json();
  if (!found) {
    answered_ = false;
    miss(key, "");
    return nothing;
  }
  if (!found->error().empty()) {
    miss(key, found->error());
    return nothing;
  }
  newest_ = std::max(newest_, newest_change(*found));
  switch (query.kind) {
    case QueryKind::variable_exists: return Json(found->has_variable());
    case QueryKind::variable_list: return list_of(*found);
    case QueryKind::service: return instances_of(*found);
    case QueryKind::service_list: return names_of(*found);
    case QueryKind::variable: break;
  }
  if (!found->has_variable()) {
    miss(key, "");
    return nothing;
  }
  Json items = Json::object();
  for (const auto& [name, value] : found->variable().items()) items[name] = value;
  return items;
}

}  // namespace yurt::agent
