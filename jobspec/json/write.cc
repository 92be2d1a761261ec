#include "jobspec/json/write.h"

#include <google/protobuf/reflection.h>
#include <google/protobuf/struct.pb.h>

#include <algorithm>

#include "base/base64.h"
#include "base/duration.h"
#include "jobspec/json/layout.h"
#include "jobspec/json/map_entries.h"
#include "jobspec/json/text.h"

namespace yurt::json {
namespace {

using google::protobuf::ListValue;
using google::protobuf::MapValueConstRef;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Struct;
using google::protobuf::Value;

class Writer {
 public:
  Writer(std::string& out, WriteStyle style) : out_(out), pretty_(style.pretty) {}

  void message(const Message& message, const MessageLayout& layout) {
    switch (layout.form) {
      case MessageLayout::Form::record: return record(message, layout);
      case MessageLayout::Form::list: return list(message, layout.fields[0]);
      case MessageLayout::Form::free_form: return object(static_cast<const Struct&>(message));
      case MessageLayout::Form::free_value: return value(static_cast<const Value&>(message));
      case MessageLayout::Form::free_list: return array(static_cast<const ListValue&>(message));
    }
  }

  void field(const Message& message, const FieldLayout& layout) {
    switch (layout.arrangement) {
      case Arrangement::single: return single(message, layout);
      case Arrangement::list: return list(message, layout);
      case Arrangement::map: return map(message, layout);
      case Arrangement::keyed: return keyed(message, layout);
    }
  }

 private:
  void open(char bracket) {
    out_ += bracket;
    ++level_;
    first_ = true;
  }
  void close(char bracket) {
    --level_;
    if (!first_) new_line();
    out_ += bracket;
    first_ = false;
  }
  // What goes before each member or element.
  void next() {
    if (!first_) out_ += ',';
    first_ = false;
    new_line();
  }
  void new_line() {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(level_ * 4, ' ');
  }
  void key(std::string_view name) {
    next();
    append_string(name, out_);
    out_ += ':';
    if (pretty_) out_ += ' ';
  }

  void record(const Message& message, const MessageLayout& layout) {
    open('{');
    for (const FieldLayout& member : layout.fields) {
      const bool empty = is_empty(message, member);
      if (empty && member.omit_empty) continue;
      next();
      out_ += member.key;
      if (pretty_) out_ += ' ';
      if (empty && is_null_when_empty(member)) {
        out_ += "null";
      } else {
        field(message, member);
      }
    }
    close('}');
  }

  static bool is_empty(const Message& message, const FieldLayout& layout) {
    const Reflection& reflection = *message.GetReflection();
    if (layout.arrangement == Arrangement::map) return map_is_empty(message, *layout.field);
    if (layout.arrangement != Arrangement::single) {
      return reflection.FieldSize(message, layout.field) == 0;
    }
    // Without presence this says whether the value is the type's zero.
    return !reflection.HasField(message, layout.field);
  }

  static bool is_null_when_empty(const FieldLayout& layout) {
    if (layout.arrangement != Arrangement::single) return !layout.empty_not_null;
    return layout.may_be_absent || layout.kind == Kind::bytes;
  }

  void single(const Message& message, const FieldLayout& layout) {
    const Reflection& reflection = *message.GetReflection();
    std::string scratch;
    switch (layout.kind) {
      case Kind::boolean: return boolean(reflection.GetBool(message, layout.field));
      case Kind::int32: return append_int(reflection.GetInt32(message, layout.field), out_);
      case Kind::int64:
        if (layout.duration_text) {
          return append_string(format_duration(reflection.GetInt64(message, layout.field)), out_);
        }
        return append_int(reflection.GetInt64(message, layout.field), out_);
      case Kind::uint32: return append_uint(reflection.GetUInt32(message, layout.field), out_);
      case Kind::uint64: return append_uint(reflection.GetUInt64(message, layout.field), out_);
      case Kind::real: return append_double(reflection.GetDouble(message, layout.field), out_);
      case Kind::time: return time(reflection.GetInt64(message, layout.field));
      case Kind::text:
        return append_string(reflection.GetStringReference(message, layout.field, &scratch), out_);
      case Kind::bytes:
        return bytes(reflection.GetStringReference(message, layout.field, &scratch));
      case Kind::message:
        return this->message(reflection.GetMessage(message, layout.field), *layout.nested);
    }
  }

  void list(const Message& message, const FieldLayout& layout) {
    open('[');
    const int count = message.GetReflection()->FieldSize(message, layout.field);
    for (int i = 0; i < count; ++i) {
      next();
      element(message, layout, i);
    }
    close(']');
  }

  void element(const Message& message, const FieldLayout& layout, int i) {
    const Reflection& reflection = *message.GetReflection();
    const auto* field = layout.field;
    std::string scratch;
    switch (layout.kind) {
      case Kind::boolean: return boolean(reflection.GetRepeatedBool(message, field, i));
      case Kind::int32: return append_int(reflection.GetRepeatedInt32(message, field, i), out_);
      case Kind::int64: return append_int(reflection.GetRepeatedInt64(message, field, i), out_);
      case Kind::uint32: return append_uint(reflection.GetRepeatedUInt32(message, field, i), out_);
      case Kind::uint64: return append_uint(reflection.GetRepeatedUInt64(message, field, i), out_);
      case Kind::real: return append_double(reflection.GetRepeatedDouble(message, field, i), out_);
      case Kind::time: return time(reflection.GetRepeatedInt64(message, field, i));
      case Kind::text:
        return append_string(reflection.GetRepeatedStringReference(message, field, i, &scratch),
                             out_);
      case Kind::bytes:
        return bytes(reflection.GetRepeatedStringReference(message, field, i, &scratch));
      case Kind::message:
        return this->message(reflection.GetRepeatedMessage(message, field, i), *layout.nested);
    }
  }

  void map(const Message& message, const FieldLayout& layout) {
    open('{');
    for (const MapEntry& entry : sorted_entries(message, *layout.field)) {
      key(entry.first);
      map_value(entry.second, layout);
    }
    close('}');
  }

  void map_value(const MapValueConstRef& value, const FieldLayout& layout) {
    switch (layout.kind) {
      case Kind::boolean: return boolean(value.GetBoolValue());
      case Kind::int32: return append_int(value.GetInt32Value(), out_);
      case Kind::int64: return append_int(value.GetInt64Value(), out_);
      case Kind::uint32: return append_uint(value.GetUInt32Value(), out_);
      case Kind::uint64: return append_uint(value.GetUInt64Value(), out_);
      case Kind::real: return append_double(value.GetDoubleValue(), out_);
      case Kind::time: return time(value.GetInt64Value());
      case Kind::text: return append_string(value.GetStringValue(), out_);
      case Kind::bytes: return bytes(value.GetStringValue());
      case Kind::message: return message(value.GetMessageValue(), *layout.nested);
    }
  }

  void keyed(const Message& message, const FieldLayout& layout) {
    const Reflection& reflection = *message.GetReflection();
    std::vector<std::pair<std::string, int>> order;
    for (int i = 0; i < reflection.FieldSize(message, layout.field); ++i) {
      const Message& element = reflection.GetRepeatedMessage(message, layout.field, i);
      order.emplace_back(element.GetReflection()->GetString(element, layout.label), i);
    }
    std::sort(order.begin(), order.end());
    open('{');
    for (const auto& [name, i] : order) {
      key(name);
      element(message, layout, i);
    }
    close('}');
  }

  void object(const Struct& fields) {
    std::vector<const google::protobuf::Map<std::string, Value>::value_type*> order;
    order.reserve(fields.fields().size());
    for (const auto& entry : fields.fields()) order.push_back(&entry);
    std::sort(order.begin(), order.end(),
              [](const auto* a, const auto* b) { return a->first < b->first; });
    open('{');
    for (const auto* entry : order) {
      key(entry->first);
      value(entry->second);
    }
    close('}');
  }

  void array(const ListValue& values) {
    open('[');
    for (const Value& element : values.values()) {
      next();
      value(element);
    }
    close(']');
  }

  void value(const Value& value) {
    switch (value.kind_case()) {
      case Value::kBoolValue: return boolean(value.bool_value());
      case Value::kNumberValue: return append_double(value.number_value(), out_);
      case Value::kStringValue: return append_string(value.string_value(), out_);
      case Value::kStructValue: return object(value.struct_value());
      case Value::kListValue: return array(value.list_value());
      case Value::kNullValue:
      case Value::KIND_NOT_SET: out_ += "null"; return;
    }
  }

  void boolean(bool value) { out_ += value ? "true" : "false"; }
  void time(std::int64_t unix_ns) { out_ += '"' + format_time(unix_ns) + '"'; }
  void bytes(const std::string& raw) { out_ += '"' + base64_encode(raw) + '"'; }

  std::string& out_;
  bool pretty_;
  bool first_ = true;
  std::size_t level_ = 0;
};

}  // namespace

void append(const Message& message, std::string& out, WriteStyle style) {
  Writer(out, style).message(message, layout_of(message.GetDescriptor()));
}

std::string write(const Message& message, WriteStyle style) {
  std::string out;
  append(message, out, style);
  return out;
}

std::string write_field(const Message& message, std::string_view name, WriteStyle style) {
  const FieldLayout layout = layout_of_field(*message.GetDescriptor(), name);
  if (layout.arrangement == Arrangement::single && layout.may_be_absent &&
      !message.GetReflection()->HasField(message, layout.field)) {
    return "null";
  }
  std::string out;
  Writer(out, style).field(message, layout);
  return out;
}

}  // namespace yurt::json
