#include "jobspec/json/read.h"

#include <google/protobuf/reflection.h>
#include <google/protobuf/struct.pb.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/base64.h"
#include "base/duration.h"
#include "jobspec/json/cursor.h"
#include "jobspec/json/layout.h"
#include "jobspec/json/map_entries.h"

namespace yurt::json {
namespace {

using google::protobuf::ListValue;
using google::protobuf::MapValueRef;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Struct;
using google::protobuf::Value;

std::optional<double> parse_double(std::string_view token) {
  double value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  // Out of range includes what is too small to tell from zero; as Go, only the large is wrong.
  if (error == std::errc::result_out_of_range) {
    return token.find("e-") != std::string_view::npos || token.find("E-") != std::string_view::npos
               ? std::optional<double>(0.0)
               : std::nullopt;
  }
  return error == std::errc() ? std::optional<double>(value) : std::nullopt;
}

template <typename Integer>
std::optional<Integer> parse_integer(std::string_view token) {
  Integer value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error == std::errc() && end == token.data() + token.size()) return value;
  const auto real = parse_double(token);
  if (!real || std::trunc(*real) != *real) return std::nullopt;
  // The bounds as doubles: the upper one is a power of two and one too large.
  constexpr double low = static_cast<double>(std::numeric_limits<Integer>::min());
  constexpr double high = static_cast<double>(std::numeric_limits<Integer>::max());
  const bool fits =
      sizeof(Integer) == 8 ? *real >= low && *real < high : *real >= low && *real <= high;
  return fits ? std::optional<Integer>(static_cast<Integer>(*real)) : std::nullopt;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : cursor_(text) {}

  Status run(Message& target) {
    message(target, layout_of(target.GetDescriptor()), max_depth);
    if (!cursor_.failed() && !cursor_.at_end()) {
      cursor_.fail(std::string("expected the end of the text, found ") + cursor_.describe_next());
    }
    if (!cursor_.failed()) return {};
    const std::string place = error_path_.empty() ? "" : error_path_ + ": ";
    return Error{ErrorCode::invalid_argument, place + cursor_.error()};
  }

 private:
  // Lengthens the path for the time of one member or element; keeps it when that failed.
  class Step {
   public:
    Step(Reader& reader, std::string_view name) : reader_(reader), length_(reader.path_.size()) {
      if (!reader.path_.empty()) reader.path_ += '.';
      reader.path_ += name;
    }
    Step(Reader& reader, int index) : reader_(reader), length_(reader.path_.size()) {
      reader.path_ += "[" + std::to_string(index) + "]";
    }
    ~Step() {
      if (reader_.cursor_.failed() && reader_.error_path_.empty()) {
        reader_.error_path_ = reader_.path_;
      }
      reader_.path_.resize(length_);
    }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    Reader& reader_;
    std::size_t length_;
  };

  // Calls member(name) before each value of an object; false once something failed.
  template <typename Member>
  bool each_member(int depth, const Member& member) {
    if (cursor_.peek() != '{') {
      return cursor_.fail(std::string("expected an object, found ") + cursor_.describe_next());
    }
    if (depth <= 0) return cursor_.fail("too deeply nested");
    static_cast<void>(cursor_.skip_if('{'));
    if (cursor_.skip_if('}')) return true;
    std::string name;
    do {
      if (!cursor_.string(name) || !cursor_.expect(':', "after a member's name")) return false;
      if (!member(name)) return false;
    } while (cursor_.skip_if(','));
    return cursor_.expect('}', "or \",\" after a member");
  }

  template <typename Element>
  bool each_element(int depth, const Element& element) {
    if (cursor_.peek() != '[') {
      return cursor_.fail(std::string("expected an array, found ") + cursor_.describe_next());
    }
    if (depth <= 0) return cursor_.fail("too deeply nested");
    static_cast<void>(cursor_.skip_if('['));
    if (cursor_.skip_if(']')) return true;
    int index = 0;
    do {
      const Step step(*this, index++);
      if (!element()) return false;
    } while (cursor_.skip_if(','));
    return cursor_.expect(']', "or \",\" after an element");
  }

  bool message(Message& target, const MessageLayout& layout, int depth) {
    target.Clear();
    const int free_depth = std::min(depth, max_free_form_depth);
    switch (layout.form) {
      case MessageLayout::Form::record: break;
      case MessageLayout::Form::list: return list(target, layout.fields[0], depth);
      case MessageLayout::Form::free_form: return object(static_cast<Struct&>(target), free_depth);
      case MessageLayout::Form::free_value: return value(static_cast<Value&>(target), free_depth);
      case MessageLayout::Form::free_list:
        return array(static_cast<ListValue&>(target), free_depth);
    }
    return each_member(depth, [&](const std::string& name) {
      const FieldLayout* member = layout.find(name);
      if (member == nullptr) return cursor_.skip_value(depth - 1);
      const Step step(*this, member->name);
      target.GetReflection()->ClearField(&target, member->field);
      return cursor_.null() || field(target, *member, depth - 1);
    });
  }

  bool field(Message& target, const FieldLayout& layout, int depth) {
    switch (layout.arrangement) {
      case Arrangement::single: return single(target, layout, depth);
      case Arrangement::list: return list(target, layout, depth);
      case Arrangement::map: return map(target, layout, depth);
      case Arrangement::keyed: return keyed(target, layout, depth);
    }
    return false;
  }

  bool single(Message& target, const FieldLayout& layout, int depth) {
    const Reflection& reflection = *target.GetReflection();
    if (layout.kind == Kind::message) {
      return message(*reflection.MutableMessage(&target, layout.field), *layout.nested, depth);
    }
    return scalar(layout, [&](auto value) { set(target, layout, std::move(value)); });
  }

  bool list(Message& target, const FieldLayout& layout, int depth) {
    const Reflection& reflection = *target.GetReflection();
    return each_element(depth, [&] {
      if (layout.kind == Kind::message) {
        if (cursor_.null()) return true;
        return message(*reflection.AddMessage(&target, layout.field), *layout.nested, depth - 1);
      }
      return scalar_or_zero(layout, [&](auto value) { add(target, layout, std::move(value)); });
    });
  }

  bool map(Message& target, const FieldLayout& layout, int depth) {
    return each_member(depth, [&](const std::string& name) {
      const Step step(*this, name);
      MapValueRef slot = map_slot(target, *layout.field, name);
      if (layout.kind == Kind::message) {
        if (cursor_.null()) return true;
        return message(*slot.MutableMessageValue(), *layout.nested, depth - 1);
      }
      return scalar_or_zero(layout, [&](auto value) { set_slot(slot, std::move(value)); });
    });
  }

  bool keyed(Message& target, const FieldLayout& layout, int depth) {
    return each_member(depth, [&](const std::string& name) {
      const Step step(*this, name);
      if (cursor_.null()) return true;
      Message& element = element_labelled(target, layout, name);
      if (!message(element, *layout.nested, depth - 1)) return false;
      element.GetReflection()->SetString(&element, layout.label, name);
      return true;
    });
  }

  static Message& element_labelled(Message& target, const FieldLayout& layout,
                                   const std::string& name) {
    const Reflection& reflection = *target.GetReflection();
    for (int i = 0; i < reflection.FieldSize(target, layout.field); ++i) {
      Message& element = *reflection.MutableRepeatedMessage(&target, layout.field, i);
      if (element.GetReflection()->GetString(element, layout.label) == name) return element;
    }
    return *reflection.AddMessage(&target, layout.field);
  }

  // A null among a list's or map's scalars is the type's zero, as in Go.
  template <typename Sink>
  bool scalar_or_zero(const FieldLayout& layout, const Sink& sink) {
    if (!cursor_.null()) return scalar(layout, sink);
    switch (layout.kind) {
      case Kind::boolean: sink(false); break;
      case Kind::int32: sink(std::int32_t{0}); break;
      case Kind::int64:
      case Kind::time: sink(std::int64_t{0}); break;
      case Kind::uint32: sink(std::uint32_t{0}); break;
      case Kind::uint64: sink(std::uint64_t{0}); break;
      case Kind::real: sink(0.0); break;
      case Kind::text:
      case Kind::bytes:
      case Kind::message: sink(std::string()); break;
    }
    return true;
  }

  // Reads a value of the layout's kind and hands it on. REQUIRES: not a message.
  template <typename Sink>
  bool scalar(const FieldLayout& layout, const Sink& sink) {
    switch (layout.kind) {
      case Kind::boolean: {
        bool value = false;
        if (!cursor_.boolean(value)) return false;
        sink(value);
        return true;
      }
      case Kind::int32: return integer<std::int32_t>(layout, sink);
      case Kind::int64: return integer<std::int64_t>(layout, sink);
      case Kind::uint32: return integer<std::uint32_t>(layout, sink);
      case Kind::uint64: return integer<std::uint64_t>(layout, sink);
      case Kind::real: {
        double value = 0;
        if (!real(value)) return false;
        sink(value);
        return true;
      }
      case Kind::time: return parsed_text(parse_time, sink);
      case Kind::bytes: return parsed_text(base64_decode, sink);
      case Kind::text:
      case Kind::message: break;
    }
    std::string text;
    if (!cursor_.string(text)) return false;
    sink(std::move(text));
    return true;
  }

  template <typename Parse, typename Sink>
  bool parsed_text(const Parse& parse, const Sink& sink) {
    Cursor start = cursor_;
    std::string text;
    if (!cursor_.string(text)) return false;
    auto parsed = parse(text);
    if (!parsed.ok()) return fail_at(start, parsed.error().message);
    sink(std::move(parsed).value());
    return true;
  }

  template <typename Integer, typename Sink>
  bool integer(const FieldLayout& layout, const Sink& sink) {
    if constexpr (sizeof(Integer) == 8 && std::numeric_limits<Integer>::is_signed) {
      if (layout.duration && cursor_.peek() == '"') return parsed_text(parse_duration, sink);
    }
    const Cursor start = cursor_;
    const char next = cursor_.peek();
    if (next != '-' && (next < '0' || next > '9')) {
      return cursor_.fail(std::string("expected an integer, found ") + cursor_.describe_next());
    }
    std::string_view token;
    if (!cursor_.number(token)) return false;
    const auto value = parse_integer<Integer>(token);
    if (!value) {
      return fail_at(start, "expected an integer from " +
                                std::to_string(std::numeric_limits<Integer>::min()) + " to " +
                                std::to_string(std::numeric_limits<Integer>::max()) + ", found " +
                                std::string(token.substr(0, 40)));
    }
    sink(*value);
    return true;
  }

  bool real(double& out) {
    const Cursor start = cursor_;
    std::string_view token;
    if (!cursor_.number(token)) return false;
    const auto value = parse_double(token);
    if (!value) return fail_at(start, "the number is too large");
    out = *value;
    return true;
  }

  // Fails at where `start` stood.
  bool fail_at(const Cursor& start, std::string message) {
    cursor_ = start;
    static_cast<void>(cursor_.peek());
    return cursor_.fail(std::move(message));
  }

  bool object(Struct& target, int depth) {
    return each_member(depth, [&](const std::string& name) {
      const Step step(*this, name);
      Value& slot = (*target.mutable_fields())[name];
      slot.Clear();
      return value(slot, depth - 1);
    });
  }

  bool array(ListValue& target, int depth) {
    return each_element(depth, [&] { return value(*target.add_values(), depth - 1); });
  }

  bool value(Value& target, int depth) {
    switch (cursor_.peek()) {
      case '{': return object(*target.mutable_struct_value(), depth);
      case '[': return array(*target.mutable_list_value(), depth);
      case '"': return cursor_.string(*target.mutable_string_value());
      case 't':
      case 'f': {
        bool flag = false;
        if (!cursor_.boolean(flag)) return false;
        target.set_bool_value(flag);
        return true;
      }
      case 'n':
        if (cursor_.null()) {
          target.set_null_value(google::protobuf::NULL_VALUE);
          return true;
        }
        break;
      default: break;
    }
    double number = 0;
    if (!real(number)) return false;
    target.set_number_value(number);
    return true;
  }

  static void set(Message& m, const FieldLayout& l, bool v) {
    m.GetReflection()->SetBool(&m, l.field, v);
  }
  static void set(Message& m, const FieldLayout& l, std::int32_t v) {
    m.GetReflection()->SetInt32(&m, l.field, v);
  }
  static void set(Message& m, const FieldLayout& l, std::int64_t v) {
    m.GetReflection()->SetInt64(&m, l.field, v);
  }
  static void set(Message& m, const FieldLayout& l, std::uint32_t v) {
    m.GetReflection()->SetUInt32(&m, l.field, v);
  }
  static void set(Message& m, const FieldLayout& l, std::uint64_t v) {
    m.GetReflection()->SetUInt64(&m, l.field, v);
  }
  static void set(Message& m, const FieldLayout& l, double v) {
    m.GetReflection()->SetDouble(&m, l.field, v);
  }
  static void set(Message& m, const FieldLayout& l, std::string v) {
    m.GetReflection()->SetString(&m, l.field, std::move(v));
  }
  static void add(Message& m, const FieldLayout& l, bool v) {
    m.GetReflection()->AddBool(&m, l.field, v);
  }
  static void add(Message& m, const FieldLayout& l, std::int32_t v) {
    m.GetReflection()->AddInt32(&m, l.field, v);
  }
  static void add(Message& m, const FieldLayout& l, std::int64_t v) {
    m.GetReflection()->AddInt64(&m, l.field, v);
  }
  static void add(Message& m, const FieldLayout& l, std::uint32_t v) {
    m.GetReflection()->AddUInt32(&m, l.field, v);
  }
  static void add(Message& m, const FieldLayout& l, std::uint64_t v) {
    m.GetReflection()->AddUInt64(&m, l.field, v);
  }
  static void add(Message& m, const FieldLayout& l, double v) {
    m.GetReflection()->AddDouble(&m, l.field, v);
  }
  static void add(Message& m, const FieldLayout& l, std::string v) {
    m.GetReflection()->AddString(&m, l.field, std::move(v));
  }
  static void set_slot(MapValueRef& slot, bool v) { slot.SetBoolValue(v); }
  static void set_slot(MapValueRef& slot, std::int32_t v) { slot.SetInt32Value(v); }
  static void set_slot(MapValueRef& slot, std::int64_t v) { slot.SetInt64Value(v); }
  static void set_slot(MapValueRef& slot, std::uint32_t v) { slot.SetUInt32Value(v); }
  static void set_slot(MapValueRef& slot, std::uint64_t v) { slot.SetUInt64Value(v); }
  static void set_slot(MapValueRef& slot, double v) { slot.SetDoubleValue(v); }
  static void set_slot(MapValueRef& slot, std::string v) { slot.SetStringValue(std::move(v)); }

  Cursor cursor_;
  std::string path_;
  std::string error_path_;
};

}  // namespace

Status read(std::string_view text, Message& message) { return Reader(text).run(message); }

}  // namespace yurt::json
