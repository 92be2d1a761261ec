// The shorthands of constraint and affinity blocks: `version = ">= 2"` for `operator = "version"`
// and `value = ">= 2"`.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <span>
#include <string>
#include <string_view>

namespace yurt::jobspec {

struct Shorthand {
  enum class Sets {
    value,      // a string: the value
    attribute,  // a string: the attribute
    flag,       // a boolean: the value, or which of is_set and is_not_set
  };
  const char* name;  // which is the operator's too
  Sets sets;
};

// Those of a message type; none for most.
[[nodiscard]] std::span<const Shorthand> shorthands_of(
    const google::protobuf::Descriptor& descriptor);

[[nodiscard]] const Shorthand* find_shorthand(const google::protobuf::Descriptor& descriptor,
                                              std::string_view name);

// Sets operator and value (or attribute). REQUIRES: a message that has shorthands. For a flag
// `text` is "true" or "false".
void apply_shorthand(const Shorthand& shorthand, const std::string& text,
                     google::protobuf::Message& message);

}  // namespace yurt::jobspec
