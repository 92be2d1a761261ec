// The pieces of a diff that are the same for every message. Inside this folder only.
#pragma once

#include <google/protobuf/message.h>
#include <google/protobuf/repeated_ptr_field.h>

#include <string>
#include <string_view>
#include <vector>

#include "proto/api.pb.h"

namespace yurt::jobspec {

inline constexpr const char* diff_none = "None";
inline constexpr const char* diff_added = "Added";
inline constexpr const char* diff_deleted = "Deleted";
inline constexpr const char* diff_edited = "Edited";

using FieldDiffs = google::protobuf::RepeatedPtrField<model::FieldDiff>;
using ObjectDiffs = google::protobuf::RepeatedPtrField<model::ObjectDiff>;

// Compares the members of two messages of one type, of which one may be null, and adds what
// differs. `left_out` are fields (by schema name) the caller compares itself. True when something
// differs.
class MemberDiff {
 public:
  MemberDiff(bool contextual, std::vector<std::string_view> left_out, FieldDiffs& fields,
             ObjectDiffs& objects)
      : contextual_(contextual),
        left_out_(std::move(left_out)),
        fields_(fields),
        objects_(objects) {}

  bool compare(const google::protobuf::Message* before, const google::protobuf::Message* after);

 private:
  bool member(const google::protobuf::Message* before, const google::protobuf::Message* after,
              const google::protobuf::FieldDescriptor& field);

  bool contextual_;
  std::vector<std::string_view> left_out_;
  FieldDiffs& fields_;
  ObjectDiffs& objects_;
};

// What type a thing has that was there before, is there after, and changed in between.
[[nodiscard]] const char* diff_type(bool before, bool after, bool changed);

// Whether a field is part of a job's specification.
[[nodiscard]] bool is_spec(const google::protobuf::FieldDescriptor& field);

// The field of a block that tells it from its siblings, or nullptr.
[[nodiscard]] const google::protobuf::FieldDescriptor* key_field(
    const google::protobuf::Descriptor& descriptor);

}  // namespace yurt::jobspec
