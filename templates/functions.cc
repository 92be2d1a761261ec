#include "templates/functions.h"

#include <map>

namespace yurt::templates {
namespace {

const std::map<std::string, Function>& table() {
  static const auto* const all = [] {
    auto* functions = new std::map<std::string, Function>;
    for (auto group :
         {comparison_functions, string_functions, collection_functions, number_functions,
          encoding_functions, world_functions, cluster_functions, yaml_functions}) {
      for (auto& function : group()) {
        std::string name = function.name;
        functions->emplace(std::move(name), std::move(function));
      }
    }
    return functions;
  }();
  return *all;
}

}  // namespace

const Function* find_function(const std::string& name) {
  const auto found = table().find(name);
  return found == table().end() ? nullptr : &found->second;
}

std::vector<std::string> function_names() {
  std::vector<std::string> names;
  for (const auto& [name, function] : table()) names.push_back(name);
  return names;
}

Result<std::string> string_argument(const std::string& function, const Value& value) {
  if (value.is_string()) return value.get<std::string>();
  return Error{ErrorCode::invalid_argument,
               function + " needs a string, not a " + type_name(value)};
}

Result<std::int64_t> int_argument(const std::string& function, const Value& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return Error{ErrorCode::invalid_argument, function + " needs an int, not a " + type_name(value)};
}

}  // namespace yurt::templates
