// What the schema itself says about a field: that a job needs it, that it is refused or ignored.
#include <google/protobuf/reflection.h>

#include "jobspec/decode/block_layout.h"
#include "jobspec/json/map_entries.h"
#include "jobspec/validate/checks.h"
#include "proto/options.pb.h"

namespace yurt::jobspec {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Set to something else than the type's zero; for lists and blocks, given at all.
bool says_something(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  if (field.is_map()) return !json::map_is_empty(message, field);
  if (field.is_repeated()) return reflection.FieldSize(message, &field) > 0;
  if (!reflection.HasField(message, &field)) return false;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: return reflection.GetInt32(message, &field) != 0;
    case FieldDescriptor::CPPTYPE_INT64: return reflection.GetInt64(message, &field) != 0;
    default: return true;
  }
}

bool is_missing(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) return reflection.FieldSize(message, &field) == 0;
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    return reflection.GetString(message, &field).empty();
  }
  return !reflection.HasField(message, &field);
}

void walk(const Message& message, const std::string& path, Issues& issues) {
  const auto& descriptor = *message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    const auto& options = field.options();
    const std::string own_path = path_of(path, field.name());
    if (options.GetExtension(model::required) && is_missing(message, field)) {
      issues.error(own_path, quoted(field.name()) + " is required");
      continue;
    }
    if (!says_something(message, field)) continue;
    if (const std::string& reason = options.GetExtension(model::refused); !reason.empty()) {
      issues.error(own_path, reason);
      continue;
    }
    if (options.GetExtension(model::ignored)) {
      issues.warning(own_path, quoted(field.name()) + " has no effect");
    }
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field.is_map()) continue;
    if (field.message_type()->full_name() == "google.protobuf.Struct") continue;
    if (!field.is_repeated()) {
      walk(reflection.GetMessage(message, &field), own_path, issues);
      continue;
    }
    for (int k = 0; k < reflection.FieldSize(message, &field); ++k) {
      walk(reflection.GetRepeatedMessage(message, &field, k), path_of(path, field.name(), k),
           issues);
    }
  }
}

}  // namespace

void check_marked_fields(const model::Job& job, Issues& issues) { walk(job, "", issues); }

}  // namespace yurt::jobspec
