// BlockLayout: how one message type is written as a block of a job file, worked out once from its
// descriptor and the options of proto/options.proto.
//
// Layouts are made on first use and live as long as the process. Immutable; thread-safe.
#pragma once

#include <google/protobuf/descriptor.h>

#include <map>
#include <string>
#include <string_view>

#include "jobspec/hcl/body.h"

namespace yurt::jobspec {

struct BlockField {
  enum class Form {
    attribute,  // a scalar or a list of them
    map,        // string keys: `meta = {…}` or `meta {…}`
    free_form,  // a block of anything
    block,
  };

  const google::protobuf::FieldDescriptor* field = nullptr;
  Form form = Form::attribute;
  // The field of the block's message that takes the label; nullptr when it has none.
  const google::protobuf::FieldDescriptor* label = nullptr;
};

struct BlockLayout {
  hcl::BodySchema schema;
  std::map<std::string, BlockField, std::less<>> fields;

  // nullptr for a name the schema has and the message has not (a shorthand).
  [[nodiscard]] const BlockField* find(std::string_view name) const;
};

[[nodiscard]] const BlockLayout& block_layout(const google::protobuf::Descriptor* descriptor);

// The message's field that takes the block's label, or nullptr.
[[nodiscard]] const google::protobuf::FieldDescriptor* label_field(
    const google::protobuf::Descriptor& descriptor);

}  // namespace yurt::jobspec
