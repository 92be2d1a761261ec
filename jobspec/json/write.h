// Messages as Nomad's JSON, straight into a string.
//
// Every field with a JSON name is written: absent messages and optional values, empty lists, maps
// and bytes as null, unless the field's options say otherwise (proto/options.proto). Map keys are
// sorted, so equal messages give equal text. Thread-safe for messages nobody writes to meanwhile.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

namespace yurt::json {

struct WriteStyle {
  // Four spaces a level; otherwise no white space at all.
  bool pretty = false;
};

[[nodiscard]] std::string write(const google::protobuf::Message& message, WriteStyle style = {});
void append(const google::protobuf::Message& message, std::string& out, WriteStyle style = {});

// One field's value alone, whether or not it has a JSON name: the answer of a call whose reply
// wraps it. `name` is the field's name in the schema. An empty list or map is [] or {}, an absent
// message null. REQUIRES: the message has such a field.
[[nodiscard]] std::string write_field(const google::protobuf::Message& message,
                                      std::string_view name, WriteStyle style = {});

}  // namespace yurt::json
