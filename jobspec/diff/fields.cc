#include "jobspec/diff/fields.h"

#include <google/protobuf/reflection.h>
#include <google/protobuf/struct.pb.h>

#include <algorithm>
#include <map>
#include <set>

#include "jobspec/decode/block_layout.h"
#include "jobspec/diff/flatten.h"
#include "jobspec/json/map_entries.h"
#include "jobspec/json/write.h"
#include "proto/options.pb.h"

namespace yurt::jobspec {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() > end.size() && std::string_view(text).ends_with(end);
}

// What Nomad's plan output calls a block: "Constraint" for the JSON name "Constraints".
std::string object_name(const FieldDescriptor& field) {
  const std::string& name = field.json_name();
  if (name == "ReservedPorts") return "Static Port";
  if (name == "DynamicPorts") return "Dynamic Port";
  if (!field.is_repeated() || field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return name;
  if (ends_with(name, "ies")) return name.substr(0, name.size() - 3) + "y";
  return ends_with(name, "s") ? name.substr(0, name.size() - 1) : name;
}

// One field's text; "" for what is absent.
std::string text_of(const Message* message, const FieldDescriptor& field) {
  if (message == nullptr) return "";
  const Reflection& reflection = *message->GetReflection();
  if (field.has_presence() && !reflection.HasField(*message, &field)) return "";
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: return reflection.GetString(*message, &field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(*message, &field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(reflection.GetInt32(*message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return std::to_string(reflection.GetInt64(*message, &field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(reflection.GetUInt32(*message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return std::to_string(reflection.GetUInt64(*message, &field));
    default: return json::write_field(*message, field.name());
  }
}

// Adds the difference of two texts; true when they differ.
bool add_field(const std::string& name, const std::string& before, const std::string& after,
               bool contextual, FieldDiffs& fields) {
  const bool same = before == after;
  if (same && (!contextual || before.empty())) return false;
  model::FieldDiff& diff = *fields.Add();
  diff.set_type(same             ? diff_none
                : before.empty() ? diff_added
                : after.empty()  ? diff_deleted
                                 : diff_edited);
  diff.set_name(name);
  diff.set_old(before);
  diff.set_new_(after);
  return !same;
}

void sort_fields(FieldDiffs& fields) {
  std::stable_sort(fields.pointer_begin(), fields.pointer_end(),
                   [](const model::FieldDiff* a, const model::FieldDiff* b) {
                     return std::tie(a->name(), a->old()) < std::tie(b->name(), b->old());
                   });
}

using Texts = std::map<std::string, std::string>;

bool add_texts(const Texts& before, const Texts& after, bool contextual, FieldDiffs& fields) {
  std::set<std::string> names;
  for (const auto& [name, text] : before) names.insert(name);
  for (const auto& [name, text] : after) names.insert(name);
  const auto text_in = [](const Texts& texts, const std::string& name) {
    const auto found = texts.find(name);
    return found == texts.end() ? std::string() : found->second;
  };
  bool changed = false;
  for (const std::string& name : names) {
    changed |= add_field(name, text_in(before, name), text_in(after, name), contextual, fields);
  }
  return changed;
}

Texts map_texts(const Message* message, const FieldDescriptor& field) {
  Texts texts;
  if (message == nullptr) return texts;
  const bool lists =
      field.message_type()->map_value()->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  for (const json::MapEntry& entry : json::sorted_entries(*message, field)) {
    texts[field.json_name() + "[" + entry.first + "]"] =
        lists ? json::write(entry.second.GetMessageValue()) : entry.second.GetStringValue();
  }
  return texts;
}

std::multiset<std::string> list_texts(const Message* message, const FieldDescriptor& field) {
  std::multiset<std::string> texts;
  if (message == nullptr) return texts;
  const Reflection& reflection = *message->GetReflection();
  for (int i = 0; i < reflection.FieldSize(*message, &field); ++i) {
    texts.insert(reflection.GetRepeatedString(*message, &field, i));
  }
  return texts;
}

// Adds an object when it changed; true then.
bool add_object(const std::string& name, bool before, bool after, bool changed, FieldDiffs& fields,
                ObjectDiffs& nested, ObjectDiffs& objects) {
  const char* type = diff_type(before, after, changed);
  if (type == diff_none) return false;
  model::ObjectDiff& diff = *objects.Add();
  diff.set_type(type);
  diff.set_name(name);
  sort_fields(fields);
  diff.mutable_fields()->Swap(&fields);
  diff.mutable_objects()->Swap(&nested);
  return true;
}

bool compare_lists(const Message* before, const Message* after, const FieldDescriptor& field,
                   bool contextual, ObjectDiffs& objects) {
  const auto old_texts = list_texts(before, field), new_texts = list_texts(after, field);
  if (old_texts == new_texts) return false;
  FieldDiffs fields;
  ObjectDiffs none;
  std::set<std::string> all(old_texts.begin(), old_texts.end());
  all.insert(new_texts.begin(), new_texts.end());
  for (const std::string& text : all) {
    const bool was = old_texts.count(text) > 0, is = new_texts.count(text) > 0;
    static_cast<void>(
        add_field(field.json_name(), was ? text : "", is ? text : "", contextual, fields));
  }
  return add_object(field.json_name(), !old_texts.empty(), !new_texts.empty(), true, fields, none,
                    objects);
}

const Message* single(const Message* message, const FieldDescriptor& field) {
  if (message == nullptr) return nullptr;
  const Reflection& reflection = *message->GetReflection();
  return reflection.HasField(*message, &field) ? &reflection.GetMessage(*message, &field) : nullptr;
}

bool compare_objects(const Message* before, const Message* after, const std::string& name,
                     bool contextual, ObjectDiffs& objects) {
  if (before == nullptr && after == nullptr) return false;
  FieldDiffs fields;
  ObjectDiffs nested;
  bool changed = false;
  const Message& any = before != nullptr ? *before : *after;
  if (any.GetDescriptor()->full_name() == "google.protobuf.Struct") {
    const auto texts = [](const Message* message) {
      return message == nullptr ? Texts()
                                : flatten(static_cast<const google::protobuf::Struct&>(*message));
    };
    changed = add_texts(texts(before), texts(after), contextual, fields);
  } else {
    changed = MemberDiff(contextual, {}, fields, nested).compare(before, after);
  }
  return add_object(name, before != nullptr, after != nullptr, changed, fields, nested, objects);
}

using Keyed = std::multimap<std::string, const Message*>;

Keyed keyed(const Message* message, const FieldDescriptor& field) {
  Keyed result;
  if (message == nullptr) return result;
  const Reflection& reflection = *message->GetReflection();
  const FieldDescriptor* key = key_field(*field.message_type());
  for (int i = 0; i < reflection.FieldSize(*message, &field); ++i) {
    const Message& element = reflection.GetRepeatedMessage(*message, &field, i);
    result.emplace(
        key == nullptr ? json::write(element) : element.GetReflection()->GetString(element, key),
        &element);
  }
  return result;
}

bool compare_blocks(const Message* before, const Message* after, const FieldDescriptor& field,
                    bool contextual, ObjectDiffs& objects) {
  Keyed old_blocks = keyed(before, field), new_blocks = keyed(after, field);
  const std::string name = object_name(field);
  bool changed = false;
  for (auto it = old_blocks.begin(); it != old_blocks.end(); ++it) {
    const auto match = new_blocks.find(it->first);
    const Message* after_block = match == new_blocks.end() ? nullptr : match->second;
    changed |= compare_objects(it->second, after_block, name, contextual, objects);
    if (match != new_blocks.end()) new_blocks.erase(match);
  }
  for (const auto& [key, block] : new_blocks) {
    changed |= compare_objects(nullptr, block, name, contextual, objects);
  }
  return changed;
}

}  // namespace

const char* diff_type(bool before, bool after, bool changed) {
  if (!before && after) return diff_added;
  if (before && !after) return diff_deleted;
  return changed ? diff_edited : diff_none;
}

bool is_spec(const FieldDescriptor& field) {
  const auto& options = field.options();
  if (!field.has_json_name() || options.GetExtension(model::not_spec)) return false;
  // IDs and indexes that the server or the agent gives to parts of a job.
  if (!options.GetExtension(model::json_only) || field.containing_type()->name() == "Job") {
    return true;
  }
  return field.name() != "id" && !ends_with(field.name(), "_index");
}

const FieldDescriptor* key_field(const Descriptor& descriptor) {
  if (const FieldDescriptor* label = label_field(descriptor)) {
    return label->options().GetExtension(model::hcl_only) ? nullptr : label;
  }
  for (const char* name : {"name", "destination"}) {
    if (const FieldDescriptor* field = descriptor.FindFieldByName(name)) return field;
  }
  return nullptr;
}

bool MemberDiff::compare(const Message* before, const Message* after) {
  const Descriptor& descriptor = *(before != nullptr ? before : after)->GetDescriptor();
  bool changed = false;
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    const bool skipped =
        std::find(left_out_.begin(), left_out_.end(), field.name()) != left_out_.end();
    if (!skipped && is_spec(field)) changed |= member(before, after, field);
  }
  sort_fields(fields_);
  std::stable_sort(
      objects_.pointer_begin(), objects_.pointer_end(),
      [](const model::ObjectDiff* a, const model::ObjectDiff* b) { return a->name() < b->name(); });
  return changed;
}

bool MemberDiff::member(const Message* before, const Message* after, const FieldDescriptor& field) {
  if (field.is_map()) {
    return add_texts(map_texts(before, field), map_texts(after, field), contextual_, fields_);
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    if (field.is_repeated()) return compare_blocks(before, after, field, contextual_, objects_);
    return compare_objects(single(before, field), single(after, field), object_name(field),
                           contextual_, objects_);
  }
  if (field.is_repeated()) return compare_lists(before, after, field, contextual_, objects_);
  return add_field(field.json_name(), text_of(before, field), text_of(after, field), contextual_,
                   fields_);
}

}  // namespace yurt::jobspec
