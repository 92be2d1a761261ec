#include "jobspec/decode/values.h"

#include <cstdint>
#include <limits>

#include "base/duration.h"
#include "jobspec/json/map_entries.h"
#include "jobspec/json/read.h"
#include "jobspec/json/text.h"
#include "proto/options.pb.h"

namespace yurt::jobspec {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using hcl::Type;
using hcl::Value;

bool is_duration(const FieldDescriptor& field) {
  return field.options().GetExtension(model::duration);
}

Type scalar_type(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL: return Type::boolean();
    case FieldDescriptor::CPPTYPE_STRING: return Type::string();
    // The only message among a map's values is a list of text.
    case FieldDescriptor::CPPTYPE_MESSAGE: return Type::list(Type::string());
    default: return is_duration(field) ? Type::any() : Type::number();
  }
}

template <typename Integer>
Result<Integer> to_integer(const Value& value) {
  const auto wide = value.as_number().as_int64();
  if (wide && *wide >= static_cast<std::int64_t>(std::numeric_limits<Integer>::min()) &&
      (sizeof(Integer) == 8 ||
       *wide <= static_cast<std::int64_t>(std::numeric_limits<Integer>::max()))) {
    return static_cast<Integer>(*wide);
  }
  const bool is_signed = std::numeric_limits<Integer>::is_signed;
  return Error{ErrorCode::invalid_argument,
               std::string("a whole number ") + (is_signed ? "" : "from 0 ") + "is required" +
                   (value.as_number().is_integer() ? "; this one does not fit" : "")};
}

Result<std::int64_t> to_duration(const Value& value) {
  if (value.is_string()) return parse_duration(value.as_string());
  if (value.is_number()) return to_integer<std::int64_t>(value);
  return Error{ErrorCode::invalid_argument,
               "a duration is required: text such as \"1h30m\", or a number of nanoseconds"};
}

Status store_scalar(const Value& value, const FieldDescriptor& field, Message& message) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      reflection.SetBool(&message, &field, value.as_boolean());
      return {};
    case FieldDescriptor::CPPTYPE_STRING:
      reflection.SetString(&message, &field, json::valid_utf8(value.as_string()));
      return {};
    case FieldDescriptor::CPPTYPE_INT32: {
      YURT_ASSIGN(const auto number, to_integer<std::int32_t>(value));
      reflection.SetInt32(&message, &field, number);
      return {};
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      YURT_ASSIGN(const auto number, to_integer<std::uint32_t>(value));
      reflection.SetUInt32(&message, &field, number);
      return {};
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      YURT_ASSIGN(const auto number, to_integer<std::uint64_t>(value));
      reflection.SetUInt64(&message, &field, number);
      return {};
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      YURT_ASSIGN(const auto number,
                  is_duration(field) ? to_duration(value) : to_integer<std::int64_t>(value));
      reflection.SetInt64(&message, &field, number);
      return {};
    }
    case FieldDescriptor::CPPTYPE_DOUBLE:
      reflection.SetDouble(&message, &field, value.as_number().as_double());
      return {};
    default: break;
  }
  assertion_failed("an attribute's type is one the schema uses", __FILE__, __LINE__);
}

void store_map(const Value& value, const FieldDescriptor& field, Message& message) {
  for (const auto& [key, member] : value.members()) {
    auto slot = json::map_slot(message, field, json::valid_utf8(key));
    if (field.message_type()->map_value()->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      slot.SetStringValue(member.is_null() ? std::string() : json::valid_utf8(member.as_string()));
      continue;
    }
    Message& wrapper = *slot.MutableMessageValue();
    wrapper.Clear();
    if (member.is_null()) continue;
    for (const Value& element : member.elements()) {
      if (element.is_null()) continue;
      wrapper.GetReflection()->AddString(&wrapper, wrapper.GetDescriptor()->field(0),
                                         json::valid_utf8(element.as_string()));
    }
  }
}

void convert(const Value& value, google::protobuf::Value& target) {
  switch (value.kind()) {
    case Value::Kind::null: target.set_null_value(google::protobuf::NULL_VALUE); return;
    case Value::Kind::boolean: target.set_bool_value(value.as_boolean()); return;
    case Value::Kind::number: target.set_number_value(value.as_number().as_double()); return;
    case Value::Kind::string: target.set_string_value(json::valid_utf8(value.as_string())); return;
    case Value::Kind::list:
    case Value::Kind::set:
    case Value::Kind::tuple: {
      auto& list = *target.mutable_list_value();
      for (const Value& element : value.elements()) convert(element, *list.add_values());
      return;
    }
    case Value::Kind::map:
    case Value::Kind::object: {
      auto& fields = *target.mutable_struct_value()->mutable_fields();
      for (const auto& [key, member] : value.members())
        convert(member, fields[json::valid_utf8(key)]);
      return;
    }
  }
}

}  // namespace

Type attribute_type(const FieldDescriptor& field) {
  if (field.is_map()) return Type::map(scalar_type(*field.message_type()->map_value()));
  return field.is_repeated() ? Type::list(scalar_type(field)) : scalar_type(field);
}

Status store(const Value& value, const FieldDescriptor& field, Message& message) {
  if (value.is_null()) return {};
  if (field.is_map()) {
    store_map(value, field, message);
    return {};
  }
  if (!field.is_repeated()) return store_scalar(value, field, message);
  YURT_ASSERT(field.cpp_type() == FieldDescriptor::CPPTYPE_STRING);
  for (const Value& element : value.elements()) {
    if (element.is_null()) {
      return Error{ErrorCode::invalid_argument, "a list of text must not hold null"};
    }
    message.GetReflection()->AddString(&message, &field, json::valid_utf8(element.as_string()));
  }
  return {};
}

Status store_free_form(const Value& value, google::protobuf::Struct& target) {
  if (value.depth() > json::max_free_form_depth) {
    return Error{
        ErrorCode::invalid_argument,
        "it is nested more than " + std::to_string(json::max_free_form_depth) + " levels deep"};
  }
  for (const auto& [key, member] : value.members()) {
    convert(member, (*target.mutable_fields())[json::valid_utf8(key)]);
  }
  return {};
}

}  // namespace yurt::jobspec
