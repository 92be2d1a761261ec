// Conversion of values to types, by go-cty's rules.
#include <optional>

#include "jobspec/hcl/type.h"

namespace yurt::hcl {
namespace {

using Converted = std::variant<Value, ConversionError>;
using Kind = Type::Kind;

Converted mismatch(const Type& type) {
  return ConversionError{{}, type.friendly_name() + " required"};
}

ConversionError below(PathStep step, ConversionError error) {
  error.path.insert(error.path.begin(), std::move(step));
  return error;
}

Converted to_boolean(const Value& value) {
  if (value.is_boolean()) return value;
  if (!value.is_string()) return mismatch(Type::boolean());
  const std::string& text = value.as_string();
  if (text == "true" || text == "1") return Value::boolean(true);
  if (text == "false" || text == "0") return Value::boolean(false);
  if (text == "True" || text == "TRUE") {
    return ConversionError{{}, "a bool is required; use lower case \"true\""};
  }
  if (text == "False" || text == "FALSE") {
    return ConversionError{{}, "a bool is required; use lower case \"false\""};
  }
  return ConversionError{{}, "a bool is required (\"true\" or \"false\")"};
}

Converted to_number(const Value& value) {
  if (value.is_number()) return value;
  if (!value.is_string()) return mismatch(Type::number());
  if (auto number = Number::parse(value.as_string())) return Value::number(*number);
  return ConversionError{{}, "a number is required"};
}

Converted to_text(const Value& value) {
  if (value.is_string()) return value;
  if (value.is_number()) return Value::string(value.as_number().to_string());
  if (value.is_boolean()) return Value::string(value.as_boolean() ? "true" : "false");
  return mismatch(Type::string());
}

// The type of the elements of a list(any) or map(any) made of `values`; nullopt when they differ.
std::optional<Type> element_type(const Type& wanted, const std::vector<Value>& values) {
  if (wanted.kind() != Kind::any) return wanted;
  const Type common = common_type(values);
  if (common.kind() != Kind::any) return common;
  for (const Value& value : values) {
    if (!value.is_null()) return std::nullopt;
  }
  return common;
}

Converted to_sequence(const Value& value, const Type& type) {
  if (!value.is_sequence()) return mismatch(type);
  const auto element = element_type(type.element(), value.elements());
  const bool is_list = type.kind() == Kind::list;
  if (!element) {
    return ConversionError{
        {}, std::string("all ") + (is_list ? "list" : "set") + " elements must have the same type"};
  }
  Value::Elements elements;
  elements.reserve(value.size());
  for (const Value& part : value.elements()) {
    Converted converted = convert(part, *element);
    if (auto* error = std::get_if<ConversionError>(&converted)) {
      return below(elements.size(), std::move(*error));
    }
    elements.push_back(std::move(std::get<Value>(converted)));
  }
  return is_list ? Value::list(std::move(elements)) : Value::set(std::move(elements));
}

Converted to_map(const Value& value, const Type& type) {
  if (!value.is_mapping()) return mismatch(type);
  std::vector<Value> values;
  for (const auto& [key, member] : value.members()) values.push_back(member);
  const auto element = element_type(type.element(), values);
  if (!element) return ConversionError{{}, "all map elements must have the same type"};
  Value::Members members;
  for (const auto& [key, member] : value.members()) {
    Converted converted = convert(member, *element);
    if (auto* error = std::get_if<ConversionError>(&converted))
      return below(key, std::move(*error));
    members.emplace(key, std::move(std::get<Value>(converted)));
  }
  return Value::map(std::move(members));
}

Converted to_tuple(const Value& value, const Type& type) {
  if (!value.is_sequence()) return mismatch(type);
  const auto& wanted = type.tuple_elements();
  if (value.size() != wanted.size()) {
    return ConversionError{{},
                           "a tuple of " + std::to_string(wanted.size()) +
                               " elements is required, not " + std::to_string(value.size())};
  }
  Value::Elements elements;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    Converted converted = convert(value.elements()[i], wanted[i]);
    if (auto* error = std::get_if<ConversionError>(&converted)) return below(i, std::move(*error));
    elements.push_back(std::move(std::get<Value>(converted)));
  }
  return Value::tuple(std::move(elements));
}

ConversionError missing(const std::vector<std::string>& names) {
  std::string text = names.size() == 1 ? "attribute " : "attributes ";
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += "\"" + names[i] + "\"";
  }
  return {{}, text + (names.size() == 1 ? " is required" : " are required")};
}

Converted to_object(const Value& value, const Type& type) {
  if (!value.is_mapping()) return mismatch(type);
  Value::Members members;
  std::vector<std::string> absent;
  for (const auto& [name, member] : type.object_members()) {
    const Value* given = value.find(name);
    if (given == nullptr && !member.optional) {
      absent.push_back(name);
      continue;
    }
    const bool use_fallback = member.optional && (given == nullptr || given->is_null());
    Converted converted = convert(use_fallback ? member.fallback : *given, member.type);
    if (auto* error = std::get_if<ConversionError>(&converted))
      return below(name, std::move(*error));
    members.emplace(name, std::move(std::get<Value>(converted)));
  }
  if (!absent.empty()) return missing(absent);
  return Value::object(std::move(members));
}

}  // namespace

std::string to_string(const Path& path) {
  std::string out;
  for (const PathStep& step : path) {
    if (const auto* name = std::get_if<std::string>(&step)) {
      out += "." + *name;
    } else {
      out += "[" + std::to_string(std::get<std::size_t>(step)) + "]";
    }
  }
  return out;
}

std::string ConversionError::message() const {
  return path.empty() ? expected : to_string(path) + ": " + expected;
}

std::variant<Value, ConversionError> convert(const Value& value, const Type& type) {
  if (value.is_null()) return value;
  switch (type.kind()) {
    case Kind::any: return value;
    case Kind::boolean: return to_boolean(value);
    case Kind::number: return to_number(value);
    case Kind::string: return to_text(value);
    case Kind::list:
    case Kind::set: return to_sequence(value, type);
    case Kind::map: return to_map(value, type);
    case Kind::tuple: return to_tuple(value, type);
    case Kind::object: return to_object(value, type);
  }
  return value;
}

}  // namespace yurt::hcl
