#include "jobspec/diff/flatten.h"

#include "jobspec/json/text.h"

namespace yurt::jobspec {
namespace {

using google::protobuf::Value;

void add(const Value& value, const std::string& name, std::map<std::string, std::string>& out) {
  switch (value.kind_case()) {
    case Value::kStructValue:
      if (value.struct_value().fields().empty()) out[name] = "{}";
      for (const auto& [key, member] : value.struct_value().fields()) {
        add(member, name + "[" + key + "]", out);
      }
      return;
    case Value::kListValue: {
      if (value.list_value().values().empty()) out[name] = "[]";
      int index = 0;
      for (const Value& element : value.list_value().values()) {
        add(element, name + "[" + std::to_string(index++) + "]", out);
      }
      return;
    }
    case Value::kBoolValue: out[name] = value.bool_value() ? "true" : "false"; return;
    case Value::kNumberValue: json::append_double(value.number_value(), out[name]); return;
    case Value::kStringValue: out[name] = value.string_value(); return;
    case Value::kNullValue:
    case Value::KIND_NOT_SET: out[name] = "null"; return;
  }
}

}  // namespace

std::map<std::string, std::string> flatten(const google::protobuf::Struct& content) {
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : content.fields()) add(value, key, out);
  return out;
}

}  // namespace yurt::jobspec
