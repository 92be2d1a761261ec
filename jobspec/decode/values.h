// Evaluated HCL values into message fields.
#pragma once

#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>

#include <string>

#include "base/result.h"
#include "jobspec/hcl/type.h"
#include "jobspec/hcl/value.h"

namespace yurt::jobspec {

// What an attribute for this field is converted to before it is stored; any for durations, which
// are text or a number.
[[nodiscard]] hcl::Type attribute_type(const google::protobuf::FieldDescriptor& field);

// Stores a value converted to attribute_type. A null leaves the field alone. invalid_argument: a
// number that is no integer or does not fit, or no duration.
[[nodiscard]] Status store(const hcl::Value& value, const google::protobuf::FieldDescriptor& field,
                           google::protobuf::Message& message);

// A free-form block's content. invalid_argument when it is nested too deeply to be stored.
[[nodiscard]] Status store_free_form(const hcl::Value& value, google::protobuf::Struct& target);

}  // namespace yurt::jobspec
