#include <algorithm>

#include "templates/functions.h"

namespace yurt::templates {
namespace {

Error wrong(const std::string& what, const Value& value) {
  return {ErrorCode::invalid_argument, what + ", not a " + type_name(value)};
}

Result<bool> holds(const Value& collection, const Value& item) {
  if (collection.is_array()) {
    return std::find(collection.begin(), collection.end(), item) != collection.end();
  }
  if (collection.is_object() && item.is_string()) {
    return collection.contains(item.get<std::string>());
  }
  if (collection.is_string() && item.is_string()) {
    return collection.get_ref<const std::string&>().find(item.get<std::string>()) !=
           std::string::npos;
  }
  if (collection.is_null()) return false;
  return wrong("it needs a list, map or string to look in", collection);
}

// containsAll, containsAny and their opposites: (items, collection).
Function contains_several(const char* name, bool all, bool negate) {
  return {name, 2, 2, [=](const Arguments& arguments, Provider&) -> Result<Value> {
            if (!arguments[0].is_array()) return wrong("it needs a list of items", arguments[0]);
            bool any_held = false;
            bool all_held = true;
            for (const auto& item : arguments[0]) {
              YURT_ASSIGN(const bool held, holds(arguments[1], item));
              any_held |= held;
              all_held &= held;
            }
            return Value((all ? all_held : any_held) != negate);
          }};
}

Result<Value> index(const Arguments& arguments, Provider&) {
  Value value = arguments[0];
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const Value& key = arguments[i];
    Value inner;
    if (value.is_object() && key.is_string()) {
      const auto found = value.find(key.get<std::string>());
      if (found != value.end()) inner = *found;
    } else if (value.is_array() && key.is_number_integer()) {
      const auto position = key.get<std::int64_t>();
      if (position < 0 || position >= static_cast<std::int64_t>(value.size())) {
        return Error{ErrorCode::invalid_argument, "position " + std::to_string(position) +
                                                      " lies outside a list of " +
                                                      std::to_string(value.size())};
      }
      inner = value[static_cast<std::size_t>(position)];
    } else {
      return wrong("it needs a map and a string, or a list and an int", value);
    }
    value = std::move(inner);
  }
  return value;
}

Result<Value> slice(const Arguments& arguments, Provider&) {
  const Value& value = arguments[0];
  if (!value.is_array() && !value.is_string()) return wrong("it needs a list or string", value);
  const auto size = static_cast<std::int64_t>(
      value.is_array() ? value.size() : value.get_ref<const std::string&>().size());
  std::int64_t from = 0;
  std::int64_t to = size;
  if (arguments.size() > 1) {
    YURT_ASSIGN(from, int_argument("slice", arguments[1]));
  }
  if (arguments.size() > 2) {
    YURT_ASSIGN(to, int_argument("slice", arguments[2]));
  }
  if (from < 0 || to < from || to > size) {
    return Error{ErrorCode::invalid_argument,
                 "the bounds lie outside of 0 to " + std::to_string(size)};
  }
  if (value.is_string()) {
    return Value(value.get_ref<const std::string&>().substr(static_cast<std::size_t>(from),
                                                            static_cast<std::size_t>(to - from)));
  }
  return Value(std::vector<Value>(value.begin() + from, value.begin() + to));
}

Result<Value> length(const Arguments& arguments, Provider&) {
  const Value& value = arguments[0];
  if (value.is_string()) {
    return Value(static_cast<std::int64_t>(value.get_ref<const std::string&>().size()));
  }
  if (value.is_array() || value.is_object()) return Value(static_cast<std::int64_t>(value.size()));
  return wrong("it needs a string, list or map", value);
}

Result<Value> join(const Arguments& arguments, Provider&) {
  YURT_ASSIGN(const std::string separator, string_argument("join", arguments[0]));
  if (!arguments[1].is_array()) return wrong("it needs a list", arguments[1]);
  std::string out;
  for (std::size_t i = 0; i < arguments[1].size(); ++i) {
    if (i > 0) out += separator;
    out += print(arguments[1][i]);
  }
  return Value(out);
}

// Services by each of their tags.
Result<Value> by_tag(const Arguments& arguments, Provider&) {
  if (!arguments[0].is_array()) return wrong("it needs a list of services", arguments[0]);
  Value out = Value::object();
  for (const auto& one : arguments[0]) {
    if (!one.is_object()) return wrong("it needs a list of services", one);
    for (const auto& tag : one.value("Tags", Value::array())) {
      out[tag.get<std::string>()].push_back(one);
    }
  }
  return out;
}

// "a:1,b:2" by its separators: between pairs, then between key and value.
Result<Value> split_to_map(const Arguments& arguments, Provider&) {
  YURT_ASSIGN(const std::string between, string_argument("splitToMap", arguments[0]));
  YURT_ASSIGN(const std::string inside, string_argument("splitToMap", arguments[1]));
  YURT_ASSIGN(const std::string text, string_argument("splitToMap", arguments[2]));
  if (between.empty() || inside.empty()) {
    return Error{ErrorCode::invalid_argument, "the separators must not be empty"};
  }
  Value out = Value::object();
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(between, from), text.size());
    const std::string pair = text.substr(from, end - from);
    const std::size_t middle = std::min(pair.find(inside), pair.size());
    if (!pair.empty()) {
      out[pair.substr(0, middle)] =
          middle == pair.size() ? std::string() : pair.substr(middle + inside.size());
    }
    from = end + between.size();
  }
  return out;
}

}  // namespace

std::vector<Function> collection_functions() {
  return {
      {"index", 1, unlimited, index},
      {"slice", 1, 3, slice},
      {"len", 1, 1, length},
      {"join", 2, 2, join},
      {"contains", 2, 2,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         YURT_ASSIGN(const bool held, holds(arguments[1], arguments[0]));
         return Value(held);
       }},
      {"in", 2, 2,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         YURT_ASSIGN(const bool held, holds(arguments[0], arguments[1]));
         return Value(held);
       }},
      contains_several("containsAll", true, false),
      contains_several("containsAny", false, false),
      contains_several("containsNone", false, true),
      contains_several("containsNotAll", true, true),
      {"keys", 1, 1,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         if (!arguments[0].is_object()) return wrong("it needs a map", arguments[0]);
         std::vector<Value> keys;
         for (const auto& [key, value] : arguments[0].items()) keys.emplace_back(key);
         return Value(keys);
       }},
      {"values", 1, 1,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         if (!arguments[0].is_object()) return wrong("it needs a map", arguments[0]);
         std::vector<Value> values;
         for (const auto& value : arguments[0]) values.push_back(value);
         return Value(values);
       }},
      {"byTag", 1, 1, by_tag},
      {"splitToMap", 3, 3, split_to_map},
      {"mergeMapWithOverride", 2, 2,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         if (!arguments[0].is_object()) return wrong("it needs two maps", arguments[0]);
         if (!arguments[1].is_object()) return wrong("it needs two maps", arguments[1]);
         Value merged = arguments[1];
         merged.update(arguments[0]);
         return merged;
       }},
      {"mergeMap", 2, 2,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         if (!arguments[0].is_object()) return wrong("it needs two maps", arguments[0]);
         if (!arguments[1].is_object()) return wrong("it needs two maps", arguments[1]);
         Value merged = arguments[0];
         merged.update(arguments[1]);
         return merged;
       }},
  };
}

}  // namespace yurt::templates
