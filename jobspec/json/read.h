// Nomad's JSON into messages, as Go's decoder would take it: names in any case, unknown members
// ignored, null the same as absent, of duplicates the last one. Stricter is nothing; more lenient:
// integers may be written 1e3 or 5.0, durations as text ("30s").
//
// Pure functions; thread-safe.
#pragma once

#include <google/protobuf/message.h>

#include <string_view>

#include "base/result.h"

namespace yurt::json {

// Arrays and objects nested deeper than this are refused.
inline constexpr int max_depth = 100;
// The same for what is inside a free-form field (a driver's config): each level there takes three
// of the hundred levels that protobuf's own decoder allows, with the messages around it.
inline constexpr int max_free_form_depth = 24;

// Fills `message` (emptied first) from one JSON value and nothing after it. invalid_argument says
// where: "TaskGroups[0].Count: expected an integer, found a string (line 3, column 14)".
[[nodiscard]] Status read(std::string_view text, google::protobuf::Message& message);

}  // namespace yurt::json
