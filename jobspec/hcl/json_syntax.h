// JSON text with the place of every part, for HCL's JSON syntax and jsondecode(). Inside this
// folder only. Nesting is bounded by max_nesting; numbers keep their digits.
#pragma once

#include <string>
#include <vector>

#include "jobspec/hcl/diagnostic.h"
#include "jobspec/hcl/source.h"
#include "jobspec/hcl/value.h"

namespace yurt::hcl {

struct JsonMember;

struct JsonNode {
  enum class Kind { null, boolean, number, string, array, object };

  Kind kind = Kind::null;
  Range range;
  bool boolean = false;
  // A string's content, a number's digits.
  std::string text;
  // The string had no escapes: `text` is what stands between the quotes.
  bool verbatim = false;
  std::vector<JsonNode> elements;
  std::vector<JsonMember> members;  // in order, names may repeat
};

struct JsonMember {
  JsonNode name;  // a string
  JsonNode value;
};

// The whole text as one JSON value; after an error (one is reported) false.
[[nodiscard]] bool parse_json(const SourcePtr& source, JsonNode& root, Diagnostics& diagnostics);

// Arrays as tuples, objects as objects (of repeated names the last counts). False when a number is
// out of range; `problem` then says which.
[[nodiscard]] bool to_value(const JsonNode& node, Value& value, std::string& problem);

}  // namespace yurt::hcl
