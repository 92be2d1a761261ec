#include "jobspec/json/query.h"

#include <array>
#include <charconv>
#include <string>

#include "base/duration.h"
#include "jobspec/json/layout.h"
#include "jobspec/json/text.h"
#include "proto/options.pb.h"

namespace yurt::json {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

template <typename Number>
Result<Number> parse_number(std::string_view name, std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  return Error{ErrorCode::invalid_argument, "parameter \"" + std::string(name) +
                                                "\": expected a number, found \"" +
                                                valid_utf8(std::string(text)) + "\""};
}

}  // namespace

Result<bool> parse_bool(std::string_view text) {
  constexpr std::array<std::string_view, 6> yes{"1", "t", "T", "TRUE", "true", "True"};
  constexpr std::array<std::string_view, 6> no{"0", "f", "F", "FALSE", "false", "False"};
  for (const std::string_view word : yes) {
    if (text == word) return true;
  }
  for (const std::string_view word : no) {
    if (text == word) return false;
  }
  return Error{ErrorCode::invalid_argument,
               "expected true or false, found \"" + valid_utf8(std::string(text)) + "\""};
}

Result<bool> set_from_query(Message& message, std::string_view name, std::string_view text) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(std::string(name));
  if (field == nullptr || field->is_map()) return false;
  const Reflection& reflection = *message.GetReflection();
  const auto cpp_type = field->cpp_type();
  if (field->is_repeated()) {
    if (cpp_type != FieldDescriptor::CPPTYPE_STRING) return false;
    reflection.AddString(&message, field, valid_utf8(std::string(text)));
    return true;
  }
  switch (cpp_type) {
    case FieldDescriptor::CPPTYPE_STRING:
      reflection.SetString(&message, field, valid_utf8(std::string(text)));
      return true;
    case FieldDescriptor::CPPTYPE_BOOL: {
      const auto value = text.empty() ? Result<bool>(true) : parse_bool(text);
      if (!value.ok()) return value.error().within("parameter \"" + std::string(name) + "\"");
      reflection.SetBool(&message, field, *value);
      return true;
    }
    case FieldDescriptor::CPPTYPE_INT32: {
      YURT_ASSIGN(const auto value, parse_number<std::int32_t>(name, text));
      reflection.SetInt32(&message, field, value);
      return true;
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      const bool duration = field->options().GetExtension(model::duration);
      const auto value = duration ? parse_duration(text) : parse_number<std::int64_t>(name, text);
      if (!value.ok() && duration) {
        return value.error().within("parameter \"" + std::string(name) + "\"");
      }
      if (!value.ok()) return value.error();
      reflection.SetInt64(&message, field, *value);
      return true;
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      YURT_ASSIGN(const auto value, parse_number<std::uint32_t>(name, text));
      reflection.SetUInt32(&message, field, value);
      return true;
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      YURT_ASSIGN(const auto value, parse_number<std::uint64_t>(name, text));
      reflection.SetUInt64(&message, field, value);
      return true;
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      YURT_ASSIGN(const auto value, parse_number<double>(name, text));
      reflection.SetDouble(&message, field, value);
      return true;
    }
    default: return false;
  }
}

}  // namespace yurt::json
