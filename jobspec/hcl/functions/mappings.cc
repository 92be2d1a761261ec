// keys lookup merge values zipmap
#include "jobspec/hcl/functions/registry.h"

namespace yurt::hcl {
namespace {

CallError not_a_map(const Value& found, std::size_t argument) {
  return call_error("a map or object is required, not " + std::string(found.kind_name()), argument);
}

CallResult keys(Arguments arguments, std::uint64_t) {
  if (!arguments[0].is_mapping()) return not_a_map(arguments[0], 0);
  Value::Elements keys;
  for (const auto& [key, member] : arguments[0].members()) keys.push_back(Value::string(key));
  return Value::list(std::move(keys));
}

CallResult values(Arguments arguments, std::uint64_t) {
  if (!arguments[0].is_mapping()) return not_a_map(arguments[0], 0);
  Value::Elements values;
  for (const auto& [key, member] : arguments[0].members()) values.push_back(member);
  return arguments[0].kind() == Value::Kind::map ? Value::list(std::move(values))
                                                 : Value::tuple(std::move(values));
}

CallResult lookup(Arguments arguments, std::uint64_t) {
  if (!arguments[0].is_mapping()) return not_a_map(arguments[0], 0);
  if (arguments.size() > 3) return call_error("expected a map, a key and a default");
  if (const Value* member = arguments[0].find(arguments[1].as_string())) return *member;
  if (arguments.size() == 3) return arguments[2];
  return call_error(
      "the map has no key \"" + arguments[1].as_string() + "\" and no default was given", 1);
}

CallResult merge(Arguments arguments, std::uint64_t) {
  Value::Members merged;
  bool maps = true;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].is_null()) continue;
    if (!arguments[i].is_mapping()) {
      return call_error(
          "arguments must be maps or objects, got " + std::string(arguments[i].kind_name()), i);
    }
    maps = maps && arguments[i].kind() == Value::Kind::map;
    for (const auto& [key, member] : arguments[i].members()) merged.insert_or_assign(key, member);
  }
  if (!maps) return Value::object(std::move(merged));
  Value map = Value::map(std::move(merged));
  auto converted = convert(map, Type::map(Type::any()));
  return std::holds_alternative<Value>(converted) ? std::get<Value>(converted)
                                                  : Value::object(map.members());
}

CallResult zip_map(Arguments arguments, std::uint64_t) {
  if (!arguments[1].is_sequence()) {
    return call_error("a list or tuple is required, not " + std::string(arguments[1].kind_name()),
                      1);
  }
  const Value::Elements &keys = arguments[0].elements(), &values = arguments[1].elements();
  if (keys.size() != values.size()) {
    return call_error("number of keys (" + std::to_string(keys.size()) +
                      ") does not match number of values (" + std::to_string(values.size()) + ")");
  }
  Value::Members members;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].is_null()) return call_error("keys must not be null", 0);
    members.insert_or_assign(keys[i].as_string(), values[i]);
  }
  return arguments[1].kind() == Value::Kind::list ? Value::map(std::move(members))
                                                  : Value::object(std::move(members));
}

}  // namespace

void add_mapping_functions(FunctionTable& table) {
  table["keys"] = {{any_parameter("inputMap")}, {}, keys};
  table["values"] = {{any_parameter("mapping")}, {}, values};
  table["lookup"] = {
      {any_parameter("inputMap"), string_parameter("key")}, nullable_parameter("default"), lookup};
  table["merge"] = {{}, nullable_parameter("maps"), merge};
  table["zipmap"] = {
      {list_parameter("keys", Type::string()), any_parameter("values")}, {}, zip_map};
}

}  // namespace yurt::hcl
