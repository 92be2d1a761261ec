#include "jobspec/json/layout.h"

#include <memory>
#include <mutex>
#include <shared_mutex>

#include "base/assert.h"
#include "proto/options.pb.h"

namespace yurt::json {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

Kind kind_of(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL: return Kind::boolean;
    case FieldDescriptor::CPPTYPE_INT32: return Kind::int32;
    case FieldDescriptor::CPPTYPE_INT64:
      return field.options().GetExtension(model::rfc3339) ? Kind::time : Kind::int64;
    case FieldDescriptor::CPPTYPE_UINT32: return Kind::uint32;
    case FieldDescriptor::CPPTYPE_UINT64: return Kind::uint64;
    case FieldDescriptor::CPPTYPE_DOUBLE: return Kind::real;
    case FieldDescriptor::CPPTYPE_STRING:
      return field.type() == FieldDescriptor::TYPE_BYTES ? Kind::bytes : Kind::text;
    case FieldDescriptor::CPPTYPE_MESSAGE: return Kind::message;
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_ENUM: break;
  }
  assertion_failed("a JSON field's type is one the schema uses", __FILE__, __LINE__);
}

const FieldDescriptor* label_of(const Descriptor& element) {
  for (int i = 0; i < element.field_count(); ++i) {
    if (element.field(i)->options().GetExtension(model::block_label)) return element.field(i);
  }
  return nullptr;
}

bool is_list_wrapper(const Descriptor& descriptor) {
  return descriptor.field_count() == 1 && descriptor.field(0)->is_repeated() &&
         descriptor.field(0)->name() == "values" && !descriptor.field(0)->has_json_name();
}

MessageLayout::Form form_of(const Descriptor& descriptor) {
  if (descriptor.full_name() == "google.protobuf.Struct") return MessageLayout::Form::free_form;
  if (descriptor.full_name() == "google.protobuf.Value") return MessageLayout::Form::free_value;
  if (descriptor.full_name() == "google.protobuf.ListValue") return MessageLayout::Form::free_list;
  return is_list_wrapper(descriptor) ? MessageLayout::Form::list : MessageLayout::Form::record;
}

// `nested` is left to the caller.
FieldLayout describe(const FieldDescriptor& field, const std::string& name) {
  const auto& options = field.options();
  FieldLayout entry;
  entry.field = &field;
  entry.element = field.is_map() ? field.message_type()->map_value() : &field;
  entry.name = name;
  entry.key = "\"" + name + "\":";
  entry.kind = kind_of(*entry.element);
  if (field.is_map()) {
    entry.arrangement = Arrangement::map;
  } else if (field.is_repeated()) {
    entry.arrangement =
        options.GetExtension(model::keyed_by_label) ? Arrangement::keyed : Arrangement::list;
  }
  entry.may_be_absent = field.has_presence();
  entry.omit_empty = options.GetExtension(model::omit_empty);
  entry.empty_not_null = options.GetExtension(model::empty_not_null);
  entry.duration = options.GetExtension(model::duration);
  entry.duration_text = options.GetExtension(model::duration_text);
  if (entry.arrangement == Arrangement::keyed) {
    entry.label = label_of(*field.message_type());
    YURT_ASSERT(entry.label != nullptr);
  }
  return entry;
}

class Registry {
 public:
  const MessageLayout& get(const Descriptor* descriptor) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = layouts_.find(descriptor); found != layouts_.end()) {
        return *found->second;
      }
    }
    const std::unique_lock lock(mutex_);
    return *make(descriptor);
  }

 private:
  // Layouts may refer to themselves: one is registered before its fields are filled in, and nobody
  // sees it before the lock is released.
  const MessageLayout* make(const Descriptor* descriptor) {
    auto& slot = layouts_[descriptor];
    if (slot) return slot.get();
    slot = std::make_unique<MessageLayout>();
    MessageLayout* layout = slot.get();
    layout->descriptor = descriptor;
    layout->form = form_of(*descriptor);
    if (layout->form == MessageLayout::Form::record) {
      for (int i = 0; i < descriptor->field_count(); ++i) {
        const FieldDescriptor& field = *descriptor->field(i);
        if (field.has_json_name()) add(*layout, field, field.json_name());
      }
    } else if (layout->form == MessageLayout::Form::list) {
      add(*layout, *descriptor->field(0), descriptor->field(0)->name());
    }
    return layout;
  }

  void add(MessageLayout& layout, const FieldDescriptor& field, const std::string& name) {
    FieldLayout entry = describe(field, name);
    if (entry.kind == Kind::message) entry.nested = make(entry.element->message_type());
    layout.by_name.emplace(name, layout.fields.size());
    layout.by_folded_name.emplace(fold_case(name), layout.fields.size());
    layout.fields.push_back(std::move(entry));
  }

  std::shared_mutex mutex_;
  std::unordered_map<const Descriptor*, std::unique_ptr<MessageLayout>> layouts_;
};

}  // namespace

const FieldLayout* MessageLayout::find(std::string_view name) const {
  const std::string text(name);
  if (const auto exact = by_name.find(text); exact != by_name.end()) return &fields[exact->second];
  const auto folded = by_folded_name.find(fold_case(text));
  return folded == by_folded_name.end() ? nullptr : &fields[folded->second];
}

const MessageLayout& layout_of(const Descriptor* descriptor) {
  static Registry registry;
  return registry.get(descriptor);
}

FieldLayout layout_of_field(const Descriptor& descriptor, std::string_view name) {
  const FieldDescriptor* field = descriptor.FindFieldByName(std::string(name));
  YURT_ASSERT(field != nullptr);
  FieldLayout entry = describe(*field, field->name());
  if (entry.kind == Kind::message) entry.nested = &layout_of(entry.element->message_type());
  return entry;
}

std::string fold_case(std::string_view name) {
  std::string folded(name);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

}  // namespace yurt::json
