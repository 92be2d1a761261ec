// Functions that read the cluster: variables and services.
#include <algorithm>
#include <cstdint>

#include "templates/functions.h"

namespace yurt::templates {
namespace {

using Kind = ClusterQuery::Kind;

Function asks(const char* name, Kind kind, std::size_t min_arguments, std::size_t max_arguments) {
  return {name, min_arguments, max_arguments,
          [=](const Arguments& arguments, Provider& provider) -> Result<Value> {
            ClusterQuery query{kind, {}};
            if (!arguments.empty()) {
              YURT_ASSIGN(query.name, string_argument(name, arguments[0]));
            }
            return provider.cluster(query);
          }};
}

// FNV-1a: the same on every machine, so that a key chooses alike everywhere.
std::uint64_t hash_of(const std::string& text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const unsigned char c : text) hash = (hash ^ c) * 1099511628211ULL;
  // The last characters alone would hardly move the high bits.
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdULL;
  return hash ^ hash >> 33;
}

// `count` of the instances, always the same ones for a key while they are there: those with the
// highest hashes (rendezvous hashing).
Value chosen(const Value& instances, std::size_t count, const std::string& key) {
  std::vector<std::pair<std::uint64_t, std::size_t>> ranks;
  for (std::size_t i = 0; i < instances.size(); ++i) {
    ranks.emplace_back(hash_of(key + '\0' + instances[i].value("ID", "")), i);
  }
  std::sort(ranks.rbegin(), ranks.rend());
  ranks.resize(std::min(count, ranks.size()));
  Value out = Value::array();
  for (const auto& [hash, i] : ranks) out.push_back(instances[i]);
  return out;
}

Result<Value> service(const Arguments& arguments, Provider& provider) {
  if (arguments.size() == 2) {
    return Error{ErrorCode::invalid_argument,
                 "it takes a service, or a number, a key and a service"};
  }
  YURT_ASSIGN(const std::string name, string_argument("nomadService", arguments.back()));
  YURT_ASSIGN(Value instances, provider.cluster({Kind::service, name}));
  if (arguments.size() == 1 || !instances.is_array()) return instances;
  YURT_ASSIGN(const std::int64_t count, int_argument("nomadService", arguments[0]));
  YURT_ASSIGN(const std::string key, string_argument("nomadService", arguments[1]));
  if (count < 1) return Error{ErrorCode::invalid_argument, "the number must be at least 1"};
  return chosen(instances, static_cast<std::size_t>(count), key);
}

}  // namespace

std::vector<Function> cluster_functions() {
  return {
      asks("nomadVar", Kind::variable, 1, 1),
      asks("nomadVarExists", Kind::variable_exists, 1, 1),
      asks("nomadVarList", Kind::variable_list, 0, 1),
      asks("nomadVarListSafe", Kind::variable_list, 0, 1),
      {"nomadService", 1, 3, service},
      asks("nomadServices", Kind::service_list, 0, 0),
  };
}

std::string refusal_of(const std::string& name) {
  for (const char* of_consul :
       {"key", "keyExists", "keyExistsGet", "keyOrDefault", "ls", "safeLs", "tree", "safeTree",
        "node", "nodes", "datacenters", "connect", "caRoots", "caLeaf", "peerings", "partitions"}) {
    if (name == of_consul) {
      return "the function \"" + name +
             "\" reads Consul, which Yurt does not use: keep the value in a variable and read it "
             "with nomadVar";
    }
  }
  if (name == "service" || name == "services") {
    return "the function \"" + name +
           "\" reads Consul, which Yurt does not use: nomadService and nomadServices read Yurt's "
           "own registry";
  }
  if (name == "secret" || name == "secrets" || name == "pkiCert") {
    return "the function \"" + name +
           "\" reads Vault, which Yurt does not use: keep the secret in a variable and read it "
           "with nomadVar";
  }
  return "the function \"" + name + "\" is not known";
}

}  // namespace yurt::templates
