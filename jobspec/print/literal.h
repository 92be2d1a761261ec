// Values as HCL source text. Inside this folder only.
#pragma once

#include <google/protobuf/struct.pb.h>

#include <string>
#include <string_view>

namespace yurt::jobspec {

// Whether HCL takes the name for an attribute without quotes.
[[nodiscard]] bool is_identifier(std::string_view name);

// A quoted string that evaluates to `text`. References for the runtime ("${NOMAD_ALLOC_ID}") stay
// readable; any other ${ and %{ is escaped.
[[nodiscard]] std::string string_literal(std::string_view text);

// A heredoc when the text has several lines and ends in a line end, else a quoted string.
[[nodiscard]] std::string text_literal(std::string_view text);

// Any value, on one line where it is a scalar; `indent` is that of the line it begins on.
[[nodiscard]] std::string value_literal(const google::protobuf::Value& value, int indent);

}  // namespace yurt::jobspec
