#include "server/api/filter/selector.h"

#include <google/protobuf/struct.pb.h>

#include <charconv>

#include "base/duration.h"
#include "jobspec/json/map_entries.h"

namespace yurt::server::filter {
namespace {

using google::protobuf::Message;
using json::Arrangement;
using json::FieldLayout;
using json::Kind;
using Form = json::MessageLayout::Form;

Value scalar(auto value) {
  Value out;
  out.state = Value::State::present;
  out.scalar = std::move(value);
  return out;
}

Value absent() {
  Value out;
  out.state = Value::State::absent;
  return out;
}

Value collection(Shape shape, const Message& owner, const FieldLayout& field) {
  Value out;
  out.state = Value::State::present;
  out.shape = shape;
  out.message = &owner;
  out.field = &field;
  return out;
}

// A field, or one element of it when `index` is not negative.
Value read_scalar(const Message& owner, const FieldLayout& layout, int index) {
  const auto& r = *owner.GetReflection();
  const auto* f = layout.field;
  const bool one = index < 0;
  switch (layout.kind) {
    case Kind::boolean:
      return scalar(one ? r.GetBool(owner, f) : r.GetRepeatedBool(owner, f, index));
    case Kind::int32:
      return scalar(std::int64_t{one ? r.GetInt32(owner, f) : r.GetRepeatedInt32(owner, f, index)});
    case Kind::int64:
      return scalar(std::int64_t{one ? r.GetInt64(owner, f) : r.GetRepeatedInt64(owner, f, index)});
    case Kind::uint32:
      return scalar(
          std::uint64_t{one ? r.GetUInt32(owner, f) : r.GetRepeatedUInt32(owner, f, index)});
    case Kind::uint64:
      return scalar(
          std::uint64_t{one ? r.GetUInt64(owner, f) : r.GetRepeatedUInt64(owner, f, index)});
    case Kind::real:
      return scalar(one ? r.GetDouble(owner, f) : r.GetRepeatedDouble(owner, f, index));
    case Kind::time:
      return scalar(format_time(one ? r.GetInt64(owner, f) : r.GetRepeatedInt64(owner, f, index)));
    case Kind::text:
    case Kind::bytes:
      return scalar(one ? r.GetString(owner, f) : r.GetRepeatedString(owner, f, index));
    case Kind::message: break;
  }
  return {};
}

Value map_value(const json::MapEntry& entry, Kind kind) {
  const auto& value = entry.second;
  switch (kind) {
    case Kind::boolean: return scalar(value.GetBoolValue());
    case Kind::int32: return scalar(std::int64_t{value.GetInt32Value()});
    case Kind::int64: return scalar(std::int64_t{value.GetInt64Value()});
    case Kind::uint32: return scalar(std::uint64_t{value.GetUInt32Value()});
    case Kind::uint64: return scalar(std::uint64_t{value.GetUInt64Value()});
    case Kind::real: return scalar(value.GetDoubleValue());
    case Kind::time: return scalar(format_time(value.GetInt64Value()));
    case Kind::text:
    case Kind::bytes: return scalar(value.GetStringValue());
    case Kind::message: return value_of(value.GetMessageValue());
  }
  return {};
}

Value free_value(const google::protobuf::Value& value) {
  switch (value.kind_case()) {
    case google::protobuf::Value::kNumberValue: return scalar(value.number_value());
    case google::protobuf::Value::kStringValue: return scalar(value.string_value());
    case google::protobuf::Value::kBoolValue: return scalar(value.bool_value());
    case google::protobuf::Value::kStructValue: return value_of(value.struct_value());
    case google::protobuf::Value::kListValue: return value_of(value.list_value());
    default: return absent();
  }
}

int parse_index(const std::string& text) {
  int index = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  return error == std::errc() && end == text.data() + text.size() ? index : -1;
}

Value free_element(const Message& message, const std::string& key) {
  if (message.GetDescriptor() == google::protobuf::Struct::descriptor()) {
    const auto& fields = static_cast<const google::protobuf::Struct&>(message).fields();
    const auto found = fields.find(key);
    return found == fields.end() ? Value{} : free_value(found->second);
  }
  if (message.GetDescriptor() == google::protobuf::ListValue::descriptor()) {
    const auto& values = static_cast<const google::protobuf::ListValue&>(message).values();
    const int index = parse_index(key);
    return index < 0 || index >= values.size() ? Value{} : free_value(values.Get(index));
  }
  return {};
}

Value list_element(const Message& owner, const FieldLayout& field, int index) {
  if (field.kind != Kind::message) return read_scalar(owner, field, index);
  return value_of(owner.GetReflection()->GetRepeatedMessage(owner, field.field, index));
}

// The key under which JSON shows element `index` of a keyed list.
std::string label(const Message& owner, const FieldLayout& field, int index) {
  const Message& element = owner.GetReflection()->GetRepeatedMessage(owner, field.field, index);
  return element.GetReflection()->GetString(element, field.label);
}

Value element_at(const Value& from, const std::string& key) {
  const Message& owner = *from.message;
  const FieldLayout& field = *from.field;
  if (field.arrangement == Arrangement::map) {
    for (const auto& entry : json::sorted_entries(owner, *field.field)) {
      if (entry.first == key) return map_value(entry, field.kind);
    }
    return {};
  }
  const int count = owner.GetReflection()->FieldSize(owner, field.field);
  if (field.arrangement == Arrangement::keyed) {
    for (int i = 0; i < count; ++i) {
      if (label(owner, field, i) == key) return list_element(owner, field, i);
    }
    return {};
  }
  const int index = parse_index(key);
  return index < 0 || index >= count ? Value{} : list_element(owner, field, index);
}

Value member(const Subject& subject, const Value& from, const FieldLayout& field) {
  const Message& message = *from.message;
  if (&message == &subject.message && field.field == subject.detached_field &&
      subject.detached != nullptr) {
    return value_of(*subject.detached);
  }
  const Type type = type_of(field);
  if (type.shape == Shape::list || type.shape == Shape::map) {
    return collection(type.shape, message, field);
  }
  const bool present =
      !field.may_be_absent || message.GetReflection()->HasField(message, field.field);
  if (type.shape == Shape::scalar) {
    Value value = read_scalar(message, field, -1);
    if (!present) value.state = Value::State::absent;
    return value;
  }
  return present ? value_of(message.GetReflection()->GetMessage(message, field.field)) : absent();
}

}  // namespace

Type type_of(const json::MessageLayout& layout) {
  switch (layout.form) {
    case Form::record: return {Shape::record, Kind::message, nullptr, &layout};
    case Form::list:
      return {Shape::list, layout.fields.front().kind, &layout.fields.front(), nullptr};
    default: return {Shape::free, Kind::message, nullptr, nullptr};
  }
}

Type type_of(const FieldLayout& field) {
  switch (field.arrangement) {
    case Arrangement::list: return {Shape::list, field.kind, &field, nullptr};
    case Arrangement::map:
    case Arrangement::keyed: return {Shape::map, field.kind, &field, nullptr};
    case Arrangement::single: break;
  }
  if (field.kind == Kind::message) return type_of(*field.nested);
  return {Shape::scalar, field.kind, nullptr, nullptr};
}

Type element_type(const Type& collection) {
  if (collection.shape == Shape::free) return collection;
  if (collection.kind == Kind::message) return type_of(*collection.field->nested);
  return {Shape::scalar, collection.kind, nullptr, nullptr};
}

Status extend(Selector& selector, const std::string& name) {
  const auto refuse = [&](const std::string& why) {
    return Error{ErrorCode::invalid_argument,
                 "\"" + selector.text + "\" " + why + " \"" + name + "\""};
  };
  switch (selector.type.shape) {
    case Shape::record: {
      const FieldLayout* field = selector.type.record->find(name);
      if (field == nullptr) {
        return selector.text.empty()
                   ? Error{ErrorCode::invalid_argument, "there is no field \"" + name + "\""}
                   : refuse("has no field");
      }
      selector.steps.push_back({field, ""});
      selector.type = type_of(*field);
      break;
    }
    case Shape::list:
      if (parse_index(name) < 0) return refuse("is a list, and no position in it is");
      [[fallthrough]];
    case Shape::map:
    case Shape::free:
      selector.steps.push_back({nullptr, name});
      selector.type = element_type(selector.type);
      break;
    case Shape::scalar: return refuse("is a single value and has no field");
  }
  selector.text += (selector.text.empty() ? "" : ".") + name;
  return {};
}

Value value_of(const Message& message) {
  Value out;
  out.state = Value::State::present;
  out.message = &message;
  const auto& layout = json::layout_of(message.GetDescriptor());
  const Type type = type_of(layout);
  out.shape = type.shape;
  out.field = type.field;
  if (layout.form == Form::free_value) {
    return free_value(static_cast<const google::protobuf::Value&>(message));
  }
  return out;
}

Value follow(const Subject& subject, Value from, const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    if (from.state != Value::State::present) return {};
    if (step.field != nullptr) {
      from = member(subject, from, *step.field);
    } else if (from.shape == Shape::free) {
      from = free_element(*from.message, step.key);
    } else if (from.shape == Shape::scalar) {
      return {};
    } else {
      from = element_at(from, step.key);
    }
  }
  return from;
}

std::vector<std::pair<Value, Value>> elements(const Value& value) {
  std::vector<std::pair<Value, Value>> out;
  if (value.shape == Shape::free) {
    if (value.message->GetDescriptor() == google::protobuf::Struct::descriptor()) {
      for (const auto& [key, field] :
           static_cast<const google::protobuf::Struct&>(*value.message).fields()) {
        out.emplace_back(scalar(std::string(key)), free_value(field));
      }
    } else if (value.message->GetDescriptor() == google::protobuf::ListValue::descriptor()) {
      for (const auto& item :
           static_cast<const google::protobuf::ListValue&>(*value.message).values()) {
        out.emplace_back(scalar(static_cast<std::int64_t>(out.size())), free_value(item));
      }
    }
    return out;
  }
  const FieldLayout& field = *value.field;
  if (field.arrangement == Arrangement::map) {
    for (const auto& entry : json::sorted_entries(*value.message, *field.field)) {
      out.emplace_back(scalar(entry.first), map_value(entry, field.kind));
    }
    return out;
  }
  const int count = value.message->GetReflection()->FieldSize(*value.message, field.field);
  for (int i = 0; i < count; ++i) {
    Value key = field.arrangement == Arrangement::keyed ? scalar(label(*value.message, field, i))
                                                        : scalar(std::int64_t{i});
    out.emplace_back(std::move(key), list_element(*value.message, field, i));
  }
  return out;
}

std::size_t size_of(const Value& value) {
  if (value.shape == Shape::free) return elements(value).size();
  if (value.field->arrangement == Arrangement::map) {
    return json::sorted_entries(*value.message, *value.field->field).size();
  }
  return static_cast<std::size_t>(
      value.message->GetReflection()->FieldSize(*value.message, value.field->field));
}

}  // namespace yurt::server::filter
