// Layout: how one message type looks in JSON, worked out once from its descriptor and the options
// of proto/options.proto, so that reading and writing need not ask for each field again.
//
// Layouts are made on first use and live as long as the process. Immutable; thread-safe.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace yurt::json {

struct MessageLayout;

// What an element (of a list, of a map, or a single field) is.
enum class Kind { boolean, int32, int64, uint32, uint64, real, text, bytes, time, message };

enum class Arrangement {
  single,
  list,
  map,
  keyed,  // a list in the schema, an object keyed by the elements' labels in JSON
};

struct FieldLayout {
  const google::protobuf::FieldDescriptor* field = nullptr;
  // The field itself, or a map entry's value.
  const google::protobuf::FieldDescriptor* element = nullptr;
  // keyed only: the element's field that is the key.
  const google::protobuf::FieldDescriptor* label = nullptr;
  // The element's layout when kind is message.
  const MessageLayout* nested = nullptr;
  std::string name;  // as in JSON
  std::string key;   // the name in quotes with a colon
  Kind kind = Kind::text;
  Arrangement arrangement = Arrangement::single;
  bool may_be_absent = false;
  bool omit_empty = false;
  bool empty_not_null = false;
  bool duration = false;
  bool duration_text = false;  // written as text
};

struct MessageLayout {
  enum class Form {
    record,      // an object of named fields
    list,        // a message that only wraps `repeated … values`: an array
    free_form,   // google.protobuf.Struct: any object
    free_value,  // google.protobuf.Value: any value
    free_list,   // google.protobuf.ListValue: any array
  };

  const google::protobuf::Descriptor* descriptor = nullptr;
  Form form = Form::record;
  std::vector<FieldLayout> fields;

  // The field of this JSON name in any case, an exact match first; nullptr when there is none.
  [[nodiscard]] const FieldLayout* find(std::string_view name) const;

  std::unordered_map<std::string, std::size_t> by_name;
  std::unordered_map<std::string, std::size_t> by_folded_name;
};

// REQUIRES: a message type of generated code without enums in its JSON fields.
[[nodiscard]] const MessageLayout& layout_of(const google::protobuf::Descriptor* descriptor);

// The layout of one field by its name in the schema, whether or not it has a JSON name.
// REQUIRES: as above, and that there is such a field.
[[nodiscard]] FieldLayout layout_of_field(const google::protobuf::Descriptor& descriptor,
                                          std::string_view name);

// ASCII letters in lower case.
[[nodiscard]] std::string fold_case(std::string_view name);

}  // namespace yurt::json
