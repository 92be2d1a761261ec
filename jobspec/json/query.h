// A query string's parameter into a request message's field.
#pragma once

#include <google/protobuf/message.h>

#include <string_view>

#include "base/result.h"

namespace yurt::json {

// Sets the scalar field called `name` in the schema (not its JSON name) from its text in a URL:
// integers in decimal, booleans as Go's ParseBool takes them (1, t, T, true, … False; "" is true,
// as in "?stale"), durations with a unit ("5m"). A repeated string field gets one more element.
// False when the message has no such scalar field; invalid_argument when the text does not fit.
[[nodiscard]] Result<bool> set_from_query(google::protobuf::Message& message, std::string_view name,
                                          std::string_view text);

// "true" or "false" in any of the forms of Go's ParseBool; invalid_argument for anything else.
[[nodiscard]] Result<bool> parse_bool(std::string_view text);

}  // namespace yurt::json
